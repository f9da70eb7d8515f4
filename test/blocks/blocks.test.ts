import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { blockAddress, type NewBlock } from '../../src/blocks/block-address.ts';
import { createBlockList } from '../../src/blocks/block-list.ts';
import { listBlocks } from '../../src/blocks/store.ts';
import { unblockAddress } from '../../src/blocks/unblock-address.ts';
import { createCli, line, type Cli } from '../support/cli.ts';
import { createTestClock } from '../support/clock.ts';
import { createNode, type Node } from '../support/node.ts';
import { freePort, startTestServer, type TestServer } from '../support/server.ts';

const clock = createTestClock();
let server: TestServer;
let node: Node;
let cli: Cli;

beforeAll(async () => {
  const port = await freePort();
  server = await startTestServer({
    clock,
    env: { GUICHET_PORT: String(port), GUICHET_TRUSTED_PROXIES: '127.0.0.1,10.9.0.0/16' },
  });
  node = createNode(port, server.issuer);
  cli = createCli({ GUICHET_DATABASE_URL: server.database.url, GUICHET_TRUSTED_PROXIES: '10.9.0.0/16' });
});

afterAll(async () => {
  node.close();
  await server.stop();
});

function block(network: string, more: Partial<NewBlock> = {}) {
  return blockAddress(server.services, { network, reason: 'test', expiresAt: null, actor: 'test', ...more });
}

function after(seconds: number): Date {
  return new Date(clock.now().getTime() + seconds * 1000);
}

/** As the proxy in front passes a request on. */
function get(path: string, address: string, headers: Record<string, string> = {}) {
  return node.call('GET', path, { headers: { 'x-forwarded-for': address, ...headers } });
}

/** What was changed beside the server reaches it as a notification. */
function until(address: string, status: number): Promise<unknown> {
  return vi.waitUntil(async () => (await get('/jwks', address)).status === status, {
    timeout: 1000,
    interval: 10,
  });
}

function events(type: string) {
  return server.database.db.knex('audit_events').where({ type }).orderBy('id').select('actor', 'detail');
}

test('a blocked network gets 403 in the form that suits it, with a request id, and others get their answer', async () => {
  await block('203.0.113.0/24');
  await until('203.0.113.7', 403);
  const protocol = await node.call('POST', '/token', {
    headers: { 'x-forwarded-for': '203.0.113.7' },
    form: {},
  });
  expect(protocol.status).toBe(403);
  expect(protocol.json).toEqual({
    error: 'access_denied',
    error_description: 'Requests from this address are not accepted.',
    request_id: protocol.headers['x-request-id'],
  });
  const problem = await get('/account', '203.0.113.8');
  expect(problem.headers['content-type']).toContain('application/problem+json');
  expect(problem.json).toMatchObject({ status: 403, code: 'address_blocked' });
  const page = await get('/account', '203.0.113.8', { accept: 'text/html' });
  expect(page.status).toBe(403);
  expect(page.text).toContain(String(page.headers['x-request-id']));
  // IPv4 in IPv6 is the same address; neighbours are not.
  expect((await get('/jwks', '::ffff:203.0.113.7')).status).toBe(403);
  expect((await get('/jwks', '203.0.112.7')).status).toBe(200);
});

test('probes are answered, whoever asks', async () => {
  await block('198.51.100.1');
  await until('198.51.100.1', 403);
  expect((await get('/livez', '198.51.100.1')).status).toBe(200);
  expect((await get('/readyz', '198.51.100.1')).status).toBe(200);
});

test('a block is over when its time is', async () => {
  await block('198.51.100.2', { expiresAt: after(60) });
  await until('198.51.100.2', 403);
  clock.advance(59);
  expect((await get('/jwks', '198.51.100.2')).status).toBe(403);
  clock.advance(1);
  expect((await get('/jwks', '198.51.100.2')).status).toBe(200);
  await expect(unblockAddress(server.services, '198.51.100.2', 'test')).rejects.toMatchObject({
    code: 'block_not_found',
  });
  const again = await block('198.51.100.2', { expiresAt: after(60) });
  expect(again.outcome).toBe('created');
  await until('198.51.100.2', 403);
});

test('the same network again is blocked for longer, never for a shorter time', async () => {
  const network = '198.51.100.3';
  const first = await block(network, { expiresAt: after(600) });
  const shorter = await block('198.51.100.3/32', { expiresAt: after(60) });
  expect(shorter).toEqual({ block: first.block, outcome: 'unchanged' });
  const longer = await block(network, { expiresAt: after(900), reason: 'worse' });
  expect(longer).toMatchObject({ outcome: 'prolonged', block: { id: first.block.id, reason: 'worse' } });
  const lasting = await block(network);
  expect(lasting.block.expiresAt).toBeNull();
  expect((await block(network, { expiresAt: after(900) })).outcome).toBe('unchanged');
  await unblockAddress(server.services, network, 'test');
  await expect(unblockAddress(server.services, first.block.id, 'test')).rejects.toMatchObject({
    status: 404,
  });
});

