import {
  interactionPolicy as library,
  type interactionPolicy as Policy,
  type KoaContextWithOIDC,
} from 'oidc-provider';

import { randomToken } from '../crypto/ids.ts';

const { base, Prompt } = library;

/** Sign in, choose an account if the client asks for it, consent: in this order. */
export function interactionPolicy(): Policy.DefaultPolicy {
  const policy = base();
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
