import { expect, test } from 'vitest';
import { newId, randomToken } from '../../src/crypto/ids.ts';

test('an id is its prefix and 22 base62 characters', () => {
  expect(newId('cli')).toMatch(/^cli_[0-9A-Za-z]{22}$/);
});

test('ids use every character about equally often', () => {
  const counts = new Map<string, number>();
  const text = Array.from({ length: 5000 }, () => newId('x').slice(2)).join('');
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  const expected = text.length / 62;
  expect(counts.size).toBe(62);
  // Six standard deviations: a byte taken modulo 62 without rejection would favour eight characters by a quarter.
  for (const count of counts.values())
    expect(Math.abs(count - expected)).toBeLessThan(6 * Math.sqrt(expected));
});

test('a token of 32 bytes has 43 characters that a URL may hold', () => {
  expect(randomToken(32)).toMatch(/^[\w-]{43}$/);
  expect(randomToken(32)).not.toBe(randomToken(32));
});
