import type { Context } from 'koa';

import { showPage } from '../http/show-page.ts';
import type { IdentityProvider } from '../upstream/identity-provider.ts';
import { saveAnswer } from '../upstream/request-store.ts';
import { sealStrings, stateDigest, type RequestOrigin } from '../upstream/request.ts';
import type { InteractionsContext } from './context.ts';

/** As `upstream/ask.ts` makes them. */
export const STATE = /^[A-Za-z0-9_-]{43}$/;

/**
 * Keeps the answer of a provider, the first one to its request, and leads the browser on to where that shows that it is the one
 * which left, and the answer is read. By a page and not by a redirect: Chromium holds every hop after a form of the provider's to
 * that form's `form-action`, on to our client. False: nobody waits for it.
 */
export async function keepAnswer(
  { db, clock, seal, views }: Pick<InteractionsContext, 'db' | 'clock' | 'seal' | 'views'>,
  ctx: Context,
  { provider, state, answer }: { provider: IdentityProvider; state: string; answer: Record<string, string> },
): Promise<boolean> {
  const digest = stateDigest(state);
  const sealed = sealStrings(seal, 'answer', digest, answer);
  const kept = { digest, providerId: provider.id, answer: sealed, now: clock.now() };
  const origin = await saveAnswer(db.knex, kept);
  if (!origin) return false;
  showPage(views, ctx, 'upstream-passing', { provider: undefined, url: placeOfArrival(origin, state) });
  return true;
}

function placeOfArrival(origin: RequestOrigin, state: string): string {
  return origin.purpose === 'sign-in'
    ? `/interaction/${origin.interactionUid}/arrive/${state}`
    : `/account/identities/arrive/${state}`;
}
