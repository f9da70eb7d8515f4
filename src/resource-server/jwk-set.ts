import { importJWK, type CryptoKey, type JWK } from 'jose';

import { isObject } from './jwt-parts.ts';

/** A rotation needs three keys per algorithm. What comes after the hundredth is not looked at. */
const KEYS_MAX = 100;

/** Public members alone (RFC 7518 §6, RFC 8037 §2): nothing else in a key changes what it is. */
const MEMBERS = ['kty', 'crv', 'x', 'y', 'n', 'e'] as const;

/** Which key can make which signature (RFC 7518 §3.1, RFC 8037 §3.1): the algorithm is bound to the key, not to the token. */
const KEY_OF_ALGORITHM: Readonly<Record<string, { kty: string; crv?: string }>> = {
  ES256: { kty: 'EC', crv: 'P-256' },
  ES384: { kty: 'EC', crv: 'P-384' },
  ES512: { kty: 'EC', crv: 'P-521' },
  RS256: { kty: 'RSA' },
  RS384: { kty: 'RSA' },
  RS512: { kty: 'RSA' },
  PS256: { kty: 'RSA' },
  PS384: { kty: 'RSA' },
  PS512: { kty: 'RSA' },
  EdDSA: { kty: 'OKP', crv: 'Ed25519' },
  Ed25519: { kty: 'OKP', crv: 'Ed25519' },
};

export interface SetKey {
  readonly kid: string | undefined;
  readonly jwk: JWK;
  readonly alg: string | undefined;
  /** What the key is, as text: the same key is recognised in the next set. */
  readonly identity: string;
  /** By algorithm, once imported. */
  readonly imported: Map<string, CryptoKey | Promise<CryptoKey>>;
}

export interface JwkSet {
  readonly keys: readonly SetKey[];
  find(header: { kid?: string | undefined; alg: string }): SetKey | undefined;
}

/**
 * A set of public signature keys (RFC 7517 §5). Keys that were in the set before stay the same objects, so that what was verified with
 * them stays verified. Keys that we cannot use are skipped, as §5 asks.
 */
export function readJwkSet(document: Record<string, unknown>, before: JwkSet | undefined): JwkSet {
  const listed = document['keys'];
  if (!Array.isArray(listed)) throw new Error('the key set of the issuer has no array of keys');
  const keys = listed.slice(0, KEYS_MAX).flatMap((entry: unknown) => {
    const key = readKey(entry);
    if (!key) return [];
    return [before?.keys.find(({ identity }) => identity === key.identity) ?? key];
  });
  return { keys, find: (header) => findKey(keys, header) };
}

function readKey(entry: unknown): SetKey | undefined {
  if (!isObject(entry)) return undefined;
  const { kid, alg, use, kty } = entry;
  const isSignatureKey = use === undefined || use === 'sig';
  const isNamed =
    (kid === undefined || typeof kid === 'string') && (alg === undefined || typeof alg === 'string');
  if (!isSignatureKey || !isNamed || typeof kty !== 'string') return undefined;
  const jwk: Record<string, string> & { kty: string } = { kty };
  for (const name of MEMBERS) {
    const value = entry[name];
    if (typeof value === 'string') jwk[name] = value;
  }
  return { kid, alg, jwk, identity: JSON.stringify([kid, alg, jwk]), imported: new Map() };
}

/** Without `kid` a token is verified only where there is no choice. */
function findKey(
  keys: readonly SetKey[],
  { kid, alg }: { kid?: string | undefined; alg: string },
): SetKey | undefined {
  const fitting = keys.filter((key) => (kid === undefined || key.kid === kid) && fits(key, alg));
  return kid === undefined && fitting.length > 1 ? undefined : fitting[0];
}

/** The key, ready to verify with one algorithm. */
export function importedKey(key: SetKey, alg: string): CryptoKey | Promise<CryptoKey> {
  return key.imported.get(alg) ?? importInto(key, alg);
}

function fits({ jwk, alg: bound }: SetKey, alg: string): boolean {
  const needed = Object.hasOwn(KEY_OF_ALGORITHM, alg) ? KEY_OF_ALGORITHM[alg] : undefined;
  if (!needed || jwk.kty !== needed.kty || (needed.crv !== undefined && jwk.crv !== needed.crv)) return false;
  return bound === undefined || sameAlgorithm(bound) === sameAlgorithm(alg);
}

/** RFC 9864 §2.2: `EdDSA` with a key on Ed25519 is what is now called `Ed25519`. */
function sameAlgorithm(alg: string): string {
  return alg === 'EdDSA' ? 'Ed25519' : alg;
}

async function importInto(key: SetKey, alg: string): Promise<CryptoKey> {
  const importing = importPublic(key.jwk, alg);
  key.imported.set(alg, importing);
  try {
    const imported = await importing;
    key.imported.set(alg, imported);
    return imported;
  } catch (cause) {
    key.imported.delete(alg);
    throw cause;
  }
}

async function importPublic(jwk: JWK, alg: string): Promise<CryptoKey> {
  const imported = await importJWK(jwk, alg);
  if (imported instanceof Uint8Array) throw new Error('a symmetric key');
  return imported;
}
