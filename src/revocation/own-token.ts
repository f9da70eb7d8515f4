import { createPublicKey, type KeyObject } from 'node:crypto';

import { compactVerify, createLocalJWKSet, decodeProtectedHeader, type JWTPayload } from 'jose';

import { epochSeconds, type Clock } from '../clock.ts';
import { sha256 } from '../crypto/digest.ts';
import { verifyEs256 } from '../crypto/es256.ts';
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

/** What the keys of one moment have signed. Whoever holds it makes another when the keys change. */
export interface OwnKeys {
  /** The claims of an access token with a good signature; nobody may change them. Rejects for anything else. */
  read(token: string): Promise<Readonly<JWTPayload>>;
}

/** An API asks about a token with every request that brings it. About 2 kB each. */
const READ_MAX = 2000;

/**
 * The keys of the JWKS as it is now: a revoked one is not in it. A signature that was good stays good, so it is not verified again:
 * that costs 100 µs and more. Whether a token lives is never remembered.
 */
export function ownKeysOf(keys: KeyRing): OwnKeys {
  const jwks = keys.jwks().map(publicJwk);
  const set = createLocalJWKSet({ keys: jwks });
  const es256 = new Map<string, KeyObject>();
  for (const { kid, alg, kty, crv = '', x = '', y = '' } of jwks) {
    if (kid === undefined || alg !== 'ES256' || kty !== 'EC') continue;
    es256.set(kid, createPublicKey({ key: { kty, crv, x, y }, format: 'jwk' }));
  }
  const known = new Map<string, Readonly<JWTPayload>>();

  return {
    async read(token) {
      const name = sha256(token).toString('base64');
      const before = known.get(name);
      if (before) return before;
      const { header, payload } = readHere(token, es256) ?? (await readElsewhere(token, set));
      if (header.typ !== 'at+jwt') throw new TypeError('not an access token');
      const claims = toClaims(payload);
      known.set(name, claims);
      if (known.size > READ_MAX) known.delete(known.keys().next().value ?? name);
      return claims;
    },
  };
}

interface Verified {
  readonly header: { readonly typ?: unknown };
  readonly payload: Uint8Array;
}

/** RFC 7515 §7.1, with a signature of the 64 bytes that ES256 has. */
const COMPACT = /^([\w-]+)\.([\w-]+)\.([\w-]{86})$/;

/** ES256, which is nearly every token. Throws for a bad signature; undefined: it is another algorithm's, or of nobody we know. */
function readHere(token: string, keys: ReadonlyMap<string, KeyObject>): Verified | undefined {
  const [, head = '', body = '', signature = ''] = COMPACT.exec(token) ?? [];
  if (head === '') return undefined;
  const header = decodeProtectedHeader(token);
  const key = keys.get(header.kid ?? '');
  // What is critical to understand (RFC 7515 §4.1.11) nobody of ours has ever written.
  if (!key || header.alg !== 'ES256' || header.crit !== undefined) return undefined;
  const signed = Buffer.from(`${head}.${body}`);
  if (!verifyEs256(signed, Buffer.from(signature, 'base64url'), key))
    throw new TypeError('not our signature');
  return { header, payload: Buffer.from(body, 'base64url') };
}

async function readElsewhere(token: string, set: ReturnType<typeof createLocalJWKSet>): Promise<Verified> {
  const { protectedHeader, payload } = await compactVerify(token, set);
  return { header: protectedHeader, payload };
}

function toClaims(payload: Uint8Array): Readonly<JWTPayload> {
  const claims: JWTPayload = JSON.parse(Buffer.from(payload).toString());
  return Object.freeze(claims);
}

/** The claims of an access token that one of the keys has signed and that has not expired; whether it lives the ledger says. */
export async function verifyOwnToken(
  token: string,
  { ownKeys, issuer, clock }: { ownKeys: OwnKeys; issuer: string; clock: Clock },
): Promise<Readonly<JWTPayload> | undefined> {
  try {
    const claims = await ownKeys.read(token);
    const now = epochSeconds(clock);
    const isCurrent = typeof claims.exp === 'number' && claims.exp > now && (claims.nbf ?? now) <= now;
    return isCurrent && claims.iss === issuer ? claims : undefined;
  } catch {
    return undefined;
  }
}
