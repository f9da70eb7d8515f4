/** What the stream of revocations does when there is very much to tell, or nobody to listen. */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { LIST_SIZE, NAMED_INDEXES_MAX } from '../../src/revocation/status-list.ts';
import { revoke } from '../../src/revocation/revoke.ts';
import { makeApp, post, type App } from '../support/app.ts';
import { makeApi } from '../support/factories.ts';
import { createNode, type Node } from '../support/node.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { openStream } from '../support/status.ts';

let server: TestServer;
let node: Node;
let reader: App;

beforeAll(async () => {
  server = await startTestServer();
  node = createNode(Number(new URL(server.issuer).port), server.issuer);
  await makeApi(server.services);
  reader = await makeApp(server.services, { kind: 'machine', scope: 'orders:read' });
});
afterAll(async () => {
  node.close();
  await server.stop();
});

function follow(headers: Record<string, string> = {}) {
  const secret = Buffer.from(`${reader.id}:${reader.secret ?? ''}`).toString('base64');
  const { host } = new URL(server.issuer);
  return openStream(node.port, { host, authorization: `Basic ${secret}`, ...headers });
}

/** A client with as many tokens in each of so many lists, as if so many processes had issued them. */
async function makeBusyApp({ lists, tokens }: { lists: number; tokens: number }): Promise<App> {
  const app = await makeApp(server.services, { kind: 'machine', scope: 'orders:read' });
  const answer = await post(node, app, '/token', { grant_type: 'client_credentials', scope: 'orders:read' });
  if (answer.status !== 200) throw new Error(answer.text);
  const { pool } = server.database.db;
  const { rows } = await pool.query<{ no: number }>(
    `INSERT INTO status_lists (id, size, leased_until, expires_at)
     SELECT 'stl_' || left(md5(random()::text), 22), $1, now() + interval '1 hour', now() + interval '1 day'
     FROM generate_series(1, $2::int) RETURNING no`,
    [LIST_SIZE, lists],
  );
  await pool.query(
    `INSERT INTO tokens (jti, client_id, api_id, kid, status_list, status_index, issued_at, expires_at)
     SELECT sha256(int4send(n) || int4send(list)), t.client_id, t.api_id, t.kid, list, n, t.issued_at, t.expires_at
     FROM (SELECT * FROM tokens WHERE client_id = $1) t, unnest($2::int[]) list, generate_series(1, $3::int) n`,
    [app.id, rows.map(({ no }) => no), tokens],
  );
  return app;
}

test(
  'a revocation of a hundred thousands of tokens in one list reaches every reader',
  { timeout: 60_000 },
  async () => {
    const busy = await makeBusyApp({ lists: 1, tokens: 130_000 });
    const stream = await follow();
    const { id } = await stream.until(({ event }) => event === 'ready');
    await revoke(server.services, { client: busy.id }, 'test');
    const { data } = await stream.until(({ event }) => event === 'revoked');
    expect(data.refetch).toHaveLength(1);
    stream.close();

    const again = await follow({ 'last-event-id': id });
    await again.until(({ event }) => event === 'ready');
    expect(again.events[0]?.data.refetch).toEqual(data.refetch);
    again.close();
  },
);

test('a revocation in many lists does not make good readers look slow', { timeout: 60_000 }, async () => {
  const busy = await makeBusyApp({ lists: 40, tokens: NAMED_INDEXES_MAX });
  const stream = await follow();
  let ended = false;
  void stream.ended.then(() => (ended = true));
  const { id } = await stream.until(({ event }) => event === 'ready');
  await revoke(server.services, { client: busy.id }, 'test');
  const { data } = await Promise.race([
    stream.until(({ event }) => event === 'revoked'),
    stream.ended.then(() => Promise.reject(new Error('the reader was cut off'))),
  ]);
  // One more for the list that the server itself fills.
  expect(Object.keys(data.lists ?? {}).length + (data.refetch?.length ?? 0)).toBe(41);
  expect(ended).toBe(false);
  stream.close();

  const again = await follow({ 'last-event-id': id });
  await Promise.race([
    again.until(({ event }) => event === 'ready'),
    again.ended.then(() => Promise.reject(new Error('the reader was cut off'))),
  ]);
  again.close();
});

test('a reader that stops reading is cut off, and the others are not', { timeout: 60_000 }, async () => {
  const { db } = server.database;
  const busy = await makeBusyApp({ lists: 1, tokens: 1 });
  const hung = await follow();
  const good = await follow();
  for (const stream of [hung, good]) await stream.until(({ event }) => event === 'ready');
  hung.pause();
  let goodEnded = false;
  void good.ended.then(() => (goodEnded = true));
  const dropped = async () => {
    const { values } = await server.services.metrics.streamsDropped.get();
    return values.find(({ labels }) => labels.reason === 'slow')?.value ?? 0;
  };
  const before = await dropped();
  // What the kernel takes on its own comes first: some megabytes. Each change is 14 kB of text.
  for (let turn = 0; turn < 2000 && (await dropped()) === before; turn += 1) {
    await db.pool.query(
      `INSERT INTO status_changes (list_no, indexes, changed_at)
       SELECT max(status_list), (SELECT string_agg(int4send(1000000 + n), ''::bytea) FROM generate_series(1, 1900) n), now()
       FROM tokens WHERE client_id = $1`,
      [busy.id],
    );
    await server.services.statusBoard.confirm();
  }
  expect(await dropped()).toBe(before + 1);
  expect(goodEnded).toBe(false);
  const { id } = await db.knex('status_changes').max({ id: 'position' }).first<{ id: number }>();
  await good.until((event) => Number(event.id) === id);
  good.close();
  hung.close();
});
