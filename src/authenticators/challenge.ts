import { randomBytes } from 'node:crypto';

import { equal, hmac, sha256 } from '../crypto/digest.ts';
import { verificationKeys, type Secrets } from '../crypto/secrets.ts';

/**
 * Challenges of WebAuthn ceremonies (§13.4.3). One carries its end and a MAC over what it is for, so that showing a sign-in
 * page writes nothing; that it is answered only once is decided when it is (`spendChallenge`).
 */
export interface ChallengeUse {
  readonly purpose: 'sign-in' | 'second-factor' | 'registration';
  /** The interaction or session in which it was given out. */
  readonly binding: string;
  /** Whose passkeys may answer; null: anybody's. */
  readonly accountId: string | null;
}

/** Longer than authenticators wait for a person; a sign-in page that was open for longer is shown again. */
export const CHALLENGE_TTL_SECONDS = 300;

const NONCE_BYTES = 16;
const END_BYTES = 6;
const MAC_AT = NONCE_BYTES + END_BYTES;

export function makeChallenge(secrets: Secrets, use: ChallengeUse, now: Date): string {
  const end = Buffer.alloc(END_BYTES);
  end.writeUIntBE(now.getTime() + CHALLENGE_TTL_SECONDS * 1000, 0, END_BYTES);
  const head = Buffer.concat([randomBytes(NONCE_BYTES), end]);
  return Buffer.concat([head, macOf(secrets.passkeyChallengeKey, use, head)]).toString('base64url');
}

/** Ours, for this use, and not too old. */
export function isChallenge(secrets: Secrets, use: ChallengeUse, challenge: string, now: Date): boolean {
  const bytes = Buffer.from(challenge, 'base64url');
  if (bytes.length <= MAC_AT || bytes.toString('base64url') !== challenge) return false;
  const [head, mac] = [bytes.subarray(0, MAC_AT), bytes.subarray(MAC_AT)];
  const keys = verificationKeys(secrets, 'passkeyChallengeKey');
  return keys.some((key) => equal(macOf(key, use, head), mac)) && endOf(bytes) > now;
}

export function challengeDigest(challenge: string): Buffer {
  return sha256(Buffer.from(challenge, 'base64url'));
}

function endOf(bytes: Buffer): Date {
  return new Date(bytes.readUIntBE(NONCE_BYTES, END_BYTES));
}

function macOf(key: Buffer, { purpose, binding, accountId }: ChallengeUse, head: Buffer): Buffer {
  return hmac(key, Buffer.concat([head, Buffer.from(JSON.stringify([purpose, binding, accountId]))]));
}
