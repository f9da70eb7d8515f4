import type { UpstreamProblemReason } from '../../views/locals/upstream.ts';
import type { AuditEvent } from '../audit/event.ts';
import { recordBounded } from '../audit/record-bounded.ts';
import { addressPrefix } from '../http/client-address.ts';
import { stateOf } from '../http/middleware.ts';
import type { IdentityProvider } from '../upstream/identity-provider.ts';
import type { UpstreamError } from '../upstream/problem.ts';
import type { InteractionsContext, Visit } from './context.ts';
import { showSignIn } from './sign-in-page.ts';

export interface Failure {
  readonly reason: UpstreamProblemReason;
  readonly provider?: IdentityProvider | undefined;
  readonly accountId?: string | undefined;
  /** What really happened, for the log. */
  readonly error?: UpstreamError | undefined;
  /** What the audit log calls it; a sign-in that failed unless said otherwise. */
  readonly event?: Pick<AuditEvent, 'type' | 'actor'>;
}

/** RFC 9110 §15: what the page is answered with. */
export const STATUSES = {
  refused: 403,
  away: 502,
  wrong: 502,
  stale: 403,
  unfinished: 403,
  used: 400,
  gone: 404,
  disabled: 403,
  taken: 409,
} as const satisfies Record<UpstreamProblemReason, number>;

/** The sign-in page again, with a sentence, from which the person may try once more or go another way. */
export async function showUpstreamProblem(
  context: InteractionsContext,
  visit: Visit,
  failure: Failure,
): Promise<void> {
  const { reason, provider } = failure;
  await reportUpstream(context, visit.ctx, { ...failure, clientId: visit.interaction.client.id });
  return showSignIn(context, visit, {
    identifier: visit.interaction.loginHint ?? '',
    remember: false,
    problems: [{ kind: 'upstream', reason, name: provider?.name ?? '' }],
    status: STATUSES[reason],
  });
}

const SIGN_IN_FAILED = { type: 'account.sign-in-failed', actor: 'anonymous' } as const;

/** For operators: a line in the log for what a provider did wrong, an event for every failure. */
export async function reportUpstream(
  context: Pick<InteractionsContext, 'db' | 'clock' | 'log' | 'auditQuota'>,
  ctx: Visit['ctx'],
  failure: Failure & { readonly clientId?: string | undefined },
): Promise<void> {
  const { reason, provider, accountId, error, clientId, event = SIGN_IN_FAILED } = failure;
  const { clock, log } = context;
  const { requestId, address } = stateOf(ctx);
  if (error && (reason === 'wrong' || reason === 'away')) {
    log.warn({ err: error, requestId, provider: provider?.slug, reason }, 'an identity provider failed');
  }
  await recordBounded(
    context,
    {
      occurredAt: clock.now(),
      ...event,
      clientId,
      accountId,
      detail: {
        reason: `upstream-${reason}`,
        ...(provider ? { provider: provider.slug } : {}),
        ...(error ? { cause: error.message } : {}),
      },
    },
    `${accountId ?? ''} ${addressPrefix(address)}`,
  );
}
