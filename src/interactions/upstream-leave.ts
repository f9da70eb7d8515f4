import type { IdentityProvider } from '../upstream/identity-provider.ts';
import { beginRequest, isRedirected } from '../upstream/ask.ts';
import { UpstreamError } from '../upstream/problem.ts';
import { findWaiting } from '../upstream/request-store.ts';
import { domainOf } from '../upstream/rules.ts';
import { showPage } from '../http/show-page.ts';
import type { InteractionsContext, Visit } from './context.ts';
import { isOurForm } from './fields.ts';
import { showSignIn } from './sign-in-page.ts';
import { showUpstreamProblem } from './upstream-problem.ts';

/** A provider's button. */
export async function leaveByButton(context: InteractionsContext, visit: Visit): Promise<void> {
  const { interaction, item = '' } = visit;
  const identifier = interaction.loginHint ?? '';
  if (!isOurForm(context, visit)) {
    const stale = { identifier, remember: false, problems: [{ kind: 'stale' }], status: 403 } as const;
    return showSignIn(context, visit, stale);
  }
  const provider = await context.identityProviders.findBySlug(item);
  if (!provider || !isRedirected(provider)) return showUpstreamProblem(context, visit, { reason: 'gone' });
  return leave(context, visit, provider, interaction.loginHint);
}

/**
 * Home realm discovery: an address of a provider's domain leads to that provider, with a password or without, and whether
 * there is an account or not. Not while an identity waits to be connected: then the account here is what must be proved.
 */
export async function leaveForDomain(
  context: InteractionsContext,
  visit: Visit,
  identifier: string,
): Promise<boolean> {
  const domain = domainOf(identifier);
  const provider = domain === undefined ? undefined : await context.identityProviders.findByDomain(domain);
  if (!provider || !isRedirected(provider)) return false;
  const origin = { purpose: 'sign-in', interactionUid: visit.interaction.uid } as const;
  if (await findWaiting(context.db.knex, origin, context.clock.now())) return false;
  await leave(context, visit, provider, identifier);
  return true;
}

async function leave(
  context: InteractionsContext,
  { ctx, interaction, ...visit }: Visit,
  provider: IdentityProvider,
  loginHint: string | undefined,
): Promise<void> {
  const { uid, uiLocales, maxAgeSeconds } = interaction;
  try {
    const url = await beginRequest(context, provider, {
      origin: { purpose: 'sign-in', interactionUid: uid },
      wishes: {
        loginHint,
        uiLocales,
        maxAgeSeconds,
        selectAccount: interaction.prompt === 'select_account' || ctx.query['account'] === 'other',
      },
    });
    // Not a redirect: Chromium holds every hop after a form to the form's `form-action`, and a provider's hops are its own.
    showPage(context.views, ctx, 'upstream-passing', { provider: provider.name, url }, { uiLocales });
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    return showUpstreamProblem(
      context,
      { ctx, interaction, ...visit },
      { reason: error.reason, provider, error },
    );
  }
}
