import { expect, test } from 'vitest';
import { equal, hmac, sha256 } from '../../src/crypto/digest.ts';

test('sha256 of text and of its bytes agree (FIPS 180-4)', () => {
  expect(sha256('abc').toString('hex')).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
  expect(sha256(Buffer.from('abc'))).toEqual(sha256('abc'));
});

test('hmac is HMAC-SHA-256 (RFC 4231 §4.3)', () => {
  expect(hmac(Buffer.from('Jefe'), 'what do ya want for nothing?').toString('hex')).toBe(
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  );
});

test('equal tells equal from different, of whatever length', () => {
  expect(equal(sha256('a'), sha256('a'))).toBe(true);
  expect(equal(sha256('a'), sha256('b'))).toBe(false);
  expect(equal(sha256('a'), sha256('a').subarray(1))).toBe(false);
});
