import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { findAccountByIdentifier } from '../../src/accounts/store.ts';
import { invite } from '../../src/interactions/invite.ts';
import { walkerFor } from '../interactions/visit.ts';
import { createCli, line, type Cli } from '../support/cli.ts';
import { makePerson } from '../support/factories.ts';
import { receiveLink } from '../support/mailbox.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** Each command is a process of half a second, several times that on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

const CHOSEN = 'marble lantern orbit thistle';

let server: TestServer;
let cli: Cli;

beforeAll(async () => {
  server = await startTestServer({ env: { GUICHET_REGISTRATION: 'invite' } });
  const env = { GUICHET_DATABASE_URL: server.database.url, GUICHET_ISSUER: server.issuer };
  cli = createCli({ ...env, GUICHET_REGISTRATION: 'invite' });
});
afterAll(() => server.stop());

async function join(link: string, fields: Record<string, string> = {}) {
  const walker = walkerFor(server);
  return walker.submit(await walker.visit(link), { password: CHOSEN, repeat: CHOSEN, ...fields });
}

function find(email: string) {
  return findAccountByIdentifier(server.services.db.knex, email);
}

test('an invitation is mailed and printed; one of the two links makes the account, and then neither does', async () => {
  const invited = await cli.json(line`users invite Grace@Example.org --name ${'Grace Hopper'}`);
  expect(invited).toMatchObject({ email: 'grace@example.org', mailed: true });
  const printed = String(invited['url']);
  expect(printed).toContain(`${server.issuer}/registration?token=`);
  const mailed = await receiveLink(server.services, 'grace@example.org');
  const walker = walkerFor(server);
  expect((await walker.visit(printed)).html).toContain('value="Grace Hopper"');
  // The mail shows that the mailbox is theirs.
  await join(mailed, { name: 'Amazing Grace' });
  expect(await find('grace@example.org')).toMatchObject({
    emailVerified: true,
    profile: { name: 'Amazing Grace' },
  });
  for (const link of [printed, mailed]) expect((await walker.visit(link)).status).toBe(400);
  const again = await cli(line`users invite grace@example.org`);
  expect([again.exitCode, again.stderr]).toEqual([1, expect.stringContaining('email_taken')]);
});

test('a link that an operator hands on proves no address', async () => {
  const actor = 'test';
  const { url } = await invite(server.services, { email: 'ada@elsewhere.example', actor });
  await join(url);
  expect(await find('ada@elsewhere.example')).toMatchObject({ emailVerified: false });
});

test('a second invitation replaces the first, printed link included', async () => {
  const { url } = await invite(server.services, { email: 'mary@example.org', actor: 'test' });
  const mailed = await receiveLink(server.services, 'mary@example.org');
  const again = await invite(server.services, { email: 'mary@example.org', actor: 'test' });
  const walker = walkerFor(server);
  const statuses = [];
  for (const link of [url, mailed, again.url]) statuses.push((await walker.visit(link)).status);
  expect(statuses).toEqual([400, 400, 200]);
});

test('nobody is invited where nobody can join', async () => {
  const { config } = server.services;
  const closed = {
    ...server.services,
    config: { ...config, registration: { mode: 'off', domains: [] } as const },
  };
  await expect(invite(closed, { email: 'x@example.org', actor: 'test' })).rejects.toMatchObject({
    code: 'registration_off',
  });
});

test('an operator starts a reset and never sees the link', async () => {
  const person = await makePerson(server.services, { password: undefined });
  const { exitCode, stdout } = await cli([...line`users send-reset`, person.email ?? '']);
  expect(exitCode).toBe(0);
  const path = await receiveLink(server.services, person.email ?? '');
  expect(stdout).not.toContain('token');
  await join(path);
  expect(await find(person.email ?? '')).toMatchObject({ hasPassword: true, emailVerified: true });
});
