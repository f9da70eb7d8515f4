import type { Context, Middleware } from 'koa';
import Provider from 'oidc-provider';

import { explain, explainWhose } from '../decisions/explain.ts';
import { AppError } from '../errors.ts';
import type { Artifact } from '../grants/artifact.ts';
import { findKey } from '../keys/store.ts';
import type { Issue, RefreshAnswerRow } from '../revocation/issue.ts';
import type { Origin } from '../revocation/origin.ts';
import type { TokenRow } from '../revocation/token.ts';
import type { Subject } from '../roles/role.ts';
import type { HallContext } from './context.ts';
import { endReused } from './end-reused.ts';
import { answerAgain, recordAnswer } from './refresh-again.ts';
import { oidcOf, requestIdOf } from './library-context.ts';
import { retryWithOtherRoles } from './roles.ts';
import { recordRefresh } from './session-use.ts';

/**
 * What a request is about to issue. The library saves each thing as it goes; here they are collected and written together
 * after it has finished, and only if it succeeded. So a code is spent in the very transaction that records its tokens, an
 * error on the way (an unknown `resource`, say) spends nothing, and a crash leaves either everything or nothing.
 */
export interface Issuance {
  spends: { digest: Buffer; value: string; model: string } | null;
  clientId: string | null;
  grantId: string | null;
  sessionUid: string | null;
  accountId: string | null;
  readonly artifacts: Artifact[];
  token: TokenRow | null;
  /** Set by token exchange before it has its token signed. */
  exchange?: Exchange;
}

/** What the new token says and hangs on because of the one it is exchanged for. */
export interface Exchange {
  readonly sub: string;
  /** Whose roles count. */
  readonly subject: Subject;
  readonly act: unknown;
  /** `auth_time`, `acr`, `amr`. */
  readonly authentication: Readonly<Record<string, unknown>>;
  /** Seconds since 1970: the end of the subject's and the actor's token. */
  readonly exp: number;
  readonly origin: Origin;
}

const issuances = new WeakMap<Context, Issuance>();

/** The collection of the request under way; undefined outside of one, where things are saved at once. */
export function currentIssuance(): Issuance | undefined {
  const ctx = Provider.ctx;
  return ctx && issuances.get(ctx);
}

/** Runs around the library: writes what it issued before the response leaves. */
export function commitIssued(hall: HallContext): Middleware {
  return async function commitIssuedTokens(ctx, next) {
    const issuance: Issuance = {
      spends: null,
      clientId: null,
      grantId: null,
      sessionUid: null,
      accountId: null,
      artifacts: [],
      token: null,
    };
    issuances.set(ctx, issuance);
    await next();

    if (await answerAgain(hall, ctx)) return;
    if (ctx.status >= 400 || isEmpty(issuance)) return;
    const issue = toIssue(issuance, recordAnswer(hall, ctx, issuance));
    const outcome = await hall.records.issue(issue);
    hall.metrics.issued.inc({ outcome });
    if (outcome === 'issued') return recordRefresh(hall, ctx, issuance.spends?.model);
    if (outcome === 'ended') {
      await retryWithAnotherKey(hall, issue);
      await retryWithOtherRoles(hall, issue);
    }
    if (outcome === 'spent' && (await answerAgain(hall, ctx, issuance))) return;
    if (outcome === 'spent' && issuance.grantId) {
      const what = issuance.spends?.model === 'RefreshToken' ? 'refresh token' : 'code';
      await endReused(hall, what, { grantId: issuance.grantId, clientId: issue.clientId });
    }
    explainEnd(ctx, issuance, outcome);
    await refuse(hall, ctx, outcome);
  };
}

function explainEnd(ctx: Context, issuance: Issuance, outcome: 'spent' | 'ended'): void {
  const { spends, clientId, accountId } = issuance;
  const words =
    outcome === 'ended'
      ? 'the grant, the session, the account or the client ended while the request was under way'
      : `the ${spends?.model ?? 'code'} was redeemed before, a moment ago; its grant was ended`;
  explain(ctx, { step: 'issuance', verdict: 'refused', words });
  explainWhose(ctx, { clientId: clientId ?? undefined, accountId: accountId ?? undefined });
}

function isEmpty(issuance: Issuance): boolean {
  return issuance.spends === null && issuance.token === null && issuance.artifacts.length === 0;
}

function toIssue(issuance: Issuance, answer: RefreshAnswerRow | null): Issue {
  if (issuance.clientId === null) throw new TypeError('something was issued to nobody');
  return {
    spends: issuance.spends?.digest ?? null,
    clientId: issuance.clientId,
    grantId: issuance.grantId,
    sessionUid: issuance.sessionUid,
    accountId: issuance.accountId,
    artifacts: issuance.artifacts,
    token: issuance.token,
    answer,
  };
}

/** A key that was revoked a moment ago ends nobody's grant: this process learns of it within a second, and then it works. */
async function retryWithAnotherKey(hall: HallContext, { token }: Issue): Promise<void> {
  const key = token && (await findKey(hall.db.knex, token.kid));
  if (key?.state === 'revoked') {
    throw new AppError('unavailable', 'The signing key was just replaced.', {
      status: 503,
      retryAfterSeconds: 1,
    });
  }
}

/** The response was ready, but what it carries was not written: nobody may see it. */
async function refuse(hall: HallContext, ctx: Context, outcome: 'spent' | 'ended'): Promise<void> {
  for (const header of Object.keys(ctx.response.headers)) {
    if (header === 'location' || header === 'content-type') ctx.remove(header);
  }
  ctx.status = 400;
  const description = outcome === 'spent' ? 'already used' : 'the grant has ended';
  if (oidcOf(ctx)?.route === 'token') {
    ctx.body = { error: 'invalid_grant', error_description: description };
    return;
  }
  await hall.pages.error(ctx, {
    status: 400,
    error: 'access_denied',
    description,
    requestId: requestIdOf(ctx),
  });
}
