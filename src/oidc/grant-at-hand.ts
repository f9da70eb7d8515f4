import Provider from 'oidc-provider';

import type { Grant } from '../grants/grant.ts';

/**
 * The grant of the code or token that the request under way has presented, read in one statement with it. It counts once, for the
 * look-up that the library goes on to make; later ones read anew. That it still stands when tokens are issued on it is decided
 * with them (revocation/issue.ts).
 */
const atHand = new WeakMap<object, Grant>();

export function keepAtHand(grant: Grant): void {
  if (Provider.ctx) atHand.set(Provider.ctx, grant);
}

export function takeFromHand(id: string): Grant | undefined {
  const ctx = Provider.ctx;
  const grant = ctx && atHand.get(ctx);
  if (!ctx || grant?.id !== id) return undefined;
  atHand.delete(ctx);
  return grant;
}
