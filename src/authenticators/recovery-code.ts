import { randomBytes } from 'node:crypto';

import { hmac } from '../crypto/digest.ts';
import { verificationKeys, type Secrets } from '../crypto/secrets.ts';

/** Codes on paper for whoever has lost the rest, each good once (NIST SP 800-63B-4 §3.1.2, look-up secrets). */
export const RECOVERY_CODES = 10;

/** 50 bits: with 20 guesses a day at ten codes, nobody guesses one. Too few to keep as plain digests, hence a key. */
const CODE_LETTERS = 10;

/** Crockford's base 32: no letter looks like another. */
const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz';

/** `xxxxx-xxxxx`. */
export function drawRecoveryCode(): string {
  // 256 is a multiple of 32, so no letter is favoured.
  const letters = Array.from(randomBytes(CODE_LETTERS), (byte) => LETTERS.charAt(byte % LETTERS.length));
  return `${letters.slice(0, 5).join('')}-${letters.slice(5).join('')}`;
}

/** As people copy it from paper: any case, any grouping, and letters that only look like those we use. */
export function readRecoveryCode(typed: string): string | undefined {
  const letters = typed
    .toLowerCase()
    .replaceAll(/[\s-]/g, '')
    .replaceAll('o', '0')
    .replaceAll(/[il]/g, '1')
    .replaceAll('u', 'v');
  return letters.length === CODE_LETTERS ? letters : undefined;
}

/** The account is in the digest, so that equal codes of two people do not look equal. */
export function recoveryDigest(secrets: Secrets, accountId: string, code: string): Buffer {
  return digestUnder(secrets.recoveryCodeKey, accountId, code);
}

/** Under every key that may have been in use when the code was drawn. */
export function recoveryDigests(secrets: Secrets, accountId: string, code: string): Buffer[] {
  return verificationKeys(secrets, 'recoveryCodeKey').map((key) => digestUnder(key, accountId, code));
}

function digestUnder(key: Buffer, accountId: string, code: string): Buffer {
  return hmac(key, `${accountId}:${code.replace('-', '')}`);
}
