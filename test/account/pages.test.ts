import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

import type { Account } from '../../src/accounts/account.ts';
import { findAccount } from '../../src/accounts/store.ts';
import { record } from '../../src/audit/record.ts';
import { listSessions } from '../../src/sessions/list-sessions.ts';
import {
  authorizationPath,
  cookiesOf,
  introspect,
  makeApp,
  obtainTokens,
  signIn,
  type App,
} from '../support/app.ts';
import type { Page, Walker } from '../support/browser-walker.ts';
import { makeApi, makePerson } from '../support/factories.ts';
import { createNode, type Node } from '../support/node.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { findAll, textOf } from '../support/html.ts';
import { BEHIND_PROXY } from '../interactions/visit.ts';
import { forge, isSignedIn, openAccount } from './visit.ts';

let server: TestServer;
let node: Node;
/** The account pages follow what it asked for; people are asked for consent. */
let notes: App;

beforeAll(async () => {
  server = await startTestServer({ env: BEHIND_PROXY });
  node = createNode(Number(new URL(server.issuer).port), server.issuer);
  await makeApi(server.services);
  notes = await makeApp(server.services, {
    firstParty: false,
    scope: 'openid email offline_access orders:read',
    metadata: { client_name: 'Atelier Notes' },
  });
});

afterAll(async () => {
  node.close();
  await server.stop();
});

const HOSTILE = '"><script>alert(1)</script>';

/** The titles of a page's entries. */
function entries(page: Page): string[] {
  return findAll(page.document, 'h2').map(textOf);
}

async function connectNotes(walker: Walker, person: Account) {
  await signIn(walker, notes, person, { prompt: 'login consent' });
  return obtainTokens(node, notes, cookiesOf(walker, server.issuer));
}

async function isActive(access: string): Promise<unknown> {
  return (await introspect(node, notes, access)).json['active'];
}

async function sessionsOf(person: Account): Promise<string[]> {
  const { db, clock, config } = server.services;
  const query = {
    now: clock.now(),
    idleSeconds: config.sessions.idleSeconds,
    limit: 10,
    accountId: person.id,
  };
  return (await listSessions(db.knex, query)).map((session) => session.id);
}

describe('the profile', () => {
  test('is changed field by field, and sent twice it is changed once', async () => {
    const person = await makePerson(server.services, {
      profile: {
        name: 'Ada Lovelace',
        gender: 'female',
        phone_number: '+44 20 7946 0018',
        phone_number_verified: true,
      },
    });
    const { walker, page } = await openAccount(server, person, { path: '/account/profile' });
    const fields = {
      name: HOSTILE,
      given_name: '  Ada ',
      phone_number: '+44 20 7946 0019',
      zoneinfo: 'Europe/Paris',
    };
    const saved = await walker.submit(page, fields, { form: '/save' });
    expect([saved.url.pathname, saved.text]).toEqual([
      '/account/profile',
      expect.stringContaining('Your changes are saved.'),
    ]);
    expect(saved.html).not.toContain('<script>');
    expect((await walker.visit('/account/profile')).text).not.toContain('Your changes are saved.');
    await walker.submit(page, fields, { form: '/save' });

    expect((await findAccount(server.services.db.knex, person.id))?.profile).toEqual({
      name: HOSTILE,
      given_name: 'Ada',
      gender: 'female',
      phone_number: '+44 20 7946 0019',
      zoneinfo: 'Europe/Paris',
    });
    const events = await walker.visit('/account/activity');
    expect(events.text.match(/Profile changed/g)).toHaveLength(1);
    expect(events.text).toContain('Europe/Paris');
  });

  test.each([
    ['name', 'x'.repeat(501)],
    ['birthdate', 'last spring'],
    ['phone_number', '12345'],
    ['website', 'javascript:alert(1)'],
    ['picture', 'data:image/png;base64,AA'],
    ['locale', 'en_US!'],
    ['zoneinfo', 'Europe/Atlantis'],
  ])('with a wrong %s comes back with what was typed, and says so beside the field', async (field, value) => {
    const { walker, page } = await openAccount(server, await shared(), { path: '/account/profile' });
    const refused = await walker.submit(page, { nickname: 'Countess', [field]: value }, { form: '/save' });
    expect(refused.status).toBe(422);
    const input = findAll(refused.document, 'input', 'select').find(
      ({ attributes }) => attributes['id'] === field,
    );
    expect(input?.attributes).toMatchObject({
      'aria-invalid': 'true',
      'aria-describedby': `${field}-problem`,
    });
    expect(refused.html).toContain('value="Countess"');
    expect((await walker.visit('/account/profile')).html).not.toContain('Countess');
  });

  test('changes nothing but what the page is for', async () => {
    const person = await makePerson(server.services);
    const { walker, page } = await openAccount(server, person, { path: '/account/profile' });
    await forge(walker, page, '/account/profile/save', {
      email: 'evil@example.org',
      email_verified: 'true',
      phone_number_verified: 'true',
      username: 'root',
      id: 'usr_other',
    });
    const after = await findAccount(server.services.db.knex, person.id);
    expect({ ...after, updatedAt: 0 }).toEqual({ ...person, updatedAt: 0 });
  });
});

