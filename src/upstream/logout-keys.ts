import { createRemoteJWKSet, customFetch, type JWTVerifyGetKey } from 'jose';

import { guardedFetch } from './guarded-fetch.ts';
import type { ProtocolContext } from './protocol.ts';

/**
 * Keys for logout tokens, which anybody may post: unlike at a sign-in they are kept for a while, and an unknown key id makes us
 * look again twice a minute at most, however many are posted.
 */
const KEYS_FRESH_MS = 300_000;
const COOLDOWN_MS = 30_000;

export interface LogoutKeys {
  of(ctx: Pick<ProtocolContext, 'egress' | 'config'>, jwksUri: string): JWTVerifyGetKey;
}

/** More than any house has providers. */
const KEY_SETS_MAX = 1000;

export function createLogoutKeys(): LogoutKeys {
  const sets = new Map<string, JWTVerifyGetKey>();
  return {
    of(ctx, jwksUri) {
      const known = sets.get(jwksUri);
      if (known) return known;
      const fetch = guardedFetch(ctx);
      const set = createRemoteJWKSet(new URL(jwksUri), {
        cacheMaxAge: KEYS_FRESH_MS,
        cooldownDuration: COOLDOWN_MS,
        [customFetch]: (url, { headers, method, signal }) =>
          fetch(url, {
            headers: Object.fromEntries(headers),
            method,
            signal,
            body: undefined,
            redirect: 'manual',
          }),
      });
      if (sets.size >= KEY_SETS_MAX) sets.clear();
      sets.set(jwksUri, set);
      return set;
    },
  };
}
