import type { Knex } from 'knex';

import { equal, hmac } from '../crypto/digest.ts';
import { newId, randomToken } from '../crypto/ids.ts';
import { verificationKeys, type Secrets } from '../crypto/secrets.ts';
import { AppError } from '../errors.ts';
import type { ClientRecord, SecretRecord } from './client.ts';
import { insertSecret } from './store.ts';

/** Lets secret scanners find one that leaked into a repository. */
const PREFIX = 'gcs_';

const SECRET_BYTES = 32;

/** Enough to tell two secrets apart, far too little to guess the rest: 24 of 256 bits, of one of ours. */
const HINT_LENGTH = 4;

/** Longer than any secret of ours; spares hashing whatever somebody sends. */
const PRESENTED_LENGTH_MAX = 256;

/** Whether what was presented is one of the client's live secrets. */
export function compareSecret(
  record: Pick<ClientRecord, 'secrets'>,
  presented: string,
  secrets: Secrets,
  now: Date,
): boolean {
  return findSecret(record, presented, secrets, now) !== undefined;
}

/** Which of the client's live secrets was presented. Looks at all of them, equal or not, in constant time. */
export function findSecret(
  record: Pick<ClientRecord, 'secrets'>,
  presented: string,
  secrets: Secrets,
  now: Date,
): SecretRecord | undefined {
  if (presented.length > PRESENTED_LENGTH_MAX) return undefined;
  const digests = verificationKeys(secrets, 'clientSecretKey').map((key) => hmac(key, presented));
  let found: SecretRecord | undefined;
  for (const secret of record.secrets) {
    for (const digest of digests) {
      if (equal(secret.digest, digest) && isLive(secret, now)) found = secret;
    }
  }
  return found;
}

export function isLive(secret: Pick<SecretRecord, 'expiresAt'>, now: Date): boolean {
  return secret.expiresAt === null || now < secret.expiresAt;
}

/** 256 random bits; full entropy needs no slow hash, and the hot path compares one per request. */
export function generateSecret(secrets: Secrets): { value: string; digest: Buffer; hint: string } {
  const value = PREFIX + randomToken(SECRET_BYTES);
  return { value, ...digestSecret(secrets, value) };
}

const GENERATED = /^gcs_[A-Za-z0-9_-]{43}$/;

/** Whether somebody who brings a secret along has made it as this server does: 256 random bits in base64url. */
export function isGeneratedSecret(value: string): boolean {
  return GENERATED.test(value);
}

/** What is stored of a secret. */
export function digestSecret(secrets: Secrets, value: string): { digest: Buffer; hint: string } {
  return { digest: hmac(secrets.clientSecretKey, value), hint: value.slice(0, hintLength(value)) };
}

function hintLength(value: string): number {
  return isGeneratedSecret(value) ? PREFIX.length + HINT_LENGTH : HINT_LENGTH;
}

/** What a secret of another server has to be worth, so that a fast hash of it will do: nobody tries 2¹²⁸ of them. */
const FOREIGN_SECRET_BITS_MIN = 128;
/** Repetition is no randomness; 22 characters that were drawn have more. */
const DISTINCT_MIN = 8;

/**
 * Whether a secret that another server made may go on working here: RFC 6749 §A.2 characters, and as long as a random text of its
 * alphabet needs to be worth 128 bits. That it was drawn at random is what nobody can see.
 */
export function isStrongSecret(value: string): boolean {
  if (!/^[\x21-\x7e]+$/.test(value) || value.length > PRESENTED_LENGTH_MAX) return false;
  const isHex = /^[0-9a-f-]+$/i.test(value);
  const length = isHex ? value.replaceAll('-', '').length : value.length;
  const bitsEach = isHex ? 4 : Math.log2(62);
  return new Set(value).size >= DISTINCT_MIN && length * bitsEach >= FOREIGN_SECRET_BITS_MIN;
}

/** A secret that is used for longer than this without being changed might as well have no end. */
const SECRET_TTL_SECONDS_MAX = 5 * 366 * 86_400;

/** When a secret made now expires; null: never. Throws `invalid_secret_ttl` (400). */
export function expiryOf(ttlSeconds: number | undefined, now: Date): Date | null {
  if (ttlSeconds === undefined) return null;
  if (Number.isInteger(ttlSeconds) && ttlSeconds >= 1 && ttlSeconds <= SECRET_TTL_SECONDS_MAX)
    return new Date(now.getTime() + ttlSeconds * 1000);
  throw new AppError('invalid_secret_ttl', 'A secret lives for five years at most.', { status: 400 });
}

/** RFC 7591 §3.2.1, for a client that has secrets: seconds since 1970, 0 where one does not expire. */
export function secretExpiresAt({ secrets }: Pick<ClientRecord, 'secrets'>): number {
  const ends = secrets.map(({ expiresAt }) => (expiresAt === null ? Infinity : expiresAt.getTime()));
  const last = Math.max(...ends);
  return Number.isFinite(last) ? Math.floor(last / 1000) : 0;
}

export function usesSecret(metadata: Readonly<Record<string, unknown>>): boolean {
  const method = metadata['token_endpoint_auth_method'];
  return method === 'client_secret_basic' || method === 'client_secret_post';
}

/** Stores a secret, a new one unless it is given, and returns it to be shown this once. */
export async function addSecret(
  tx: Knex.Transaction,
  secrets: Secrets,
  {
    clientId,
    now,
    value,
    expiresAt = null,
  }: { clientId: string; now: Date; value?: string | undefined; expiresAt?: Date | null },
): Promise<string> {
  const secret = value === undefined ? generateSecret(secrets) : { value, ...digestSecret(secrets, value) };
  const { digest, hint } = secret;
  await insertSecret(tx, { id: newId('sec'), clientId, digest, hint, createdAt: now, expiresAt });
  return secret.value;
}