/** Somebody for tests that change nothing. */
let nobodySpecial: Promise<Account> | undefined;
function shared(): Promise<Account> {
  nobodySpecial ??= makePerson(server.services);
  return nobodySpecial;
}

describe('apps with access', () => {
  test('are shown in words, and what they hold ends when access is withdrawn', async () => {
    const person = await makePerson(server.services);
    const { walker } = await openAccount(server, person);
    const tokens = await connectNotes(walker, person);
    expect(await isActive(tokens.access)).toBe(true);

    const page = await walker.visit('/account/apps');
    expect(entries(page)).toEqual(['Atelier Notes']);
    for (const word of [
      'See your e-mail address',
      'In Orders, it can',
      'Read your orders',
      'while you are away',
    ]) {
      expect(page.text).toContain(word);
    }
    const left = await walker.submit(page, {}, { form: `/withdraw/${notes.id}` });
    expect(left.text).toContain('Atelier Notes has no access any more. One access token ended too.');
    expect(entries(left)).toEqual([]);
    expect(await isActive(tokens.access)).toBe(false);
    expect(await isActive(tokens.refresh)).toBe(false);
    // Asked again as if it had never been allowed.
    const asked = await walker.visit(authorizationPath(notes, { prompt: 'consent' }));
    expect(asked.text).toContain('Atelier Notes');
    expect((await walker.submit(page, {}, { form: `/withdraw/${notes.id}` })).status).toBe(404);
  });

  test('of ours are marked as such; these pages are not among them', async () => {
    const person = await makePerson(server.services);
    const intranet = await makeApp(server.services, { metadata: { client_name: 'Intranet' } });
    const { walker } = await openAccount(server, person);
    await obtainTokens(node, intranet, cookiesOf(walker, server.issuer));
    const page = await walker.visit('/account/apps');
    expect(entries(page)).toEqual(['Intranet Part of this service']);
  });

  test('of somebody else stay as they are', async () => {
    const person = await makePerson(server.services);
    const { walker } = await openAccount(server, person);
    const { access } = await connectNotes(walker, person);
    const stranger = await openAccount(server, await makePerson(server.services), { path: '/account/apps' });
    for (const id of [notes.id, 'guichet-account', 'no-such-client']) {
      const refused = await forge(stranger.walker, stranger.page, `/account/apps/withdraw/${id}`);
      expect(refused.status).toBe(404);
    }
    expect(await isActive(access)).toBe(true);
  });
});

