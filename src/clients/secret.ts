import type { Knex } from 'knex';

import { equal, hmac } from '../crypto/digest.ts';
import { newId, randomToken } from '../crypto/ids.ts';
import { verificationKeys, type Secrets } from '../crypto/secrets.ts';
import type { ClientRecord, SecretRecord } from './client.ts';
import { insertSecret } from './store.ts';

/** Lets secret scanners find one that leaked into a repository. */
const PREFIX = 'gcs_';

const SECRET_BYTES = 32;

/** Enough to tell two secrets apart, far too little to guess the rest: 24 of 256 bits. */
const HINT_LENGTH = PREFIX.length + 4;

/** Longer than any secret of ours; spares hashing whatever somebody sends. */
const PRESENTED_LENGTH_MAX = 256;

/** Whether what was presented is one of the client's live secrets. Looks at all of them, equal or not, in constant time. */
export function compareSecret(
  record: Pick<ClientRecord, 'secrets'>,
  presented: string,
  secrets: Secrets,
  now: Date,
): boolean {
  if (presented.length > PRESENTED_LENGTH_MAX) return false;
  const digests = verificationKeys(secrets, 'clientSecretKey').map((key) => hmac(key, presented));
  let matches = false;
  for (const secret of record.secrets) {
    for (const digest of digests) {
      if (equal(secret.digest, digest) && isLive(secret, now)) matches = true;
    }
  }
  return matches;
}

export function isLive(secret: Pick<SecretRecord, 'expiresAt'>, now: Date): boolean {
  return secret.expiresAt === null || now < secret.expiresAt;
}

/** 256 random bits; full entropy needs no slow hash, and the hot path compares one per request. */
export function generateSecret(secrets: Secrets): { value: string; digest: Buffer; hint: string } {
  const value = PREFIX + randomToken(SECRET_BYTES);
  return { value, ...digestSecret(secrets, value) };
}

/** What is stored of a secret. */
export function digestSecret(secrets: Secrets, value: string): { digest: Buffer; hint: string } {
  return { digest: hmac(secrets.clientSecretKey, value), hint: value.slice(0, HINT_LENGTH) };
}

export function usesSecret(metadata: Readonly<Record<string, unknown>>): boolean {
  const method = metadata['token_endpoint_auth_method'];
  return method === 'client_secret_basic' || method === 'client_secret_post';
}

/** Stores a secret, a new one unless it is given, and returns it to be shown this once. */
export async function addSecret(
  tx: Knex.Transaction,
  secrets: Secrets,
  { clientId, now, value }: { clientId: string; now: Date; value?: string | undefined },
): Promise<string> {
  const secret = value === undefined ? generateSecret(secrets) : { value, ...digestSecret(secrets, value) };
  const { digest, hint } = secret;
  await insertSecret(tx, { id: newId('sec'), clientId, digest, hint, createdAt: now });
  return secret.value;
}
