import { afterAll, beforeAll, expect, test } from 'vitest';

import { findAccount } from '../../src/accounts/store.ts';
import type { Account } from '../../src/accounts/account.ts';
import { requirePasswordChange } from '../../src/revocation/require-password-change.ts';
import type { Page, Walker } from '../support/browser-walker.ts';
import { createCli, line } from '../support/cli.ts';
import { createTestClock, type TestClock } from '../support/clock.ts';
import { makePerson, PASSWORD } from '../support/factories.ts';
import { giveTotp } from '../support/factors.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { authorization, BEHIND_PROXY, makeNotes, signIn, walkerFor } from './visit.ts';

const NEW = 'a quite different sentence';

let server: TestServer;
let clock: TestClock;
let clientId: string;

beforeAll(async () => {
  clock = createTestClock(new Date());
  server = await startTestServer({ clock, env: BEHIND_PROXY });
  ({ id: clientId } = await makeNotes(server, { firstParty: true }));
});

afterAll(() => server.stop());

const hasLeft = (page: Page) => page.leavesTo?.searchParams.has('code') === true;
const stepOf = (page: Page) => page.url.pathname.split('/').at(-1);

async function afterPassword(person: Account, password = PASSWORD, walker = walkerFor(server)) {
  const form = await walker.visit(authorization(clientId));
  return { walker, page: await signIn(walker, form, person.email ?? '', password) };
}

function choose(walker: Walker, page: Page, password: string, repeat = password): Promise<Page> {
  return walker.submit(page, { password, repeat }, { form: '/new-password' });
}

test('the next sign-in leads to a new password, and nowhere else before it is chosen', async () => {
  const person = await makePerson(server.services);
  const before = await afterPassword(person);
  expect(hasLeft(before.page)).toBe(true);
  await requirePasswordChange(server.services, person.id, 'test');

  // Who was signed in is so no more.
  const visited = await before.walker.visit(authorization(clientId, { prompt: 'none' }));
  expect(visited.leavesTo?.searchParams.get('error')).toBe('login_required');
  const { walker, page } = await afterPassword(person);
  expect([stepOf(page), page.heading]).toEqual(['new-password', 'Choose a new password']);
  for (const step of ['', '/enrol', '/second-factor', '/consent', '/recovery-codes']) {
    const elsewhere = await walker.visit(page.url.pathname.replace('/new-password', step));
    expect(hasLeft(elsewhere)).toBe(false);
  }
  for (const [password, repeat, words] of [
    ['', '', 'Choose a password.'],
    [NEW, `${NEW}!`, 'not the same'],
    ['short', 'short', 'too short'],
    [PASSWORD, PASSWORD, 'This is the password you have now'],
  ] as const) {
    const refused = await choose(walker, page, password, repeat);
    expect(refused.status).toBe(422);
    expect(refused.text).toContain(words);
  }
  expect(hasLeft(await choose(walker, page, NEW))).toBe(true);
  expect((await findAccount(server.services.db.knex, person.id))?.passwordChangeRequired).toBe(false);
  expect((await afterPassword(person)).page.status).toBe(422);
  expect(hasLeft((await afterPassword(person, NEW)).page)).toBe(true);
  const mails = await server.database.db.knex('mails').where({ account_id: person.id }).select('kind');
  expect(mails).toContainEqual({ kind: 'password-changed' });
});

test('of two who know the old password, the second to choose a new one has come too late', async () => {
  const person = await makePerson(server.services);
  await requirePasswordChange(server.services, person.id, 'test');
  const [one, other] = [await afterPassword(person), await afterPassword(person)];
  const outcomes = await Promise.all([
    choose(one.walker, one.page, `${NEW} of one`),
    choose(other.walker, other.page, `${NEW} of another`),
  ]);
  expect(outcomes.filter(hasLeft)).toHaveLength(1);
});

test('whoever has a second factor shows it first', async () => {
  const person = await makePerson(server.services);
  const app = await giveTotp(server.services, person);
  await requirePasswordChange(server.services, person.id, 'test');
  const { walker, page } = await afterPassword(person);
  expect(stepOf(page)).toBe('second-factor');
  const early = await walker.visit(page.url.pathname.replace('second-factor', 'new-password'));
  expect(stepOf(early)).not.toBe('new-password');
  const next = await walker.submit(page, { code: app.code(clock.now()) }, { form: '/second-factor' });
  expect(stepOf(next)).toBe('new-password');
  expect(hasLeft(await choose(walker, next, NEW))).toBe(true);
});

test('an operator starts it, and never sees or chooses the password', async () => {
  const person = await makePerson(server.services);
  const cli = createCli({ GUICHET_DATABASE_URL: server.database.url });
  const email = person.email ?? '';
  const done = await cli.json(line`users require-password-change ${email}`);
  expect(done).toMatchObject({ id: person.id, tokens_revoked: 0 });
  expect(await cli.json(line`users show ${email}`)).toMatchObject({ password_change_required: true });
  const nobody = await makePerson(server.services, { password: undefined });
  expect((await cli(line`users require-password-change ${nobody.id}`)).stderr).toContain('no password');
  const events = await server.database.db
    .knex('audit_events')
    .where({ type: 'account.password-change-required', account_id: person.id })
    .select('actor');
  expect(events).toEqual([{ actor: 'cli' }]);
});
