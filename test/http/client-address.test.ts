import { expect, test } from 'vitest';
import { z } from 'zod';
import { addressPrefix } from '../../src/http/client-address.ts';
import { echo, startSite } from './harness.ts';

const seen = z.object({
  ip: z.string(),
  ips: z.array(z.string()),
  state: z.object({ address: z.string() }),
  headers: z.record(z.string(), z.string()),
});

const LOOPBACK = ['127.0.0.0/8'];
const CHAIN = ['127.0.0.0/8', '10.0.0.0/8', 'fd00::/8'];

async function addressSeen(trustedProxies: readonly string[], headers: Record<string, string | string[]>) {
  await using site = await startSite([echo], { trustedProxies });
  const { json } = await site.get('/echo', { headers: { host: 'id.example.com', ...headers } });
  return seen.parse(json);
}

test.each([
  ['a peer that is no proxy of ours speaks for itself', [], '198.51.100.1', '127.0.0.1'],
  ['a trusted proxy names the client', LOOPBACK, '198.51.100.1', '198.51.100.1'],
  ['what the client put before it is not believed', LOOPBACK, '192.0.2.66, 198.51.100.1', '198.51.100.1'],
  [
    'inner proxies are skipped from the right',
    CHAIN,
    '192.0.2.66, 198.51.100.1, 10.1.1.1, 10.2.2.2',
    '198.51.100.1',
  ],
  ['a chain of proxies only ends at its first', CHAIN, '10.1.1.1, 10.2.2.2', '10.1.1.1'],
  ['a port is not part of the address', LOOPBACK, '198.51.100.1:4711', '198.51.100.1'],
  ['IPv6 in brackets with a port', LOOPBACK, '[2001:DB8::1]:4711', '2001:db8::1'],
  ['quoted, with a zone', LOOPBACK, '"[fe80::1%eth0]"', 'fe80::1'],
  ['an IPv4 address in IPv6 clothes is the IPv4 address', LOOPBACK, '::ffff:198.51.100.1', '198.51.100.1'],
  ['a mapped proxy is the proxy', CHAIN, '198.51.100.1, ::ffff:10.1.1.1', '198.51.100.1'],
  ['empty items mean nothing', LOOPBACK, ' , 198.51.100.1, ,', '198.51.100.1'],
  [
    'nobody vouches for what stands left of an unreadable item',
    CHAIN,
    '192.0.2.66, unknown, 10.1.1.1',
    '10.1.1.1',
  ],
  ['nothing readable leaves the proxy', LOOPBACK, 'unknown', '127.0.0.1'],
  ['a name is not resolved', LOOPBACK, 'localhost', '127.0.0.1'],
])('%s', async (_rule, trusted, forwarded, expected) => {
  const seen = await addressSeen(trusted, { 'x-forwarded-for': forwarded });
  expect(seen.state.address).toBe(expected);
  expect(seen.ip).toBe(expected);
  expect(seen.ips).toEqual([expected]);
});

test('several X-Forwarded-For lines are one list', async () => {
  const seen = await addressSeen(CHAIN, { 'x-forwarded-for': ['192.0.2.66', '198.51.100.1', '10.1.1.1'] });
  expect(seen.state.address).toBe('198.51.100.1');
});

test('a very long chain is not followed to its end', async () => {
  const forwarded = ['198.51.100.1', ...Array.from({ length: 500 }, () => '10.1.1.1')].join(',');
  const seen = await addressSeen(CHAIN, { 'x-forwarded-for': forwarded });
  expect(seen.state.address).toBe('10.1.1.1');
});

test('headers by which proxies speak reach nobody', async () => {
  const lies = {
    'x-forwarded-for': '192.0.2.66',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'http',
    'x-forwarded-port': '81',
    'x-forwarded-prefix': '/evil',
    forwarded: 'for=192.0.2.66;host=evil.example;proto=http',
    'x-real-ip': '192.0.2.66',
    'x-client-cert': 'MII',
    'x-ssl-client-verify': 'SUCCESS',
    'ssl-client-cert': 'MII',
    'x-original-url': '/admin',
  };
  const { headers, state } = await addressSeen([], lies);
  expect(state.address).toBe('127.0.0.1');
  expect(Object.keys(headers).sort()).toEqual(['connection', 'host', 'x-forwarded-for', 'x-forwarded-proto']);
  expect(headers).toMatchObject({ 'x-forwarded-for': '127.0.0.1', 'x-forwarded-proto': 'https' });
});

test('limits count an IPv4 address, an IPv6 /64, and the network around them', () => {
  expect(addressPrefix('198.51.100.1')).toBe('198.51.100.1');
  expect(addressPrefix('::ffff:198.51.100.1')).toBe('198.51.100.1');
  expect(addressPrefix('2001:db8:1:2:3:4:5:6')).toBe(addressPrefix('2001:db8:1:2::1'));
  expect(addressPrefix('2001:db8:1:2::1')).not.toBe(addressPrefix('2001:db8:1:3::1'));
  expect(addressPrefix('2001:db8:1:2::1', 'wide')).toBe(addressPrefix('2001:db8:1:3::1', 'wide'));
  expect(addressPrefix('198.51.100.1', 'wide')).toBe('198.51.100.0/24');
  expect(addressPrefix('unknown')).toBe('unknown');
});
