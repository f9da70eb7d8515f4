import { describe, expect, test } from 'vitest';
import { formatIp, isWithin, networkOf, parseCidr, parseIp, unmapped } from '../../src/http/ip.ts';

function canonical(text: string): string | undefined {
  const ip = parseIp(text);
  return ip && formatIp(unmapped(ip));
}

describe('one address has one text', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:cb00:7107', '203.0.113.7'],
    ['0:0:0:0:0:ffff:203.0.113.7', '203.0.113.7'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8::1%eth0', '2001:db8::1'],
    ['2001:0db8:0000:0000:0001:0000:0000:0001', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
  ])('%s → %s', (text, expected) => {
    expect(canonical(text)).toBe(expected);
  });
});

test.each([
  '',
  'unknown',
  '_hidden',
  '1.2.3',
  '1.2.3.4.5',
  '01.2.3.4',
  '0x7f.0.0.1',
  '256.1.1.1',
  ':::',
  '1::2::3',
  'fe80',
  '1.2.3.4 ',
])('%j is no address', (text) => {
  expect(parseIp(text)).toBeUndefined();
});

test.each([
  ['10.0.0.0/8', '10.255.255.255', true],
  ['10.0.0.0/8', '11.0.0.0', false],
  ['172.16.0.0/12', '172.31.255.255', true],
  ['172.16.0.0/12', '172.32.0.0', false],
  ['192.0.2.1', '192.0.2.1', true],
  ['192.0.2.1', '192.0.2.2', false],
  ['0.0.0.0/0', '255.1.2.3', true],
  ['0.0.0.0/0', '::1', false],
  ['2001:db8::/33', '2001:db8:7fff::1', true],
  ['2001:db8::/33', '2001:db8:8000::1', false],
  ['::ffff:10.0.0.0/104', '10.1.2.3', true],
  ['::ffff:10.0.0.1', '10.0.0.1', true],
])('%s holds %s: %s', (network, address, expected) => {
  const cidr = parseCidr(network);
  const ip = parseIp(address);
  expect(cidr && ip && isWithin(cidr, ip)).toBe(expected);
});

test.each(['10.0.0.0/33', '::/129', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1', 'example.com', '/8'])(
  '%j is no network',
  (text) => {
    expect(parseCidr(text)).toBeUndefined();
  },
);

test.each([
  ['203.0.113.77', 24, '203.0.113.0/24'],
  ['2001:db8:1:2:3:4:5:6', 64, '2001:db8:1:2::/64'],
  ['2001:db8:1:2:3:4:5:6', 48, '2001:db8:1::/48'],
  ['203.0.113.77', 20, '203.0.112.0/20'],
])('%s is in %s bits of network %s', (address, bits, expected) => {
  const ip = parseIp(address);
  expect(ip && networkOf(ip, bits)).toBe(expected);
});
