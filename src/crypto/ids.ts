import { randomBytes } from 'node:crypto';

/** 131 bits: ids appear in URLs and tokens, so guessing one must be as hopeless as guessing a key. */
const ID_CHARACTERS = 22;

/** `newId('cli')` → `cli_` and 22 base62 characters, safe in URLs, SQL, shells and double-click selection. */
export function newId(prefix: string): string {
  return `${prefix}_${randomBase62(ID_CHARACTERS)}`;
}

/** Base64url of that many random bytes; 32 bytes make the 43 characters of a secret or an opaque token. */
export function randomToken(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}

const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** Bytes from here on are thrown away: 248 is the largest multiple of 62 in a byte, so no letter is favoured. */
const UNBIASED_BELOW = 248;

function randomBase62(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < UNBIASED_BELOW && text.length < length) text += BASE62.charAt(byte % 62);
    }
  }
  return text;
}
