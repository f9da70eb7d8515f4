import { importJWK, type CryptoKey } from 'jose';

import { sha256 } from '../crypto/digest.ts';
import { isUnavailable } from '../db/database.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import { publicJwk } from '../keys/public-jwk.ts';
import { findOwnToken, type TokenFinder } from '../revocation/own-token.ts';
import { TokenError } from '../resource-server/token-error.ts';
import type { KeySource, ReplayStore, StatusSource } from '../resource-server/verifier.ts';

/** What the check of a token asks, answered from the house itself: its key ring, its ledger, its table of proofs. */

/** Keys are imported once for each state of the ring. The check remembers signatures for as long as a key stays the same. */
export function ringKeys(ring: KeyRing): KeySource {
  let keys = importKeys(ring);
  ring.onChange(() => (keys = importKeys(ring)));
  return async ({ kid }) => {
    const key = kid === undefined ? undefined : keys.get(kid);
    if (key === undefined) {
      throw new TokenError('invalid_token', 'The token is signed with a key that is not in use.', {
        status: 401,
        reason: 'unknown_key',
      });
    }
    return key;
  };
}

function importKeys(ring: KeyRing): ReadonlyMap<string, Promise<CryptoKey>> {
  return new Map(ring.jwks().map((jwk) => [jwk.kid, importKey(publicJwk(jwk))]));
}

async function importKey(jwk: Parameters<typeof importJWK>[0]): Promise<CryptoKey> {
  const key = await importJWK(jwk);
  if (key instanceof Uint8Array) throw new TypeError('a signing key is symmetric');
  return key;
}

/** The ledger, asked for every request: a revocation counts from the moment it is committed. */
export function ledgerStatus(records: TokenFinder): StatusSource {
  return {
    async statusOf(claims) {
      try {
        const entry = await findOwnToken(records, claims);
        return entry && !entry.revokedAt ? 'valid' : 'revoked';
      } catch (error) {
        if (isUnavailable(error)) return 'unavailable';
        throw error;
      }
    },
  };
}

export interface ReplayRecorder {
  recordReplay(value: { digest: Buffer; expiresAt: Date }): Promise<boolean>;
}

/** One table for all processes; its other entries are made from arrays of two. */
export function sharedReplays(records: ReplayRecorder): ReplayStore {
  return {
    claim: (key, expiresAt) =>
      records.recordReplay({
        digest: sha256(JSON.stringify(['gateway', 'dpop', key])),
        expiresAt: new Date(expiresAt),
      }),
  };
}
