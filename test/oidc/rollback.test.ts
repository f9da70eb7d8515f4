/** T11 and T12: what goes wrong on the way spends nothing, and what is meant to end something ends it although it answers 400. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createWalker } from '../support/browser-walker.ts';
import { makeApi, makePerson } from '../support/factories.ts';
import { createNode, type Answer, type Node } from '../support/node.ts';
import {
  cookiesOf,
  introspect,
  makeApp,
  mintCode,
  obtainTokens,
  redeem,
  refresh,
  signIn,
  tokensOf,
  type App,
} from '../support/app.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let node: Node;
let app: App;
let cookie: string;

beforeAll(async () => {
  server = await startTestServer({ env: { GUICHET_LOG_LEVEL: 'fatal' } });
  node = createNode(Number(new URL(server.issuer).port), server.issuer);
  await makeApi(server.services);
  await makeApi(server.services, { audience: 'https://api.example/other' });
  app = await makeApp(server.services);
  const walker = createWalker({ origin: server.issuer });
  await signIn(walker, app, await makePerson(server.services));
  cookie = cookiesOf(walker, server.issuer);
});
afterAll(async () => {
  node.close();
  await server.stop();
});

/** Refused after the library has consumed what was presented. */
const MISTAKES = {
  'a resource nobody knows': { resource: 'https://api.example/unknown' },
  'a resource that was not granted': { resource: 'https://api.example/other' },
  'a resource that is no URI': { resource: 'orders' },
} as const;

describe.each(Object.entries(MISTAKES))('%s', (_, mistake) => {
  test('costs neither the refresh token nor its family', async () => {
    const tokens = await obtainTokens(node, app, cookie);
    expect((await refresh(node, app, tokens.refresh, mistake)).json['error']).toBe('invalid_target');
    expect((await introspect(node, app, tokens.access)).json['active']).toBe(true);
    expect((await refresh(node, app, tokens.refresh)).status).toBe(200);
  });

  test('does not cost the code', async () => {
    const code = await mintCode(node, app, cookie);
    expect((await redeem(node, app, code, mistake)).json['error']).toBe('invalid_target');
    expect((await redeem(node, app, code)).status).toBe(200);
  });
});

test('a scope that was not granted costs nothing either', async () => {
  const tokens = await obtainTokens(node, app, cookie);
  expect((await refresh(node, app, tokens.refresh, { scope: 'openid orders:write' })).json['error']).toBe(
    'invalid_scope',
  );
  expect((await refresh(node, app, tokens.refresh)).status).toBe(200);
});

describe('an error of the server’s own', () => {
  /** The ledger cannot be written for as long as `work` runs. */
  async function withoutLedger(work: () => Promise<Answer>): Promise<Answer> {
    const { knex } = server.database.db;
    await knex.raw('ALTER TABLE tokens RENAME TO tokens_elsewhere');
    try {
      return await work();
    } finally {
      await knex.raw('ALTER TABLE tokens_elsewhere RENAME TO tokens');
    }
  }

  test('costs neither code nor refresh token, and lets nothing out', async () => {
    const code = await mintCode(node, app, cookie);
    const failed = await withoutLedger(() => redeem(node, app, code));
    expect([failed.status, failed.json['access_token']]).toEqual([500, undefined]);
    const redeemed = await redeem(node, app, code);
    expect(redeemed.status).toBe(200);

    const { refresh: token } = tokensOf(redeemed);
    expect((await withoutLedger(() => refresh(node, app, token))).status).toBe(500);
    expect((await refresh(node, app, token)).status).toBe(200);
  });
});

test('a replay is answered 400, and what it ends has ended in the database by then', async () => {
  const code = await mintCode(node, app, cookie);
  const tokens = tokensOf(await redeem(node, app, code));
  expect((await redeem(node, app, code)).status).toBe(400);
  const { knex } = server.database.db;
  const alive = await knex('tokens')
    .where({ client_id: app.id })
    .whereNull('revoked_at')
    .whereIn('grant_id', knex('grants').select('id').whereNotNull('revoked_at'));
  expect(alive).toEqual([]);
  expect((await introspect(node, app, tokens.access)).json).toEqual({ active: false });
});

test('a replay that many make is one event', async () => {
  const { knex } = server.database.db;
  const count = async () =>
    Number((await knex('audit_events').where({ type: 'revoked' }).count<{ count: string }[]>())[0]?.count);
  const code = await mintCode(node, app, cookie);
  await redeem(node, app, code);
  const before = await count();
  await Promise.all(Array.from({ length: 16 }, () => redeem(node, app, code)));
  expect(await count()).toBe(before + 1);
});
