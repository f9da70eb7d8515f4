import { describe, expect, test } from 'vitest';

import { base32, findStep, stepAt, totpCode, totpUri } from '../../src/authenticators/totp.ts';

/** RFC 6238, appendix B: SHA-1, eight digits. */
const SECRET = Buffer.from('12345678901234567890');
const VECTORS: readonly (readonly [seconds: number, code: string])[] = [
  [59, '94287082'],
  [1111111109, '07081804'],
  [1111111111, '14050471'],
  [1234567890, '89005924'],
  [2000000000, '69279037'],
  [20000000000, '65353130'],
];

const at = (seconds: number) => new Date(seconds * 1000);

describe('a one-time code', () => {
  test.each(VECTORS)('at %d s is that of RFC 6238', (seconds, code) => {
    expect(totpCode(SECRET, stepAt(at(seconds)), 8)).toBe(code);
    expect(totpCode(SECRET, stepAt(at(seconds)))).toBe(code.slice(2));
  });

  test.each([
    [-60, undefined],
    [-30, -1],
    [0, 0],
    [30, 1],
    [60, undefined],
  ])('of a clock that is off by %d s counts for step %s', (offset, step) => {
    const now = at(1_800_000_000);
    const code = totpCode(SECRET, stepAt(at(1_800_000_000 + offset)));
    expect(findStep(SECRET, code, now)).toBe(step === undefined ? undefined : stepAt(now) + step);
  });

  test('is six digits and nothing else', () => {
    const now = at(1_800_000_000);
    for (const typed of ['', '12345', '1234567', '１２３４５６', 'abcdef']) {
      expect(findStep(SECRET, typed, now)).toBeUndefined();
    }
  });
});

test.each([
  ['', ''],
  ['f', 'MY'],
  ['fo', 'MZXQ'],
  ['foo', 'MZXW6'],
  ['foob', 'MZXW6YQ'],
  ['fooba', 'MZXW6YTB'],
  ['foobar', 'MZXW6YTBOI'],
])('base32 of "%s" is that of RFC 4648 §10', (text, encoded) => {
  expect(base32(Buffer.from(text))).toBe(encoded);
});

test('the address for apps survives a service and a name with characters of its own', () => {
  const uri = totpUri({ secret: SECRET, issuer: 'Café: Nord & Süd', account: 'ada+x@example.org' });
  expect(uri).toBe(
    'otpauth://totp/Caf%C3%A9%20%20Nord%20%26%20S%C3%BCd:ada%2Bx%40example.org?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Caf%C3%A9%20%20Nord%20%26%20S%C3%BCd&algorithm=SHA1&digits=6&period=30',
  );
});
