import { createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';

import { ExternalSigningKey } from 'oidc-provider';

import type { PrivateJwk } from '../keys/key.ts';

/**
 * ES256 keys sign here and now. By itself the library hands every signature to a thread, and what that costs is more than the
 * signature: without it a core issues a fifth more tokens. Other algorithms stay with the library: an RSA signature takes
 * 250 µs, for which nobody else should have to wait.
 */
export function signingKey(jwk: PrivateJwk): PrivateJwk | ExternalSigningKey {
  return jwk.alg === 'ES256' ? new Es256Key(jwk) : jwk;
}

/** The library's seam for keys that it does not hold itself. */
class Es256Key extends ExternalSigningKey {
  readonly #private: KeyObject;
  readonly #public: KeyObject;

  constructor(jwk: PrivateJwk) {
    super();
    const { x = '', y = '', d = '' } = jwk;
    this.#private = createPrivateKey({ key: { kty: 'EC', crv: 'P-256', x, y, d }, format: 'jwk' });
    this.#public = createPublicKey(this.#private);
    Object.assign(this, { kid: jwk.kid, alg: jwk.alg });
  }

  override keyObject(): KeyObject {
    return this.#public;
  }

  override sign(data: Uint8Array): Uint8Array {
    // A bare key and DER: asking Node for the other form takes an options object, and 10 µs (see crypto/digest.ts).
    return joinHalves(sign('sha256', data, this.#private));
  }
}

const HALF_BYTES = 32;

/** RFC 7518 §3.4: r and s, 32 bytes each. DER has them as integers: without leading zeros, but for one that keeps them positive. */
function joinHalves(der: Buffer): Buffer {
  const joined = Buffer.alloc(2 * HALF_BYTES);
  const rEnd = 4 + (der[3] ?? 0);
  putRight(joined, HALF_BYTES, der.subarray(4, rEnd));
  putRight(joined, 2 * HALF_BYTES, der.subarray(rEnd + 2));
  return joined;
}

function putRight(target: Buffer, end: number, integer: Buffer): void {
  const digits = integer.subarray(-HALF_BYTES);
  digits.copy(target, end - digits.length);
}
