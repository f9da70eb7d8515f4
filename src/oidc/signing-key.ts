import { createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';

import { ExternalSigningKey } from 'oidc-provider';

import { signEs256 } from '../crypto/es256.ts';
import type { PrivateJwk } from '../keys/key.ts';

/**
 * By itself the library hands every signature to WebCrypto, and what that costs is more than an ES256 signature: without it a
 * core issues a fifth more tokens. An RSA signature takes 250 µs, for which nobody else should have to wait; another thread
 * makes it, at Node's own hand (60 µs less than at WebCrypto's). Other algorithms stay with the library.
 */
export function signingKey(jwk: PrivateJwk): PrivateJwk | ExternalSigningKey {
  if (jwk.alg === 'ES256') return new Es256Key(jwk);
  return jwk.alg === 'RS256' ? new Rs256Key(jwk) : jwk;
}

/** The library's seam for keys that it does not hold itself. */
abstract class OwnKey extends ExternalSigningKey {
  protected readonly privateKey: KeyObject;
  readonly #public: KeyObject;

  constructor({ kty, crv, x, y, n, e, d, p, q, dp, dq, qi, kid, alg }: PrivateJwk) {
    super();
    const parts = Object.entries({ kty, crv, x, y, n, e, d, p, q, dp, dq, qi });
    const key = Object.fromEntries(parts.filter(([, value]) => value !== undefined));
    this.privateKey = createPrivateKey({ key, format: 'jwk' });
    this.#public = createPublicKey(this.privateKey);
    Object.assign(this, { kid, alg });
  }

  override keyObject(): KeyObject {
    return this.#public;
  }
}

class Es256Key extends OwnKey {
  override sign(data: Uint8Array): Uint8Array {
    return signEs256(data, this.privateKey);
  }
}

const signElsewhere = promisify(sign);

class Rs256Key extends OwnKey {
  override sign(data: Uint8Array): Promise<Uint8Array> {
    return signElsewhere('sha256', data, this.privateKey);
  }
}