describe('sessions', () => {
  test('are listed, this one marked, with the apps that joined; one is ended, or all others', async () => {
    const person = await makePerson(server.services);
    const [here, there, elsewhere] = [
      await openAccount(server, person),
      await openAccount(server, person),
      await openAccount(server, person),
    ];
    await signIn(there.walker, notes, person, { prompt: 'login consent' });
    const page = await here.walker.visit('/account/sessions');
    expect(entries(page)).toHaveLength(3);
    expect(entries(page)[0]).toContain('This browser');
    expect(page.text).toContain('Atelier Notes');

    const left = await here.walker.submit(page, {}, { form: await endFormFor(page, elsewhere) });
    expect(left.text).toContain('The session has ended.');
    expect(await isSignedIn(elsewhere.walker)).toBe(false);
    expect(await isSignedIn(there.walker)).toBe(true);

    const alone = await here.walker.submit(left, {}, { form: '/end-others' });
    expect(entries(alone)).toHaveLength(1);
    expect(await isSignedIn(there.walker)).toBe(false);
    const again = await here.walker.submit(left, {}, { form: '/end-others' });
    expect(again.text).toContain('You are signed in nowhere else.');
    expect((await here.walker.submit(page, {}, { form: '/end-all' })).heading).toBe('You are signed out');
    expect(await sessionsOf(person)).toEqual([]);
  });

  test.each([
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Linux'],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140',
      'Edge on Windows',
    ],
    ['curl/8.5.0', 'Unknown device'],
    [`Firefox/${HOSTILE.repeat(300)}`, 'Firefox'],
    ['\u00e9\u00ff\u0001'.slice(0, 2), 'Unknown device'],
  ])('say in words what %.40s… is, and from where', async (userAgent, words) => {
    const headers = { 'User-Agent': userAgent, 'X-Forwarded-For': '2001:db8:5e55::1' };
    const { page, walker } = await openAccount(server, await makePerson(server.services), {
      path: '/account/sessions',
      headers,
    });
    expect(entries(page)).toEqual([`${words} This browser`]);
    expect(page.text).toContain('2001:db8:5e55::1');
    expect(page.html).not.toContain('<script>');
    const activity = await walker.visit('/account/activity');
    expect(activity.text).toContain('2001:db8:5e55::1');
    expect(activity.html).not.toContain('<script>');
  });

  test('of somebody else end by nobody’s hand but theirs', async () => {
    const person = await makePerson(server.services);
    const { walker } = await openAccount(server, person);
    const stranger = await openAccount(server, await makePerson(server.services));
    const [id = ''] = await sessionsOf(person);
    const refused = await forge(stranger.walker, stranger.page, `/account/sessions/end/${id}`);
    expect(refused.status).toBe(404);
    await forge(stranger.walker, stranger.page, '/account/sessions/end-others');
    expect(await isSignedIn(walker)).toBe(true);
  });

  test('ended many times at once are ended once', async () => {
    const person = await makePerson(server.services);
    const { walker, page } = await openAccount(server, person);
    await openAccount(server, person);
    const id = (await sessionsOf(person)).find((uid) => !page.html.includes(uid)) ?? '';
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => forge(walker, page, `/account/sessions/end/${id}`)),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      200,
      ...Array<number>(7).fill(404),
    ]);
    expect((await walker.visit('/account/activity')).text.match(/Session ended/g)).toHaveLength(1);
  });

  test('the tokens that end with them are counted', async () => {
    const person = await makePerson(server.services);
    const online = await makeApp(server.services, { metadata: { client_name: 'Intranet' } });
    const other = await openAccount(server, person);
    const cookie = cookiesOf(other.walker, server.issuer);
    await obtainTokens(node, online, cookie);
    await obtainTokens(node, online, cookie);
    const { walker } = await openAccount(server, person);
    const page = await walker.visit('/account/sessions');
    const left = await walker.submit(page, {}, { form: '/end-others' });
    expect(left.text).toContain('The session has ended. 2 access tokens ended too.');
  });
});

/** The end of the action of the form that ends the session of that browser. */
async function endFormFor(page: Page, { walker }: { walker: Walker }): Promise<string> {
  const own = await walker.visit('/account/sessions');
  const offered = (shown: Page) =>
    shown.forms.map((form) => form.action.pathname).filter((path) => path.includes('/sessions/end/'));
  const mine = new Set(offered(own));
  const found = offered(page).find((path) => !mine.has(path));
  if (found === undefined) throw new Error('the session is not listed');
  return found;
}

