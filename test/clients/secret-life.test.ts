import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { warnOfExpiry } from '../../src/clients/warn-of-expiry.ts';
import { createCli, line, type Cli } from '../support/cli.ts';
import { createTestClock, type TestClock } from '../support/clock.ts';
import { makeApi, makeClient, ORDERS } from '../support/factories.ts';
import { createNode, type Node } from '../support/node.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

vi.setConfig({ testTimeout: 60_000 });

const DAY_SECONDS = 86_400;

let database: TestDatabase;
let server: TestServer;
let node: Node;
let clock: TestClock;
let cli: Cli;

beforeAll(async () => {
  database = await createTestDatabase();
  clock = createTestClock(new Date());
  server = await startTestServer({ database, clock });
  node = createNode(Number(new URL(server.issuer).port), server.issuer);
  await makeApi(server.services);
  const { config } = server.services;
  cli = createCli({
    GUICHET_DATABASE_URL: database.url,
    GUICHET_DATA_DIR: config.dataDir,
    GUICHET_ISSUER: config.issuer,
  });
});
afterAll(async () => {
  node.close();
  await server.stop();
  await database.drop();
});

function makeMachine(input: { secretTtlSeconds?: number } = {}) {
  const apis = [{ audience: ORDERS, scopes: ['orders:read'] }];
  return makeClient(server.services, 'machine', { apis, defaultAudience: ORDERS, ...input });
}

/** 200: the client is who it says. Nothing is issued, so that the clock may go where there are no partitions for tokens. */
async function statusOf(id: string, secret: unknown, at: Node = node): Promise<number> {
  const authorization = `Basic ${Buffer.from(`${id}:${String(secret)}`).toString('base64')}`;
  const form = { token: 'none' };
  return (await at.call('POST', '/token/revocation', { headers: { authorization }, form })).status;
}

async function secretsOf(id: string): Promise<Record<string, unknown>[]> {
  const { secrets } = await cli.json(line`clients secrets ${id}`);
  return secrets as Record<string, unknown>[];
}

test('the doctor names the clients that will be without one', async () => {
  const { id } = await makeMachine({ secretTtlSeconds: 5 * DAY_SECONDS });
  const { stdout } = await cli(line`doctor`);
  expect(stdout).toMatch(new RegExp(`warning secrets +The last secret of .*${id}`));
});

test('a use is noted in memory, and written for whoever asks which of two is still in use', async () => {
  const { id, secret } = await makeMachine();
  const second = await cli.json(line`clients rotate-secret ${id} --overlap 3600`);
  await vi.waitFor(async () => expect(await statusOf(id, second['client_secret'])).toBe(200));
  expect(await statusOf(id, 'gcs_wrong')).toBe(401);
  const usedAt = clock.now().toISOString();
  expect((await secretsOf(id)).map((each) => each['last_used_at'])).toEqual([null, null]);
  await server.services.secretUses.flush();
  expect((await secretsOf(id)).map((each) => each['last_used_at'])).toEqual([null, usedAt]);

  // A process that saw it earlier does not put it back.
  clock.advance(-600);
  expect(await statusOf(id, second['client_secret'])).toBe(200);
  await server.services.secretUses.flush();
  clock.advance(600);
  expect((await secretsOf(id))[1]).toMatchObject({ last_used_at: usedAt, expires_at: null });

  const [first, last] = await secretsOf(id);
  await cli.json(line`clients revoke-secret ${id} ${String(first?.['id'])}`);
  await vi.waitFor(async () => expect(await statusOf(id, secret)).toBe(401));
  expect(await cli(line`clients revoke-secret ${id} ${String(last?.['id'])}`)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('Rotate it without overlap'),
  });
  expect(await cli(line`clients revoke-secret ${id} sec_none`)).toMatchObject({ exitCode: 1 });
  expect(await statusOf(id, second['client_secret'])).toBe(200);
});

test('what was noted is written when a server stops', async () => {
  const { id, secret } = await makeMachine();
  const other = await startTestServer({ database, clock });
  const theirs = createNode(Number(new URL(other.issuer).port), other.issuer);
  expect(await statusOf(id, secret, theirs)).toBe(200);
  theirs.close();
  await other.stop();
  expect((await secretsOf(id))[0]).toMatchObject({ last_used_at: clock.now().toISOString() });
});

test('a secret that expires says so, is warned of once, and then works no more', async () => {
  const { id, secret } = await makeMachine({ secretTtlSeconds: 30 * DAY_SECONDS });
  const rotated = await cli.json(line`clients rotate-secret ${id} --overlap 60 --expires-in 20`);
  const endsAt = Number(rotated['client_secret_expires_at']);
  expect(Math.abs(endsAt - Math.floor(Date.now() / 1000) - 20 * DAY_SECONDS)).toBeLessThan(120);
  expect(await cli.json(line`clients show ${id}`)).toMatchObject({ client_id: id });
  await vi.waitFor(async () => expect(await statusOf(id, rotated['client_secret'])).toBe(200));
  expect(await statusOf(id, secret)).toBe(200);

  const warnings = async () => {
    await Promise.all([warnOfExpiry(server.services), warnOfExpiry(server.services)]);
    const where = { type: 'client.secret-expiring', client_id: id };
    return server.database.db.knex('audit_events').pluck('detail').where(where);
  };
  // The first of the two ends soon, but then there is the other one.
  expect(await warnings()).toEqual([]);
  clock.advance(7 * DAY_SECONDS);
  expect(await statusOf(id, secret)).toBe(401);
  const [warning, ...more] = await warnings();
  expect(more).toEqual([]);
  const { expiresAt } = warning as { expiresAt: string };
  expect(Math.floor(new Date(expiresAt).getTime() / 1000)).toBe(endsAt);
  expect(await statusOf(id, rotated['client_secret'])).toBe(200);
  clock.advance(14 * DAY_SECONDS);
  expect(await statusOf(id, rotated['client_secret'])).toBe(401);
  expect(await warnings()).toHaveLength(1);
});

test.each([0, 1.5, 10 ** 10])('a secret does not live for %d seconds', async (secretTtlSeconds) => {
  await expect(makeMachine({ secretTtlSeconds })).rejects.toMatchObject({ code: 'invalid_secret_ttl' });
});
