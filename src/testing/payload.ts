import { calculateJwkThumbprint, importJWK, type CryptoKey, type JWTPayload } from 'jose';

import { epochSeconds } from '../clock.ts';
import { newId, randomToken } from '../crypto/ids.ts';
import { ACCESS_TOKEN_TTL_SECONDS_MAX } from '../keys/key.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import type { Api } from '../resources/api.ts';
import type { Services } from '../services.ts';
import type { TokenWish } from './test-issuer.ts';

/** The client of tokens that name none. */
export const TEST_CLIENT = 'test-client';

/** Claims by which the ledger knows a token, and those that have a wish of their own. */
const OWN_CLAIMS = new Set(['iss', 'aud', 'jti', 'iat', 'exp', 'sub', 'client_id', 'scope', 'cnf', 'status']);

export interface AccessTokenPayload extends JWTPayload {
  readonly iss: string;
  readonly aud: string;
  readonly sub: string;
  readonly client_id: string;
  readonly jti: string;
  readonly iat: number;
  readonly exp: number;
  readonly scope?: string;
}

/** RFC 9068 §2.2, as the server itself fills it in. */
export async function toPayload(
  { config, clock }: Pick<Services, 'config' | 'clock'>,
  api: Pick<Api, 'audience' | 'tokenTtlSeconds'>,
  wish: TokenWish,
): Promise<AccessTokenPayload> {
  const { clientId = TEST_CLIENT, subject = clientId, expiresIn = api.tokenTtlSeconds, claims = {} } = wish;
  const taken = Object.keys(claims).filter((name) => OWN_CLAIMS.has(name));
  if (taken.length > 0) throw new TypeError(`not for claims to say: ${taken.join(', ')}`);
  if (!Number.isInteger(expiresIn) || expiresIn < 1 || expiresIn > ACCESS_TOKEN_TTL_SECONDS_MAX) {
    throw new RangeError(`expiresIn is a whole number of seconds from 1 to ${ACCESS_TOKEN_TTL_SECONDS_MAX}`);
  }
  const iat = epochSeconds(clock);
  const scope = scopesOf(wish).join(' ');
  const cnf = await confirmationOf(wish);
  return {
    ...claims,
    jti: randomToken(JTI_BYTES),
    sub: subject,
    iat,
    exp: iat + expiresIn,
    ...(scope === '' ? {} : { scope }),
    client_id: clientId,
    iss: config.issuer,
    aud: api.audience,
    ...(cnf === undefined ? {} : { cnf }),
  };
}

/** As long as the server's own. */
const JTI_BYTES = 32;

export function scopesOf({ scope = [] }: TokenWish): readonly string[] {
  return typeof scope === 'string' ? scope.split(' ').filter(Boolean) : scope;
}

async function confirmationOf({ dpopJwk, cnf }: TokenWish): Promise<Record<string, unknown> | undefined> {
  if (!dpopJwk) return cnf;
  return { ...cnf, jkt: await calculateJwkThumbprint(dpopJwk) };
}

export interface ActiveKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey | Uint8Array;
}

/** The key with which the server signs tokens for such an API at this moment. */
export async function activeKey(keys: KeyRing, alg: string): Promise<ActiveKey> {
  const kid = keys.activeKid(alg);
  const jwk = keys.jwks().find((jwk) => jwk.kid === kid);
  if (kid === undefined || !jwk) throw new Error(`there is no active key for ${alg}`);
  return { kid, alg, privateKey: await importJWK(jwk, alg) };
}

export function inventedKid(): string {
  return newId('key');
}