describe('recent activity', () => {
  test('is told in words, page by page, and is one’s own', async () => {
    const person = await makePerson(server.services);
    const { db, clock } = server.services;
    await db.transaction(async (tx) => {
      for (let turn = 0; turn < 60; turn += 1) {
        const event = { occurredAt: clock.now(), accountId: person.id, address: `192.0.2.${turn}` };
        await record(tx, {
          ...event,
          type: 'account.sign-in-failed',
          actor: 'anonymous',
          detail: { reason: 'internal' },
        });
        await record(tx, { ...event, type: 'unheard.of', actor: 'system' });
      }
    });
    const { walker, page } = await openAccount(server, person, { path: '/account/activity' });
    const items = (shown: Page) =>
      findAll(shown.document, 'ol').flatMap((list) => findAll(list, 'li').map(textOf));
    expect(items(page)).toHaveLength(50);
    expect(items(page)[0]).toContain('Signed in');
    expect(items(page)[1]).toMatch(/Sign-in failed\s+192\.0\.2\.59/);
    expect(page.text).not.toMatch(/unheard|internal|anonymous|cli_/);

    const older = await walker.visit(/href="(\/account\/activity\?before=\d+)"/.exec(page.html)?.[1] ?? '');
    expect(items(older)).toHaveLength(12);
    expect(items(older).at(-1)).toContain('Account created');
    for (const before of ['1e3', '-1', "1' or '1", '99999999999999999999', '0x10']) {
      const shown = await walker.visit(`/account/activity?before=${encodeURIComponent(before)}`);
      expect([shown.status, items(shown).length]).toEqual([200, 50]);
    }
    const stranger = await openAccount(server, await makePerson(server.services), {
      path: '/account/activity',
    });
    expect(stranger.page.text).not.toContain('192.0.2.');
  });

  test('tells the person of what an operator did', async () => {
    const person = await makePerson(server.services);
    const { db, clock } = server.services;
    await db.transaction((tx) =>
      record(tx, {
        occurredAt: clock.now(),
        type: 'account.password-set',
        actor: 'cli',
        accountId: person.id,
      }),
    );
    const { page } = await openAccount(server, person, { path: '/account/activity' });
    expect(page.text).toMatch(/Password changed\s+· by an administrator/);
  });
});

describe('the data of a person', () => {
  test('are downloaded whole, without a secret in them', async () => {
    const person = await makePerson(server.services);
    const { walker } = await openAccount(server, person);
    const tokens = await connectNotes(walker, person);
    const file = await walker.submit(await walker.visit('/account/data'), {}, { form: '/data/export' });
    expect(file.headers.get('content-type')).toBe('application/json; charset=utf-8');
    expect(file.headers.get('cache-control')).toBe('no-store');
    const document = exported.parse(JSON.parse(file.html));
    expect(document.account).toMatchObject({ id: person.id, email: person.email, has_password: true });
    expect(document.access).toMatchObject([
      { client_id: notes.id, resources: { [notes.resource ?? '']: ['orders:read'] } },
    ]);
    expect(document.sessions).toHaveLength(1);
    expect(document.activity[0]?.type).toBe('account.exported');
    const cookies = walker.cookies.names().map((name) => walker.cookies.get(name) ?? '');
    for (const secret of ['$argon2', tokens.access, tokens.refresh, ...cookies]) {
      expect(file.html).not.toContain(secret);
    }
  });

  test('go with the account, which goes only when its name is typed', async () => {
    const person = await makePerson(server.services);
    const { walker, page } = await openAccount(server, person, { path: '/account/data' });
    const elsewhere = await openAccount(server, person);
    const tokens = await connectNotes(elsewhere.walker, person);
    for (const confirmation of ['', 'delete', `x${person.email}`]) {
      const refused = await walker.submit(page, { confirmation }, { form: '/data/delete' });
      expect([refused.status, refused.text]).toEqual([422, expect.stringContaining('Nothing was deleted.')]);
    }
    expect(await isActive(tokens.access)).toBe(true);

    const confirmation = ` ${person.email?.toUpperCase()} `;
    const gone = await walker.submit(page, { confirmation }, { form: '/data/delete' });
    expect(gone.heading).toBe('You are signed out');
    expect(await findAccount(server.services.db.knex, person.id)).toBeUndefined();
    expect(await isActive(tokens.access)).toBe(false);
    expect(await isSignedIn(elsewhere.walker)).toBe(false);
    const mails = await server.services.db
      .knex('mails')
      .select('kind', 'language')
      .where({ recipient: person.email })
      .whereNot({ kind: 'new-device' });
    expect(mails).toEqual([{ kind: 'account-deleted', language: 'en' }]);
    // Sent again from a page that is still open.
    const again = await walker.submit(page, { confirmation }, { form: '/data/delete' });
    expect(again.heading).toBe('Sign in');
  });
});

const exported = z.object({
  account: z.record(z.string(), z.unknown()),
  access: z.array(z.unknown()),
  sessions: z.array(z.unknown()),
  activity: z.array(z.object({ type: z.string() })),
});
