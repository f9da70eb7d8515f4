import { createLocalJWKSet, jwtVerify, type JWTPayload } from 'jose';

import type { Clock } from '../clock.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import { publicJwk } from '../keys/public-jwk.ts';
import type { LedgerEntry } from './token.ts';

export interface TokenFinder {
  findToken(key: { jti: string; expiresAt: Date }): Promise<LedgerEntry | undefined>;
}

/**
 * The ledger row of a token of ours whose signature is good; undefined when nobody recorded it, and then it does not exist,
 * whoever signed it. `exp` is part of the key, because it names the partition.
 */
export async function findOwnToken(
  records: TokenFinder,
  claims: { readonly jti?: string | undefined; readonly exp?: number | undefined },
): Promise<LedgerEntry | undefined> {
  const { jti, exp } = claims;
  if (typeof jti !== 'string' || typeof exp !== 'number') return undefined;
  return records.findToken({ jti, expiresAt: new Date(exp * 1000) });
}

export type OwnKeys = ReturnType<typeof createLocalJWKSet>;

/** The keys of the JWKS as it is now: a revoked one is not in it. */
export function ownKeysOf(keys: KeyRing): OwnKeys {
  return createLocalJWKSet({ keys: keys.jwks().map(publicJwk) });
}

/** The claims of an access token that one of the keys has signed and that has not expired; whether it lives the ledger says. */
export async function verifyOwnToken(
  token: string,
  { ownKeys, issuer, clock }: { ownKeys: OwnKeys; issuer: string; clock: Clock },
): Promise<JWTPayload | undefined> {
  try {
    const { payload } = await jwtVerify(token, ownKeys, { issuer, typ: 'at+jwt', currentDate: clock.now() });
    return payload;
  } catch {
    return undefined;
  }
}
