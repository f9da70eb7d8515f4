/**
 * I14: while the database is away nothing is granted, nothing is called active from memory, and every client is told to come
 * again (503 with Retry-After; RFC 7009 §2.2.1). When it is back, so is the server, without a restart.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createWalker } from '../support/browser-walker.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startDatabaseProxy, type DatabaseProxy } from '../support/database-proxy.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { makeApi, makePerson } from '../support/factories.ts';
import type { Answer, Node } from '../support/node.ts';
import {
  authorizationParams,
  authorize,
  cookiesOf,
  introspect,
  makeApp,
  mintCode,
  obtainTokens,
  post,
  redeem,
  refresh,
  revokeAt,
  signIn,
  userinfo,
  type App,
  type Tokens,
} from '../support/app.ts';

let database: TestDatabase;
let proxy: DatabaseProxy;
let cluster: Cluster;
let cookie: string;
let app: App;
let opaque: App;
let machine: App;

beforeAll(async () => {
  database = await createTestDatabase();
  proxy = await startDatabaseProxy(database.connection);
  cluster = await startCluster({ database: { url: proxy.url, db: database.db }, verbsUrl: database.url });
  const { services, issuer } = cluster;
  await makeApi(services);
  app = await makeApp(services);
  opaque = await makeApp(services, { resource: null });
  machine = await makeApp(services, { kind: 'machine' });
  const walker = createWalker({ origin: issuer });
  await signIn(walker, app, await makePerson(services));
  cookie = cookiesOf(walker, issuer);
});
afterAll(async () => {
  await cluster.stop();
  await proxy.close();
  await database.drop();
});

function machineToken(node: Node): Promise<Answer> {
  return post(node, machine, '/token', { grant_type: 'client_credentials' });
}

interface Held {
  readonly code: string;
  readonly jwt: Tokens;
  readonly opaque: Tokens;
}

async function holdThings(): Promise<Held> {
  const [node] = cluster.nodes;
  return {
    jwt: await obtainTokens(node, app, cookie),
    opaque: await obtainTokens(node, opaque, cookie),
    code: await mintCode(node, app, cookie),
  };
}

/** Every request that needs the database, on both processes, one after the other and all at once. */
function requestsOf(node: Node, held: Held): Record<string, () => Promise<Answer>> {
  return {
    'client credentials': () => machineToken(node),
    code: () => redeem(node, app, held.code),
    refresh: () => refresh(node, app, held.jwt.refresh),
    'introspection of a JWT': () => introspect(node, app, held.jwt.access),
    'introspection of an opaque token': () => introspect(node, opaque, held.opaque.access),
    'introspection of a refresh token': () => introspect(node, app, held.jwt.refresh),
    'revocation of a JWT': () => revokeAt(node, app, held.jwt.access),
    'revocation of a refresh token': () => revokeAt(node, app, held.jwt.refresh),
    userinfo: () => userinfo(node, held.opaque.access),
    authorization: () => authorize(node, app, cookie),
    'pushed authorization': () => post(node, app, '/request', authorizationParams(app)),
  };
}

async function untilServing(): Promise<void> {
  for (const node of cluster.nodes) {
    for (let turn = 0; ; turn += 1) {
      const answer = await machineToken(node).catch(() => undefined);
      if (answer?.status === 200) break;
      if (turn === 500) throw new Error(`not back: ${answer?.text}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

const OUTAGES = {
  'cannot be reached': () => proxy.cut(),
  'does not answer': async () => proxy.silence(),
} as const;

describe.each(Object.entries(OUTAGES))('a database that %s', (_, begin) => {
  test('lets nothing be granted, revoked or called active, and nothing is lost by it', async () => {
    const held = await holdThings();
    await begin();
    try {
      const requests = cluster.nodes.flatMap((node) => Object.entries(requestsOf(node, held)));
      const answers = await Promise.all(requests.map(([, request]) => request()));
      const told = answers.map(({ status, text }, index) => [
        requests[index]?.[0],
        status,
        status === 503 ? '' : text,
      ]);
      expect(told).toEqual(requests.map(([name]) => [name, 503, '']));
      for (const { headers, text } of answers) {
        expect(headers['retry-after']).toMatch(/^\d+$/);
        expect(headers['cache-control']).toContain('no-store');
        expect(text).not.toContain('active');
      }
    } finally {
      await proxy.restore();
    }

    await untilServing();
    const [node] = cluster.nodes;
    expect((await introspect(node, app, held.jwt.access)).json).toMatchObject({ active: true });
    expect((await introspect(node, opaque, held.opaque.access)).json).toMatchObject({ active: true });
    expect((await refresh(node, app, held.jwt.refresh)).status).toBe(200);
    expect((await redeem(node, app, held.code)).status).toBe(200);
  }, 60_000);

  test('leaves the processes alive but not ready, until it is back', async () => {
    const probe = async (path: string) => (await cluster.nodes[0].call('GET', path)).status;
    expect([await probe('/livez'), await probe('/readyz')]).toEqual([200, 200]);
    await begin();
    try {
      expect([await probe('/livez'), await probe('/readyz')]).toEqual([200, 503]);
    } finally {
      await proxy.restore();
    }
    await untilServing();
    expect(await probe('/readyz')).toBe(200);
  }, 60_000);
});
