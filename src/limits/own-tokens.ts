import { compactVerify, createLocalJWKSet } from 'jose';

import type { Database } from '../db/database.ts';
import { artifactDigest } from '../grants/artifact.ts';
import { findPresentedArtifact } from '../grants/presented-store.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import { publicJwk } from '../keys/public-jwk.ts';

/** Kinds of values that clients present as tokens. */
const MODELS = [
  'AccessToken',
  'RefreshToken',
  'ClientCredentials',
  'RegistrationAccessToken',
  'InitialAccessToken',
];

/** Headers of 16 kB are the most that come here. */
const TOKEN_LENGTH_MAX = 16_384;

/**
 * Tells tokens that this house has issued, dead or alive, from invented ones: a JWT by its signature, with keys that were revoked as
 * well; an opaque one by its row. An opaque token whose row is gone cannot be told from an invented one: its client revoked it
 * (RFC 7009), or it expired long ago.
 */
export function createOwnTokens({ db, keys }: { readonly db: Database; readonly keys: KeyRing }): {
  isOurs(token: string): Promise<boolean>;
} {
  let known = keysOf(keys);
  keys.onChange(() => (known = keysOf(keys)));

  async function isSigned(jwt: string): Promise<boolean> {
    try {
      await compactVerify(jwt, known);
      return true;
    } catch {
      return false;
    }
  }

  return {
    async isOurs(token) {
      if (token === '' || token.length > TOKEN_LENGTH_MAX) return false;
      if (token.includes('.')) return isSigned(token);
      const digests = MODELS.map((model) => artifactDigest(model, token));
      return (await findPresentedArtifact(db.pool, digests)) !== undefined;
    },
  };
}

function keysOf(keys: KeyRing): ReturnType<typeof createLocalJWKSet> {
  return createLocalJWKSet({ keys: [...keys.jwks().map(publicJwk), ...keys.revokedJwks()] });
}
