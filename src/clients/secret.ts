import { equal, hmac } from '../crypto/digest.ts';
import { randomToken } from '../crypto/ids.ts';
import { verificationKeys, type Secrets } from '../crypto/secrets.ts';
import type { ClientRecord } from './client.ts';

/** Lets secret scanners find one that leaked into a repository. */
const PREFIX = 'gcs_';

const SECRET_BYTES = 32;

/** Enough to tell two secrets apart, far too little to guess the rest: 24 of 256 bits. */
const HINT_LENGTH = PREFIX.length + 4;

/** Longer than any secret of ours; spares hashing whatever somebody sends. */
const PRESENTED_LENGTH_MAX = 256;

/** Shown once; only the digest stays. Full entropy needs no slow hash (design: the hot path compares one per request). */
export function generateSecret(secrets: Secrets): { value: string; digest: Buffer; hint: string } {
  const value = PREFIX + randomToken(SECRET_BYTES);
  return { value, digest: hmac(secrets.clientSecretKey, value), hint: value.slice(0, HINT_LENGTH) };
}

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
    const live = secret.expiresAt === null || now < secret.expiresAt;
    for (const digest of digests) {
      if (equal(secret.digest, digest) && live) matches = true;
    }
  }
  return matches;
}
