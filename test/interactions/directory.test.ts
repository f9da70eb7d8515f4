import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { createProvider, type NewProvider } from '../../src/upstream/create-provider.ts';
import type { Page } from '../support/browser-walker.ts';
import { createTestClock, type TestClock } from '../support/clock.ts';
import { makePerson, PASSWORD } from '../support/factories.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { addPerson, BASE, hasSlapd, startSlapd, type Slapd } from '../support/slapd.ts';
import { authorization, BEHIND_PROXY, makeNotes, signIn, walkerFor } from './visit.ts';

const THEIRS = 'a password that only the directory knows';

let server: TestServer;
let slapd: Slapd;
let clock: TestClock;
let clientId: string;

beforeAll(async () => {
  if (!hasSlapd) return;
  clock = createTestClock(new Date());
  [slapd, server] = await Promise.all([startSlapd(), startTestServer({ clock, env: BEHIND_PROXY })]);
  ({ id: clientId } = await makeNotes(server, { firstParty: true }));
  await addDirectory({ name: 'Staff', domains: ['staff.example'] });
  await addDirectory({ name: 'Everybody else' }, { isDefault: true });
  await addDirectory({ name: 'Gone', domains: ['gone.example'] }, { url: 'ldaps://localhost:1' });
});

afterAll(async () => {
  await server?.stop();
  await slapd?.stop();
});

/** So that the latest session is one alone. */
afterEach(() => clock?.advance(1));

function addDirectory(input: Partial<NewProvider>, settings: Readonly<Record<string, unknown>> = {}) {
  return createProvider(server.services, {
    kind: 'ldap',
    name: 'A directory',
    settings: {
      url: slapd.ldapsUrl,
      startTls: false,
      ca: slapd.ca,
      base: BASE,
      bindDn: slapd.reader.dn,
      filter: '(|(uid={identifier})(mail={identifier}))',
      subject: 'entryUUID',
      isDefault: false,
      ...settings,
    },
    secrets: { bindPassword: slapd.reader.password },
    ...input,
    actor: 'test',
  });
}

async function enter(identifier: string, password: string): Promise<Page> {
  const walker = walkerFor(server);
  return signIn(walker, await walker.visit(authorization(clientId)), identifier, password);
}

function codeOf({ leavesTo }: Page): string | null | undefined {
  return leavesTo?.searchParams.get('code');
}

async function accountIdOf(page: Page): Promise<string> {
  expect(codeOf(page)).toBeTruthy();
  const session = await server.services.db
    .knex('sessions')
    .first('account_id')
    .whereNotNull('account_id')
    .orderBy('created_at', 'desc');
  clock.advance(1);
  return session.account_id;
}

describe.skipIf(!hasSlapd)('a person of a directory', () => {
  test('gets an account at their first sign-in, and the same one ever after', async () => {
    await addPerson(slapd, {
      uid: 'grace',
      password: THEIRS,
      mail: 'grace@staff.example',
      more: { cn: 'Grace Hopper' },
    });
    const first = await accountIdOf(await enter('grace@staff.example', THEIRS));
    expect(await accountIdOf(await enter('GRACE@staff.example', THEIRS))).toBe(first);
    const account = await server.services.db
      .knex('accounts')
      .first('email', 'profile', 'username')
      .where({ id: first });
    expect(account).toMatchObject({
      username: 'grace',
      email: 'grace@staff.example',
      profile: { name: 'Grace Hopper' },
    });
  });

  test('is refused with a wrong password, an empty one and a filter for a name', async () => {
    await addPerson(slapd, { uid: 'joan', password: THEIRS, mail: 'joan@staff.example' });
    const wrong = await enter('joan@staff.example', 'something else');
    expect([wrong.status, wrong.leavesTo]).toEqual([422, undefined]);
    expect((await enter('joan@staff.example', '')).status).toBe(422);
    expect((await enter('*', THEIRS)).status).toBe(422);
    expect((await enter('*)(uid=*', THEIRS)).status).toBe(422);
  });

  test('is told that the directory is away, and nobody else is', async () => {
    const page = await enter('ida@gone.example', THEIRS);
    expect(page.status).toBe(503);
    expect(page.headers.get('Retry-After')).toBe('10');
    const { email } = await makePerson(server.services);
    expect(codeOf(await enter(email ?? '', PASSWORD))).toBeTruthy();
  });

  test('is refused after the same time by a right name and by a wrong one', async () => {
    await addPerson(slapd, { uid: 'known', password: THEIRS, mail: 'known@staff.example' });
    const timeOf = async (identifier: string) => {
      const walker = walkerFor(server);
      const form = await walker.visit(authorization(clientId));
      const startedAt = performance.now();
      await signIn(walker, form, identifier, 'something else');
      return performance.now() - startedAt;
    };
    for (const identifier of ['known@staff.example', 'nobody@staff.example', 'nobody', 'known']) {
      expect(await timeOf(identifier)).toBeGreaterThan(395);
    }
  });
});

describe.skipIf(!hasSlapd)('an account of ours', () => {
  test('comes first under its name, and the directory’s person of that name has one of their own', async () => {
    const ours = await makePerson(server.services, { username: 'alice', email: 'alice@example.org' });
    await addPerson(slapd, { uid: 'alice', password: THEIRS });
    expect(await accountIdOf(await enter('alice', PASSWORD))).toBe(ours.id);
    const theirs = await accountIdOf(await enter('alice', THEIRS));
    expect(theirs).not.toBe(ours.id);
    expect(await accountIdOf(await enter('alice', PASSWORD))).toBe(ours.id);
  });

  test('of a directory’s domain is not entered by a password of ours', async () => {
    const { email } = await makePerson(server.services, { email: 'olga@staff.example' });
    const page = await enter(email ?? '', PASSWORD);
    expect([page.status, codeOf(page)]).toEqual([422, undefined]);
  });

  test('with the address of a directory’s person is theirs when they prove both', async () => {
    const ours = await makePerson(server.services, { email: 'rosa@staff.example' });
    await addPerson(slapd, { uid: 'rosa', password: THEIRS, mail: 'rosa@staff.example' });
    const walker = walkerFor(server);
    const asked = await signIn(
      walker,
      await walker.visit(authorization(clientId)),
      'rosa@staff.example',
      THEIRS,
    );
    expect(codeOf(asked)).toBeUndefined();
    const wrong = await signIn(walker, asked, 'rosa@staff.example', 'a guess');
    expect(codeOf(wrong)).toBeUndefined();
    const connect = await signIn(walker, wrong, 'rosa@staff.example', PASSWORD);
    const done = await walker.submit(connect, {}, { name: 'decision', value: 'connect' });
    expect(await accountIdOf(done)).toBe(ours.id);
    expect(await accountIdOf(await enter('rosa@staff.example', THEIRS))).toBe(ours.id);
  });
});

describe.skipIf(!hasSlapd)('guessing', () => {
  test('is slowed down as everywhere, and the right password waits as well', async () => {
    await addPerson(slapd, { uid: 'vera', password: THEIRS, mail: 'vera@staff.example' });
    const attempts = [];
    for (let attempt = 0; attempt < 5; attempt += 1)
      attempts.push(await enter('vera@staff.example', `guess ${attempt}`));
    expect(attempts.map(({ status }) => status)).toEqual([422, 422, 422, 422, 422]);
    expect((await enter('vera@staff.example', THEIRS)).status).toBe(429);
    clock.advance(3600);
    expect(codeOf(await enter('vera@staff.example', THEIRS))).toBeTruthy();
  });
});