test('of many who block one network at once, one makes the block', async () => {
  const made = await Promise.all(
    Array.from({ length: 16 }, (_, index) => block('192.0.2.0/28', { expiresAt: after(60 + index) })),
  );
  expect(made.filter(({ outcome }) => outcome === 'created')).toHaveLength(1);
  const live = await listBlocks(server.services.db.knex, { limit: 100, now: clock.now() });
  expect(live.filter(({ network }) => network === '192.0.2.0/28')).toMatchObject([{ expiresAt: after(75) }]);
});

test.each([
  ['nonsense', 'address or CIDR'],
  ['203.0.113.7/33', 'address or CIDR'],
  ['203.0.113.7\0', 'address or CIDR'],
  ['0.0.0.0/0', 'too wide'],
  ['11.0.0.0/7', 'too wide'],
  ['2000::/15', 'too wide'],
  ['::/0', 'too wide'],
  ['127.0.0.1', 'This machine'],
  ['::1', 'This machine'],
  ['::ffff:127.0.0.0/104', 'This machine'],
  ['10.9.3.4', 'trusted proxy'],
  ['10.0.0.0/8', 'trusted proxy'],
  ['192.0.2.200/29', 'yourself'],
])('%s is not blocked: %s', async (network, words) => {
  const refused = block(network, { ownAddress: '192.0.2.201' });
  await expect(refused).rejects.toMatchObject({ code: 'invalid_block', status: 400 });
  await expect(refused).rejects.toThrow(words);
});

test.each(['', '  ', 'two\nlines', 'lone \ud800', 'x'.repeat(501)])('%j is no reason', async (reason) => {
  await expect(block('192.0.2.99', { reason })).rejects.toMatchObject({ code: 'invalid_block' });
});

test('a process that hears no notification finds out all the same, within a second', async () => {
  const deaf = await createBlockList({ ...server.services, bus: { subscribe: () => () => undefined } });
  expect(deaf.isBlocked('203.0.113.7')).toBe(true);
  await block('192.0.2.77');
  await vi.waitUntil(() => deaf.isBlocked('192.0.2.77'), { timeout: 1000, interval: 10 });
  await unblockAddress(server.services, '192.0.2.77', 'test');
  await vi.waitUntil(() => !deaf.isBlocked('192.0.2.77'), { timeout: 1000, interval: 10 });
  await deaf.close();
});

test('the command line adds, lists and lifts, and the audit log has who and why', async () => {
  const added = await cli.json(line`blocks add 192.0.2.64/26 --for 2h --reason ${'guesses passwords'}`);
  expect(added).toMatchObject({ network: '192.0.2.64/26', created_by: 'cli', outcome: 'created' });
  const found = { id: added['id'], reason: 'guesses passwords' };
  const listed = await cli.json(line`blocks list`);
  expect(listed['blocks']).toContainEqual(expect.objectContaining({ ...found, lifted_at: null }));
  expect((await cli(line`blocks list`)).stdout).toContain('192.0.2.64/26');
  await cli.json(line`blocks lift 192.0.2.64/26`);
  expect((await cli(line`blocks lift ${String(added['id'])}`)).exitCode).toBe(1);
  const all = await cli.json(line`blocks list --all`);
  expect(all['blocks']).toContainEqual(expect.objectContaining({ ...found, lifted_at: expect.any(String) }));
  const firstPage = await cli.json(line`blocks list --all --limit 2`);
  const nextPage = await cli.json(line`blocks list --all --limit 1000 --after ${String(firstPage['next'])}`);
  expect([firstPage['blocks'], nextPage['blocks']].flat()).toEqual(all['blocks']);
  expect((await events('address.blocked')).at(-1)).toMatchObject({
    actor: 'cli',
    detail: { network: '192.0.2.64/26', reason: 'guesses passwords', outcome: 'created' },
  });
  expect((await events('address.unblocked')).at(-1)).toMatchObject({
    actor: 'cli',
    detail: { id: added['id'] },
  });
  expect((await cli(line`blocks add 10.9.0.1 --reason x`)).exitCode).toBe(1);
  expect((await cli(line`blocks add 192.0.2.3 --reason x --for 2hours`)).exitCode).toBe(2);
});
