import { distinctCharacters, effectiveLength } from '../crypto/predictable.ts';

/** 32 bytes: the block HMAC-SHA-256 is strong with, and what every manual tells people to generate. */
const SECRET_BYTES_MIN = 32;
/** Half of the length survives in every random value (32 hex characters keep about 27); a typed one falls below. */
const EFFECTIVE_CHARACTERS_MIN = 16;
const DISTINCT_CHARACTERS_MIN = 8;

const EXAMPLE =
  /change[-_ ]?(?:me|this)|example|replace|your[-_ ]|password|insecure|default|placeholder|secret/i;

/** Why a secret would fall to guessing, or `undefined` for one that looks random. */
export function secretWeakness(secret: string): string | undefined {
  if (Buffer.byteLength(secret) < SECRET_BYTES_MIN) return `is shorter than ${SECRET_BYTES_MIN} characters`;
  if (EXAMPLE.test(secret)) return 'looks like an example value';
  return isPredictable(secret) ? 'is predictable' : undefined;
}

/** The same for a key of 32 bytes: one that spells a text, repeats or counts was not drawn at random. */
export function encryptionKeyWeakness(key: Buffer): string | undefined {
  // All 32 bytes of a random key are printable once in 10¹³ keys.
  if (/^[\x20-\x7e]+$/.test(key.toString('latin1'))) return 'is readable text and not random bytes';
  return isPredictable(key.toString('latin1')) ? 'is predictable' : undefined;
}

function isPredictable(text: string): boolean {
  return (
    effectiveLength(text) < EFFECTIVE_CHARACTERS_MIN || distinctCharacters(text) < DISTINCT_CHARACTERS_MIN
  );
}
