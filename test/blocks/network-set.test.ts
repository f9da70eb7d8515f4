import { expect, test } from 'vitest';

import { createNetworkSet } from '../../src/blocks/network-set.ts';
import { parseCidr, type Cidr } from '../../src/http/ip.ts';

const FOREVER = Number.POSITIVE_INFINITY;

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (!parsed) throw new TypeError(text);
  return parsed;
}

function setOf(...networks: string[]) {
  const set = createNetworkSet();
  for (const network of networks) set.set(cidr(network), FOREVER);
  return set;
}

test.each([
  ['203.0.113.0/24', '203.0.113.0', true],
  ['203.0.113.0/24', '203.0.113.255', true],
  ['203.0.113.0/24', '203.0.112.255', false],
  ['203.0.113.0/24', '203.0.114.0', false],
  ['198.51.100.4/30', '198.51.100.7', true],
  ['198.51.100.4/30', '198.51.100.8', false],
  ['198.51.100.7', '198.51.100.7', true],
  ['::ffff:198.51.100.7', '198.51.100.7', true],
  ['::ffff:198.51.100.0/120', '198.51.100.200', true],
  ['2001:db8::/33', '2001:db8:7fff::1', true],
  ['2001:db8::/33', '2001:db8:8000::1', false],
  ['2001:db8::1', '2001:db8:0:0::1', true],
  ['203.0.113.0/24', '::cb00:7100', false],
  ['203.0.113.0/24', 'unknown', false],
])('%s holds %s: %s', (network, address, expected) => {
  expect(setOf(network).has(address, 0)).toBe(expected);
});

test('a narrow network that is over does not hide a wide one that counts', () => {
  const set = setOf('203.0.0.0/16');
  set.set(cidr('203.0.113.7'), 1000);
  expect([999, 1000].map((nowMs) => set.has('203.0.113.7', nowMs))).toEqual([true, true]);
  set.delete(cidr('203.0.0.0/16'));
  expect([999, 1000].map((nowMs) => set.has('203.0.113.7', nowMs))).toEqual([true, false]);
  set.delete(cidr('203.0.0.0/16'));
  expect(set.size).toBe(1);
});

test('ten thousand networks are as quick to ask as ten', () => {
  const lengths = [12, 16, 20, 22, 24, 28, 30, 32];
  const build = (count: number) => {
    const set = createNetworkSet();
    for (let index = 0; index < count; index += 1) {
      const bits = lengths[index % lengths.length] ?? 32;
      set.set(cidr(`${1 + (index % 99)}.${(index >> 3) & 255}.${index & 255}.0/${bits}`), FOREVER);
    }
    return set;
  };
  const few = askMicroseconds(build(10));
  const many = askMicroseconds(build(10_000));
  expect(many).toBeLessThan(few * 10);
  expect(many).toBeLessThan(20);
});

function askMicroseconds(set: ReturnType<typeof createNetworkSet>): number {
  const rounds = 20_000;
  const startedAt = performance.now();
  for (let index = 0; index < rounds; index += 1) set.has(`200.${index & 255}.7.9`, 0);
  return ((performance.now() - startedAt) * 1000) / rounds;
}
