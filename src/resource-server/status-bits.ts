import type { TokenStatus } from './verifier.ts';

/** Statuses of 1, 2, 4 or 8 bits, packed from the least significant bit of the first byte on (Token Status List §4). */
export interface StatusBits {
  readonly bits: 1 | 2 | 4 | 8;
  readonly bytes: Uint8Array;
}

/** `undefined` where the list has no such index. */
export function statusAt({ bits, bytes }: StatusBits, idx: number): TokenStatus | undefined {
  const perByte = 8 / bits;
  const byte = bytes[Math.floor(idx / perByte)];
  if (byte === undefined) return undefined;
  const value = (byte >> ((idx % perByte) * bits)) & ((1 << bits) - 1);
  if (value === 0) return 'valid';
  // §7.1: 1 is invalid, 2 suspended. What an application means by other values we cannot know, so it is not "valid".
  return value === 2 ? 'suspended' : 'revoked';
}

export function markRevoked({ bits, bytes }: StatusBits, idx: number): void {
  const perByte = 8 / bits;
  const at = Math.floor(idx / perByte);
  const byte = bytes[at];
  if (byte === undefined) return;
  const shift = (idx % perByte) * bits;
  const mask = ((1 << bits) - 1) << shift;
  bytes[at] = (byte & ~mask) | (1 << shift);
}
