import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { blockAddress } from '../../src/blocks/block-address.ts';
import { findDecision } from '../../src/decisions/store.ts';
import { unblockAddress } from '../../src/blocks/unblock-address.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster({ env: { GUICHET_TRUSTED_PROXIES: '127.0.0.1' } });
});

afterAll(() => cluster.stop());

test('a block holds on every process within a second, and is gone from all as soon', async () => {
  const statuses = async () => {
    const headers = { 'x-forwarded-for': '203.0.113.7' };
    const answers = await Promise.all(cluster.nodes.map((node) => node.call('GET', '/jwks', { headers })));
    return answers.map(({ status }) => status).join(' ');
  };
  expect(await statuses()).toBe('200 200');
  const terms = { reason: 'test', expiresAt: null, actor: 'test' };
  const { block } = await blockAddress(cluster.services, { network: '203.0.113.0/29', ...terms });
  await vi.waitUntil(async () => (await statuses()) === '403 403', { timeout: 1000, interval: 5 });
  await unblockAddress(cluster.services, block.id, 'test');
  await vi.waitUntil(async () => (await statuses()) === '200 200', { timeout: 1000, interval: 5 });
});

test('whichever process refused, the explanation is found within a second', async () => {
  const { services, nodes } = cluster;
  const form = { grant_type: 'client_credentials', client_id: 'nobody', client_secret: 'wrong' };
  const answers = await Promise.all(nodes.map((node) => node.call('POST', '/token', { form })));
  for (const { status, json } of answers) {
    expect(status).toBe(401);
    const requestId = String(json['request_id']);
    const kept = await vi.waitUntil(
      () => findDecision(services.db.knex, { requestId, now: services.clock.now() }),
      { timeout: 1000, interval: 20 },
    );
    expect(kept.lines.map(({ words }) => words)).toContain('there is no client "nobody"');
  }
});
