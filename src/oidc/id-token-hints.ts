import { decodeProtectedHeader } from 'jose';
import type Provider from 'oidc-provider';

/**
 * RFC 8725 §3.11, §3.12: a token is what its type says and nothing else. The library asks an `id_token_hint` for issuer and
 * audience only, and a logout token has the same ones. ID tokens are the only JWTs of ours without a type of their own.
 */
export function refuseOtherHints({ IdToken }: Provider): void {
  const validate = IdToken.validate.bind(IdToken);
  IdToken.validate = async function validateIdToken(jwt, client) {
    const { typ = 'JWT' } = decodeProtectedHeader(jwt);
    if (typ.toUpperCase() !== 'JWT') throw new TypeError(`${typ} is no ID token`);
    return validate(jwt, client);
  };
}
