import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { disableClient } from '../../src/revocation/disable-client.ts';
import { revoke } from '../../src/revocation/revoke.ts';
import { makeApp, post, revokeAt, tokensOf, type App } from '../support/app.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { makeApi } from '../support/factories.ts';
import { names, openStream, statusOf } from '../support/status.ts';

let cluster: Cluster;
let app: App;

beforeAll(async () => {
  cluster = await startCluster();
  await makeApi(cluster.services);
  app = await makeApp(cluster.services, { kind: 'machine', scope: 'orders:read' });
});
afterAll(() => cluster.stop());

const basic = ({ id, secret }: App) => `Basic ${Buffer.from(`${id}:${secret ?? ''}`).toString('base64')}`;

function follow(at: 0 | 1, headers: Record<string, string> = {}) {
  const { host } = new URL(cluster.issuer);
  return openStream(cluster.nodes[at].port, { host, authorization: basic(app), ...headers });
}

async function mint(at: 0 | 1 = 0, by: App = app): Promise<string> {
  const form = { grant_type: 'client_credentials', scope: 'orders:read' };
  const answer = await post(cluster.nodes[at], by, '/token', form);
  if (answer.status !== 200) throw new Error(answer.text);
  return tokensOf(answer).access;
}

describe('the stream', () => {
  test('tells readers at every process of what any process revokes', async () => {
    const streams = [await follow(0), await follow(1)];
    for (const stream of streams) {
      expect(stream.headers['content-type']).toBe('text/event-stream');
      expect(stream.headers['cache-control']).toBe('no-store');
      await stream.until(({ event }) => event === 'ready');
    }
    for (const at of [0, 1] as const) {
      const token = await mint(at);
      await revokeAt(cluster.nodes[at], app, token);
      await Promise.all(streams.map((stream) => stream.until((event) => names(event, statusOf(token)))));
    }
    for (const stream of streams) stream.close();
  });

  test('says that it is alive while nothing happens', async () => {
    const stream = await follow(0);
    await expect.poll(() => stream.heartbeats(), { timeout: 5000 }).toBeGreaterThanOrEqual(2);
    stream.close();
  });

  test('goes on where a reader left off, at another process', async () => {
    const first = await follow(0);
    const { id } = await first.until(({ event }) => event === 'ready');
    first.close();
    const tokens = [await mint(), await mint(1), await mint()];
    for (const token of tokens) await revokeAt(cluster.nodes[0], app, token);

    const second = await follow(1, { 'last-event-id': id });
    const ready = await second.until(({ event }) => event === 'ready');
    for (const token of tokens) {
      expect(second.events.some((event) => names(event, statusOf(token)))).toBe(true);
    }
    const ids = second.events.filter(({ id }) => id !== '').map(({ id }) => Number(id));
    expect(ids).toEqual([...ids].sort((a, b) => a - b));
    expect(Number(ready.id)).toBeGreaterThanOrEqual(Number(id) + 3);
    second.close();
  });

  test.each(['999999999', 'abc', '-5', '1e3', ''.padEnd(200, '9')])(
    'tells a reader whose position is %s to fetch its lists again',
    async (position) => {
      const stream = await follow(0, { 'last-event-id': position });
      await stream.until(({ event }) => event === 'ready');
      expect(stream.events[0]?.event).toBe('reset');
      stream.close();
    },
  );

  test('names lists instead of very many bits', async () => {
    const busy = await makeApp(cluster.services, { kind: 'machine', scope: 'orders:read' });
    const token = await mint(0, busy);
    const { knex } = cluster.database.db;
    await knex.raw(
      `INSERT INTO tokens (jti, client_id, api_id, kid, status_list, status_index, issued_at, expires_at)
       SELECT sha256(int4send(n)), t.client_id, t.api_id, t.kid, t.status_list, n, t.issued_at, t.expires_at
       FROM (SELECT * FROM tokens WHERE client_id = ?) t, generate_series(1, 3000) n`,
      [busy.id],
    );
    const stream = await follow(1);
    await stream.until(({ event }) => event === 'ready');
    const { tokens } = await revoke(cluster.services, { client: busy.id }, 'test');
    expect(tokens).toBe(3001);
    const event = await stream.until(({ event }) => event === 'revoked');
    expect(event.data).toEqual({ refetch: [statusOf(token).uri] });
    stream.close();
  });

  test('is for clients with their secret, and no guessing', async () => {
    const answers = await Promise.all(
      [
        {},
        { authorization: 'Basic !!!' },
        { authorization: basic({ ...app, secret: 'gcs_wrong' }) },
        { authorization: basic({ ...app, id: 'cli_nobody' }) },
        { authorization: `Bearer ${''.padEnd(40, 'x')}` },
      ].map((headers) => cluster.nodes[0].call('GET', '/revocations', { headers })),
    );
    for (const { status, headers } of answers) {
      expect(status).toBe(401);
      expect(headers['www-authenticate']).toMatch(/Basic realm=/);
    }
    expect((await cluster.nodes[0].call('POST', '/revocations')).status).toBe(405);
  });

  test('is for clients with a token of their own, while it lives', async () => {
    const token = await mint();
    const stream = await follow(0, { authorization: `Bearer ${token}` });
    await stream.until(({ event }) => event === 'ready');
    stream.close();
    await revokeAt(cluster.nodes[0], app, token);
    const refused = await cluster.nodes[1].call('GET', '/revocations', {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(refused.status).toBe(401);
  });

  test('ends for a client that is disabled', async () => {
    const doomed = await makeApp(cluster.services, { kind: 'machine', scope: 'orders:read' });
    const stream = await follow(1, { authorization: basic(doomed) });
    await stream.until(({ event }) => event === 'ready');
    await disableClient(cluster.services, doomed.id, 'test');
    await stream.ended;
    const refused = await cluster.nodes[1].call('GET', '/revocations', {
      headers: { authorization: basic(doomed) },
    });
    expect(refused.status).toBe(401);
  });
});
