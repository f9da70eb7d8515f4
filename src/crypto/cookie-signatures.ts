import { equal, hmacWith } from './digest.ts';

/** What Koa signs cookies with: the first key signs, all verify. */
export interface CookieSignatures {
  sign(data: string): string;
  verify(data: string, signature: string): boolean;
  /** Which key it was; -1: none of them. */
  index(data: string, signature: string): number;
}

/**
 * The signatures of npm `keygrip` (HMAC-SHA-1, base64url), which Koa makes by itself where it is given keys: anew for every request, and
 * with a second HMAC under a random key for every comparison. (Measured: 45 µs for each cookie that is read, 5 here.)
 */
export function createCookieSignatures(keys: readonly string[]): CookieSignatures {
  const [first, ...older] = keys.map((key) => Buffer.from(key));
  if (first === undefined) throw new TypeError('at least one key is needed');
  const all = [first, ...older];
  const index = (data: string, signature: string): number => {
    const presented = Buffer.from(signature);
    return all.findIndex((key) => equal(Buffer.from(signatureOf(key, data)), presented));
  };
  return {
    sign: (data) => signatureOf(first, data),
    verify: (data, signature) => index(data, signature) >= 0,
    index,
  };
}

function signatureOf(key: Uint8Array, data: string): string {
  return hmacWith('sha1', key, data).toString('base64url');
}
