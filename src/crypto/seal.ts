import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { AppError } from '../errors.ts';
import { hmac } from './digest.ts';
import { deriveKey } from './secrets.ts';

/** Keeps what must be read again (private keys, one-time-code seeds) unreadable in a stolen database or backup. */
export interface Seal {
  /** `aad` names the row (`signing_keys:KID`), so that a sealed value moved to another row does not open. */
  seal(plain: Uint8Array, aad: string): Buffer;
  /** Throws `sealed_value_unreadable` when no key fits or a byte was changed. */
  open(sealed: Uint8Array, aad: string): Buffer;
}

/**
 * AES-256-GCM (NIST SP 800-38D) under keys derived from GUICHET_ENCRYPTION_KEY: the first seals, all open.
 * Layout: version (1) · key id (4) · nonce (12) · tag (16) · ciphertext. Every row has a key of its own, derived from
 * its `aad`: a random 96-bit nonce is safe for 2³² values under one key, which tokens would pass within weeks.
 */
export function createSeal(encryptionKeys: readonly Uint8Array[]): Seal {
  const keys = encryptionKeys.map(sealingKey);
  const [current] = keys;
  if (current === undefined) throw new TypeError('at least one encryption key is needed');
  return {
    seal(plain, aad) {
      const header = Buffer.concat([Buffer.of(VERSION), current.id]);
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv('aes-256-gcm', createSecretKey(hmac(current.key, aad)), nonce, {
        authTagLength: TAG_BYTES,
      });
      cipher.setAAD(Buffer.concat([header, Buffer.from(aad)]));
      const body = Buffer.concat([cipher.update(plain), cipher.final()]);
      return Buffer.concat([header, nonce, cipher.getAuthTag(), body]);
    },
    open(sealed, aad) {
      const bytes = Buffer.from(sealed);
      if (bytes.length < BODY_AT || bytes[0] !== VERSION) throw unreadable('not a sealed value');
      const header = bytes.subarray(0, NONCE_AT);
      const found = keys.find((key) => key.id.equals(header.subarray(1)));
      if (found === undefined)
        throw unreadable('sealed with a key that GUICHET_ENCRYPTION_KEY does not list');
      const nonce = bytes.subarray(NONCE_AT, TAG_AT);
      const decipher = createDecipheriv('aes-256-gcm', createSecretKey(hmac(found.key, aad)), nonce, {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(Buffer.concat([header, Buffer.from(aad)]));
      decipher.setAuthTag(bytes.subarray(TAG_AT, BODY_AT));
      try {
        return Buffer.concat([decipher.update(bytes.subarray(BODY_AT)), decipher.final()]);
      } catch (cause) {
        throw unreadable('changed, or moved from another row', cause);
      }
    },
  };
}

const VERSION = 1;
const KEY_ID_BYTES = 4;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NONCE_AT = 1 + KEY_ID_BYTES;
const TAG_AT = NONCE_AT + NONCE_BYTES;
const BODY_AT = TAG_AT + TAG_BYTES;

function sealingKey(encryptionKey: Uint8Array): { id: Buffer; key: Buffer } {
  const key = deriveKey(encryptionKey, 'seal');
  return { key, id: hmac(key, 'key id').subarray(0, KEY_ID_BYTES) };
}

function unreadable(detail: string, cause?: unknown): AppError {
  return new AppError('sealed_value_unreadable', 'A stored value cannot be decrypted.', { detail, cause });
}
