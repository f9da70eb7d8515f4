import { createHmac, createSecretKey } from 'node:crypto';

import { equal } from '../crypto/digest.ts';

/** Time-based one-time codes with the parameters that every app assumes (RFC 6238 §1.2, §5.2): SHA-1, 6 digits, 30 seconds. */
export const TOTP_DIGITS = 6;
const STEP_SECONDS = 30;

/** RFC 4226 §4 R6 recommends 160 bits. */
export const TOTP_SECRET_BYTES = 20;

/** RFC 6238 §5.2: a step for the way, and clocks that are off by less than one. */
const WINDOW_STEPS = 1;

export function stepAt(time: Date): number {
  return Math.floor(time.getTime() / 1000 / STEP_SECONDS);
}

/** RFC 4226 §5.3, the counter being a step of time. */
export function totpCode(secret: Uint8Array, step: number, digits: number = TOTP_DIGITS): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', createSecretKey(secret)).update(counter).digest();
  const offset = mac.readUInt8(mac.length - 1) & 0x0f;
  const truncated = mac.readUInt32BE(offset) & 0x7fff_ffff;
  return String(truncated % 10 ** digits).padStart(digits, '0');
}

/** The step of the code that was typed, the present one first; undefined when it is of none that counts now. */
export function findStep(secret: Uint8Array, code: string, now: Date): number | undefined {
  const present = stepAt(now);
  const typed = Buffer.from(code);
  const steps = Array.from({ length: 2 * WINDOW_STEPS + 1 }, (_, index) => present + index - WINDOW_STEPS);
  const matching = steps.filter((step) => step >= 0 && equal(Buffer.from(totpCode(secret, step)), typed));
  // Two neighbours may have one code: the later one leaves no second use of it.
  return matching.at(-1);
}

/** What apps read from a QR code (Key Uri Format, as apps agree on it). */
export function totpUri({
  secret,
  issuer,
  account,
}: {
  secret: Uint8Array;
  /** The service's name. */
  issuer: string;
  account: string;
}): string {
  // A colon separates the two, and apps do not agree on an escaped one.
  const [service, person] = [issuer, account].map((part) => encodeURIComponent(part.replaceAll(':', ' ')));
  return `otpauth://totp/${service}:${person}?secret=${base32(secret)}&issuer=${service}&algorithm=SHA1&digits=${TOTP_DIGITS}&period=${STEP_SECONDS}`;
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648 §6 without padding: what people type into an app that reads no QR code. */
export function base32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
  const groups = bits.match(/.{1,5}/g) ?? [];
  return groups.map((group) => BASE32.charAt(Number.parseInt(group.padEnd(5, '0'), 2))).join('');
}

/** What {@link base32} writes, in either case and with padding or without. undefined: it is something else. */
export function fromBase32(text: string): Buffer | undefined {
  const characters = text.toUpperCase().replace(/=+$/, '');
  if (!/^[A-Z2-7]+$/.test(characters)) return undefined;
  const bits = Array.from(characters, (one) => BASE32.indexOf(one).toString(2).padStart(5, '0')).join('');
  const bytes = bits.match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
}
