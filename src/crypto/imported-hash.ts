import { AppError } from '../errors.ts';
import { equal, hmac } from './digest.ts';
import { isScheme, SCHEMES, type Costs, type Scheme, type SchemeRule } from './imported-schemes.ts';

/**
 * A password hash that another system made. It is never stored as it came: what stands in its place is an HMAC of it under a
 * key derived from GUICHET_ENCRYPTION_KEY, so that a stolen table alone cannot be attacked however fast the scheme is. It
 * lasts until the person signs in, when an argon2id hash of ours replaces it.
 *
 * Stored: `$imported-SCHEME$l=DIGEST BYTES,COSTS,keyid=KEY$SALT$MAC`, base64 without padding.
 */
export interface ImportedHash {
  readonly scheme: Scheme;
  readonly costs: Costs;
  readonly salt: Buffer;
  readonly digest: Buffer;
}

export interface ImportKey {
  readonly id: string;
  readonly secret: Buffer;
}

/** What is stored, taken apart. */
export interface StoredImport {
  readonly scheme: Scheme;
  readonly costs: Costs;
  readonly salt: Buffer;
  readonly length: number;
  readonly keyId: string;
  readonly mac: Buffer;
}

/** No system in use makes longer ones. */
const SALT_BYTES_MAX = 256;
const DIGEST_BYTES_MAX = 128;

/** Throws `unusable_hash` with what is wrong; no word of it repeats the hash. */
export function checkImported(hash: ImportedHash): ImportedHash {
  const rule: SchemeRule = SCHEMES[hash.scheme];
  for (const [name, [min, max]] of Object.entries(rule.costs)) {
    const cost = hash.costs[name] ?? Number.NaN;
    if (!Number.isInteger(cost) || cost < min || cost > max)
      throw unusable(`the cost ${name} of ${hash.scheme} must be from ${min} to ${max}`);
  }
  if (rule.isTooDear?.(hash.costs) === true)
    throw unusable(`the costs of ${hash.scheme} are too high together`);
  if (hash.salt.length < rule.saltBytesMin || hash.salt.length > SALT_BYTES_MAX)
    throw unusable(`the salt must have ${rule.saltBytesMin} to ${SALT_BYTES_MAX} bytes`);
  if (hash.digest.length < rule.digestBytesMin || hash.digest.length > DIGEST_BYTES_MAX)
    throw unusable(`the hash must have ${rule.digestBytesMin} to ${DIGEST_BYTES_MAX} bytes`);
  return hash;
}

export function unusable(what: string): AppError {
  return new AppError('unusable_hash', `The password hash cannot be used: ${what}.`, { status: 400 });
}

export function wrapImported({ scheme, costs, salt, digest }: ImportedHash, key: ImportKey): string {
  const names = Object.keys(SCHEMES[scheme].costs);
  const settings = [
    `l=${digest.length}`,
    ...names.map((name) => `${name}=${costs[name]}`),
    `keyid=${key.id}`,
  ];
  const mac = hmac(key.secret, digest);
  return `$imported-${scheme}$${settings.join(',')}$${unpadded(salt)}$${unpadded(mac)}`;
}

export function isImported(stored: string): boolean {
  return stored.startsWith('$imported-');
}

const STORED =
  /^\$imported-([a-z0-9-]+)\$l=(\d+),([^$]*)keyid=([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]*)\$([A-Za-z0-9+/]+)$/;

/** Of our own writing, so whatever is amiss is a bug or a damaged row. */
export function readImported(stored: string): StoredImport {
  const [, scheme = '', length, costs = '', keyId = '', salt = '', mac = ''] = STORED.exec(stored) ?? [];
  if (!isScheme(scheme)) throw new TypeError('a stored hash cannot be read');
  return {
    scheme,
    length: Number(length),
    costs: Object.fromEntries(
      [...costs.matchAll(/([a-z]+)=(\d+),/g)].map(([, name = '', cost]) => [name, Number(cost)]),
    ),
    keyId,
    salt: Buffer.from(salt, 'base64'),
    mac: Buffer.from(mac, 'base64'),
  };
}

/** Costs what the scheme costs. */
export async function matchesImported(
  { scheme, mac, ...derivation }: StoredImport,
  secret: Buffer,
  password: string,
): Promise<boolean> {
  const digest = await SCHEMES[scheme].derive(password, derivation);
  return digest !== undefined && equal(hmac(secret, digest), mac);
}

function unpadded(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
