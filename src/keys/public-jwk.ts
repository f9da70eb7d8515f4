import type { JWK } from 'jose';

/** What may be shown of a key. */
export function publicJwk(jwk: JWK): JWK {
  const { d, p, q, dp, dq, qi, ...shown } = jwk;
  return shown;
}
