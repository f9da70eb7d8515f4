import { sign, verify, type KeyObject } from 'node:crypto';

/**
 * ES256 (RFC 7518 §3.4) here and now, on this thread. WebCrypto hands every signature to another one, and what that costs is
 * more than the signature. Node is given a bare key and DER: asking it for the other form takes an options object, and
 * 10 µs to sign, 45 to verify (see digest.ts).
 */
export function signEs256(data: Uint8Array, key: KeyObject): Uint8Array {
  return joinHalves(sign('sha256', data, key));
}

/** `signature`: r and s, 32 bytes each; false for any other length. */
export function verifyEs256(data: Uint8Array, signature: Uint8Array, key: KeyObject): boolean {
  if (signature.length !== 2 * HALF_BYTES) return false;
  return verify('sha256', data, key, toDer(signature));
}

const HALF_BYTES = 32;

/** DER has r and s as integers: without leading zeros, but for one that keeps them positive. */
function joinHalves(der: Buffer): Buffer {
  const joined = Buffer.alloc(2 * HALF_BYTES);
  const rEnd = 4 + (der[3] ?? 0);
  putRight(joined, HALF_BYTES, der.subarray(4, rEnd));
  putRight(joined, 2 * HALF_BYTES, der.subarray(rEnd + 2));
  return joined;
}

function putRight(target: Buffer, end: number, integer: Buffer): void {
  const digits = integer.subarray(-HALF_BYTES);
  digits.copy(target, end - digits.length);
}

/** A SEQUENCE of two INTEGERs; each is shorter than 128 bytes, so that one byte says how long it is. */
function toDer(signature: Uint8Array): Buffer {
  const r = toInteger(signature.subarray(0, HALF_BYTES));
  const s = toInteger(signature.subarray(HALF_BYTES));
  return Buffer.from([0x30, r.length + s.length, ...r, ...s]);
}

function toInteger(half: Uint8Array): number[] {
  const first = half.findIndex((byte) => byte !== 0);
  const digits = half.subarray(first === -1 ? HALF_BYTES - 1 : first);
  const sign = (digits[0] ?? 0) < 0x80 ? [] : [0];
  return [0x02, sign.length + digits.length, ...sign, ...digits];
}
