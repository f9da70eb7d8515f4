import {
  errors,
  interactionPolicy as library,
  type interactionPolicy as Policy,
  type KoaContextWithOIDC,
} from 'oidc-provider';

import { randomToken } from '../crypto/ids.ts';
import type { HallContext } from './context.ts';
import { wantsMore } from './demand.ts';
import { isEmptied, NO_ROLE } from './roles.ts';

const { base, Check, Prompt } = library;

/** Why a person who is signed in is asked for more. Alone, it means that what they proved still counts. */
export const STEP_UP = 'step_up';

/** Sign in, choose an account if the client asks for it, consent: in this order. */
export function interactionPolicy(hall: HallContext): Policy.DefaultPolicy {
  const policy = base();
  const login = policy.get('login');
  if (!login) throw new TypeError('the library has a prompt for signing in');
  // These compare names; the check below knows that more is as good (OIDC Core §5.5.1.1).
  login.checks.remove('essential_acrs');
  login.checks.remove('essential_acr');
  login.checks.add(
    new Check(STEP_UP, 'a stronger authentication is required', 'login_required', async ({ oidc }) => {
      const { session, params } = oidc;
      if (session?.accountId === undefined || !params) return false;
      const justSignedIn = oidc.result?.login !== undefined;
      return wantsMore(hall, { params, accountId: session.accountId, acr: session.acr, justSignedIn });
    }),
  );
  const consent = policy.get('consent');
  if (!consent) throw new TypeError('the library has a prompt for consent');
  // Throws instead of asking: there is nothing that the person could allow. Whoever wants another account was asked before.
  consent.checks.add(
    new Check('no_role', NO_ROLE, 'access_denied', async (ctx) => {
      if (await isEmptied(hall, ctx)) throw new errors.AccessDenied(NO_ROLE);
      return false;
    }),
  );
  policy.add(new Prompt({ name: 'select_account', requestable: true }), 1);
  return policy;
}

/**
 * Where a person answers. A browser that is not signed in gets a session for it, so that tabs which sign in at the same time
 * find one to share: each would begin its own otherwise, and a sign-out would reach the clients of the last one only.
 */
export function interactionUrl({ oidc: { session } }: KoaContextWithOIDC, { uid }: { uid: string }): string {
  if (session && session.accountId === undefined) session.state ??= { secret: randomToken(STATE_BYTES) };
  return `/interaction/${uid}`;
}

/** The library compares what a form brings with `state.secret`, so there must be one that nobody guesses. */
const STATE_BYTES = 24;
