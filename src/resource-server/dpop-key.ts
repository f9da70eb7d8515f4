import { calculateJwkThumbprint, importJWK, type CryptoKey, type JWK, type JWTHeaderParameters } from 'jose';

/** Asymmetric, and none that a verifier could be talked into (RFC 9449 §11.6, RFC 8725 §3.1). In the order of preference. */
export const DPOP_ALGORITHMS = ['ES256', 'ES384', 'PS256', 'RS256', 'EdDSA', 'Ed25519'] as const;

/** Members by which a key would be private or symmetric (RFC 7518 §6). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

/** The members that make a public key (RFC 7638 §3.2). What else stands in the key is the client's own. */
const PUBLIC_MEMBERS: Readonly<Record<string, readonly string[]>> = {
  EC: ['crv', 'x', 'y'],
  OKP: ['crv', 'x'],
  RSA: ['n', 'e'],
};

/** 4096 bits in base64url. Larger keys cost more than they protect; jose refuses those below 2048 bits. */
const RSA_MODULUS_LENGTH_MAX = 683;

/** 32 bits in base64url, where AQAB is what everybody has. A large exponent makes verification a thousand times slower. */
const RSA_EXPONENT_LENGTH_MAX = 6;

/** The public key in the header of a proof, and its thumbprint. Throws what is no public key; jose checks that it fits `alg`. */
export async function readProofKey(header: JWTHeaderParameters): Promise<{ key: CryptoKey; jkt: string }> {
  const jwk = publicPart(header.jwk);
  const key = await importJWK(jwk, header.alg);
  if (key instanceof Uint8Array) throw new TypeError('the key is symmetric');
  return { key, jkt: await calculateJwkThumbprint(jwk) };
}

function publicPart(jwk: unknown): JWK {
  if (typeof jwk !== 'object' || jwk === null) throw new TypeError('there is no key');
  if (PRIVATE_MEMBERS.some((name) => name in jwk)) throw new TypeError('the key is not public');
  const members = new Map<string, unknown>(Object.entries(jwk));
  const kty = members.get('kty');
  if (typeof kty !== 'string' || !Object.hasOwn(PUBLIC_MEMBERS, kty)) throw new TypeError('unknown kty');
  const parts = (PUBLIC_MEMBERS[kty] ?? []).map((name): [string, string] => {
    const value = members.get(name);
    if (typeof value !== 'string') throw new TypeError(`the key has no ${name}`);
    return [name, value];
  });
  const found: JWK = { kty, ...Object.fromEntries(parts) };
  if ((found.n?.length ?? 0) > RSA_MODULUS_LENGTH_MAX) throw new TypeError('the modulus is too long');
  if ((found.e?.length ?? 0) > RSA_EXPONENT_LENGTH_MAX) throw new TypeError('the exponent is too long');
  return found;
}
