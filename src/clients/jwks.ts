import { createPublicKey, X509Certificate, type JsonWebKey, type KeyObject } from 'node:crypto';

import { invalidMetadata } from './problem.ts';

/** Rotation needs two; more is somebody else's key store. */
const KEYS_MAX = 20;

const RSA_BITS_MIN = 2048;
/** Verification time grows with the square of the size. */
const RSA_BITS_MAX = 8192;
/** base64url of 8192 bits, the longest member of a key we accept. */
const MEMBER_LENGTH_MAX = 1366;
/** A certificate of the largest key has about 4 kB. */
const CERTIFICATE_LENGTH_MAX = 8192;
/** RFC 7517 §4.7: not base64url. */
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
/** FIPS 186-5 §A.1.1; with e = 1 anybody can sign. */
const RSA_EXPONENT_MIN = 65_537n;

const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];
/** What is kept of a key. `x5u` and `jku` are left out on purpose: nothing is ever fetched because a key says so. */
const KEPT_MEMBERS = ['kty', 'crv', 'x', 'y', 'n', 'e', 'kid', 'use', 'alg'];

const MATERIAL: Readonly<Record<string, { members: readonly string[]; curves?: readonly string[] }>> = {
  RSA: { members: ['n', 'e'] },
  EC: { members: ['x', 'y'], curves: ['P-256', 'P-384', 'P-521'] },
  OKP: { members: ['x'], curves: ['Ed25519'] },
};

/** RFC 7517 key set of a client: public keys only, each able to carry a signature today (RFC 8725 §3.5). */
export function checkJwks(value: unknown): { keys: Record<string, unknown>[] } {
  const keys = isObject(value) ? value['keys'] : undefined;
  if (!Array.isArray(keys)) throw invalidMetadata('jwks', 'must be an object with an array of keys');
  if (keys.length === 0 || keys.length > KEYS_MAX) {
    throw invalidMetadata('jwks', `must have 1 to ${KEYS_MAX} keys`);
  }
  const checked = keys.map((key: unknown, index) => checkJwk(key, `jwks.keys[${index}]`));
  const kids = checked.map((key) => key['kid']).filter((kid) => kid !== undefined);
  if (new Set(kids).size < kids.length) throw invalidMetadata('jwks', 'must not use a kid twice');
  return { keys: checked };
}

function checkJwk(jwk: unknown, member: string): Record<string, unknown> {
  if (!isObject(jwk)) throw invalidMetadata(member, 'must be an object');
  const leaked = PRIVATE_MEMBERS.find((name) => jwk[name] !== undefined);
  if (leaked) throw invalidMetadata(member, `must be a public key, but has the private member ${leaked}`);
  checkUse(jwk, member);
  const key = importKey(jwk, member);
  if (key.asymmetricKeyType === 'rsa') checkRsa(key, member);
  const kept = KEPT_MEMBERS.filter((name) => jwk[name] !== undefined).map((name) => [name, jwk[name]]);
  const certificate = jwk['x5c'] === undefined ? {} : { x5c: [checkCertificate(jwk['x5c'], key, member)] };
  return { ...Object.fromEntries(kept), ...certificate };
}

/** RFC 7517 §4.7: the first holds this key. Its issuers are of no use to us, and neither are its dates (RFC 8705 §2.2). */
function checkCertificate(x5c: unknown, key: KeyObject, member: string): string {
  const [first]: unknown[] = Array.isArray(x5c) ? x5c : [];
  if (typeof first !== 'string' || first.length > CERTIFICATE_LENGTH_MAX || !BASE64.test(first)) {
    throw invalidMetadata(`${member}.x5c`, 'must be an array of certificates in base64');
  }
  if (!holdsKey(first, key)) throw invalidMetadata(`${member}.x5c`, 'must be a certificate of this key');
  return first;
}

function holdsKey(certificate: string, key: KeyObject): boolean {
  try {
    return new X509Certificate(Buffer.from(certificate, 'base64')).publicKey.equals(key);
  } catch {
    return false;
  }
}

function checkUse(jwk: Record<string, unknown>, member: string): void {
  const { kid, use, alg } = jwk;
  if (kid !== undefined && !(typeof kid === 'string' && /^[\x21-\x7e]{1,200}$/.test(kid))) {
    throw invalidMetadata(`${member}.kid`, 'must be 1 to 200 printable characters');
  }
  if (use !== undefined && use !== 'sig' && use !== 'enc') {
    throw invalidMetadata(`${member}.use`, 'must be sig or enc');
  }
  if (
    alg !== undefined &&
    !(typeof alg === 'string' && /^(?:[RPE]S(?:256|384|512)|EdDSA|Ed25519|RSA-OAEP|ECDH-ES)/.test(alg))
  ) {
    throw invalidMetadata(`${member}.alg`, 'must be an asymmetric algorithm');
  }
}

function importKey(jwk: Record<string, unknown>, member: string): KeyObject {
  const kty = jwk['kty'];
  const material = typeof kty === 'string' && Object.hasOwn(MATERIAL, kty) ? MATERIAL[kty] : undefined;
  if (!material) throw invalidMetadata(`${member}.kty`, 'must be RSA, EC or OKP');
  if (material.curves && !material.curves.some((curve) => curve === jwk['crv'])) {
    throw invalidMetadata(`${member}.crv`, `must be ${material.curves.join(' or ')}`);
  }
  const picked: JsonWebKey = { kty: String(kty) };
  if (material.curves) picked.crv = String(jwk['crv']);
  for (const name of material.members) {
    const value = jwk[name];
    if (typeof value !== 'string' || value.length > MEMBER_LENGTH_MAX || !/^[A-Za-z0-9_-]+$/.test(value)) {
      throw invalidMetadata(`${member}.${name}`, 'must be base64url of a sensible length');
    }
    picked[name] = value;
  }
  try {
    // OpenSSL refuses a point that is not on its curve (the invalid-curve attack of RFC 8725 §3.4).
    return createPublicKey({ key: picked, format: 'jwk' });
  } catch {
    throw invalidMetadata(member, 'is not a valid public key');
  }
}

function checkRsa(key: KeyObject, member: string): void {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  if (modulusLength < RSA_BITS_MIN || modulusLength > RSA_BITS_MAX) {
    throw invalidMetadata(member, `must have ${RSA_BITS_MIN} to ${RSA_BITS_MAX} bits`);
  }
  if (publicExponent < RSA_EXPONENT_MIN || publicExponent % 2n === 0n) {
    throw invalidMetadata(member, 'must have the public exponent 65537 or a larger odd one');
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
