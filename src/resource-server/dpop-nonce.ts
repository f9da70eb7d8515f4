import { createHmac, timingSafeEqual } from 'node:crypto';

/** A nonce is good for the window it was made in and the next one: 5 to 10 minutes. */
const WINDOW_MS = 300_000;

/** As long as the digest of the MAC: less would make the secret the weakest part (RFC 2104 §3). */
const SECRET_BYTES_MIN = 32;

export interface DpopNonces {
  current(): string;
  isGood(nonce: unknown): boolean;
}

/**
 * Nonces that need no memory (RFC 9449 §9): the MAC of a window of time. Every process with the secret makes and accepts the same
 * ones, before and after a restart.
 */
export function createDpopNonces(secret: Uint8Array, now: () => number): DpopNonces {
  if (secret.byteLength < SECRET_BYTES_MIN) {
    throw new TypeError(`dpop.nonceSecret must have ${SECRET_BYTES_MIN} bytes or more`);
  }
  // A copy: the caller may wipe or reuse the buffer.
  const key = Buffer.from(secret);
  const nonceOf = (window: number) =>
    createHmac('sha256', key).update(`guichet dpop nonce ${window}`).digest('base64url');
  const currentWindow = () => Math.floor(now() / WINDOW_MS);

  return {
    current: () => nonceOf(currentWindow()),
    isGood(nonce) {
      if (typeof nonce !== 'string') return false;
      const window = currentWindow();
      // The next window too: another process's clock may be ahead of ours, and nobody else can make its nonce.
      return [window, window - 1, window + 1].some((one) => equalText(nonce, nonceOf(one)));
    },
  };
}

/** Compares in a time that tells nothing but the length. */
export function equalText(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}
