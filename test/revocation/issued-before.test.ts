import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { detachTokenPartition, dropTokenPartition } from '../../src/jobs/store.ts';
import { partitionName } from '../../src/jobs/token-partitions.ts';
import { revoke } from '../../src/revocation/revoke.ts';
import { createWalker } from '../support/browser-walker.ts';
import {
  cookiesOf,
  introspect,
  makeApp,
  obtainTokens,
  post,
  refresh,
  signIn,
  tokensOf,
} from '../support/app.ts';
import { makeApi, makePerson } from '../support/factories.ts';
import { createNode, type Node } from '../support/node.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { readBit, statusOf } from '../support/status.ts';

let server: TestServer;
let node: Node;

beforeAll(async () => {
  server = await startTestServer();
  node = createNode(Number(new URL(server.issuer).port), server.issuer);
  await makeApi(server.services);
});
afterAll(async () => {
  node.close();
  await server.stop();
});

test('a grant that ends for its age takes with it what was refreshed since', async () => {
  const app = await makeApp(server.services);
  const walker = createWalker({ origin: server.issuer });
  await signIn(walker, app, await makePerson(server.services));
  const old = await obtainTokens(node, app, cookiesOf(walker, server.issuer));
  const { knex } = server.database.db;
  await knex('grants').update({ created_at: new Date(Date.now() - 3_600_000) });
  const fresh = tokensOf(await refresh(node, app, old.refresh));
  const machine = await makeApp(server.services, { kind: 'machine', scope: 'orders:read' });
  const form = { grant_type: 'client_credentials', scope: 'orders:read' };
  const { access } = tokensOf(await post(node, machine, '/token', form));
  await revoke(server.services, { issuedBefore: new Date(Date.now() - 1_800_000) }, 'test');
  expect((await refresh(node, app, fresh.refresh)).status).toBe(400);
  expect((await introspect(node, app, fresh.access)).json).toEqual({ active: false });
  expect(await readBit(server.issuer, statusOf(fresh.access))).toBe(1);
  expect(await readBit(server.issuer, statusOf(access))).toBe(0);
});

test('a revocation of everything goes through while a partition of the ledger is dropped', async () => {
  const { db } = server.database;
  const machine = await makeApp(server.services, { kind: 'machine', scope: 'orders:read' });
  const form = { grant_type: 'client_credentials', scope: 'orders:read' };
  const { access } = tokensOf(await post(node, machine, '/token', form));
  const doomed = new Date(Date.now() + 5 * 3_600_000);
  await db.knex.raw(
    `INSERT INTO tokens (jti, client_id, api_id, kid, issued_at, expires_at)
     SELECT jti, client_id, api_id, kid, issued_at, ? FROM tokens WHERE client_id = ?`,
    [doomed, machine.id],
  );
  // Somebody else is at a token of the partition that comes first, so that the revocation waits there.
  const first = await db.knex.transaction();
  const { exp = 0 } = decodeJwt(access);
  await first(partitionName(new Date(exp * 1000)))
    .where({ client_id: machine.id })
    .forUpdate()
    .select('jti');
  const revocation = revoke(server.services, { issuedBefore: new Date(Date.now() + 1000) }, 'test');
  await expect
    .poll(() => db.pool.query('SELECT FROM pg_locks WHERE NOT granted').then(({ rowCount }) => rowCount))
    .toBeGreaterThan(0);
  const name = partitionName(doomed);
  const dropping = detachTokenPartition(db.knex, { name, attached: true, detaching: false }).then(() =>
    dropTokenPartition(db.knex, name),
  );
  await Promise.race([dropping, new Promise((resolve) => setTimeout(resolve, 500))]);
  await first.commit();
  expect((await revocation).tokens).toBeGreaterThanOrEqual(2);
  await dropping;
  expect((await introspect(node, machine, access)).json).toEqual({ active: false });
});
