import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { findAccountByIdentifier } from '../../src/accounts/store.ts';
import { mintLink } from '../../src/accounts/mint-link.ts';
import type { Page } from '../support/browser-walker.ts';
import { createTestClock, type TestClock } from '../support/clock.ts';
import { makePerson } from '../support/factories.ts';
import { receive, receiveLink } from '../support/mailbox.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { authorization, BEHIND_PROXY, makeNotes, signIn, walkerFor } from './visit.ts';

const CHOSEN = 'marble lantern orbit thistle';
const DAY = 24 * 3600;

let server: TestServer;
let clock: TestClock;
let clientId: string;

beforeAll(async () => {
  clock = createTestClock(new Date());
  server = await startTestServer({ clock, env: BEHIND_PROXY });
  ({ id: clientId } = await makeNotes(server));
});

afterAll(() => server.stop());

function newAddress(): string {
  return `grace.${randomBytes(6).toString('hex')}@example.org`;
}

/** The form for an address, as somebody reaches it who follows the links. */
async function registerForm(headers: Record<string, string> = {}, from = server) {
  const walker = walkerFor(from, headers);
  const first = await walker.visit(authorization(clientId));
  const page = await walker.visit(`${first.url.href}/register`);
  return { walker, page, interaction: first.url.href };
}

async function ask(email: string, headers: Record<string, string> = {}) {
  const { walker, page, interaction } = await registerForm(headers);
  const sent = await walker.submit(page, { email }, { form: '/register' });
  return { walker, sent, interaction };
}

/** Follows the mailed link and fills in its form. */
async function join(walker: ReturnType<typeof walkerFor>, path: string, fields: Record<string, string> = {}) {
  const form = await walker.visit(path);
  return walker.submit(form, { name: 'Grace', password: CHOSEN, repeat: CHOSEN, ...fields });
}

/** What a page says once what differs by chance is taken away. */
function appearance({ status, html }: Page): { status: number; html: string } {
  const same = html
    .replaceAll(/name="csrf"\s+value="[^"]+"/g, 'CSRF')
    .replaceAll(/\/interaction\/[\w-]+/g, '/interaction/UID');
  return { status, html: same };
}

describe('joining', () => {
  test('leads from the sign-in page over a mail back to that sign-in, with an address that is verified', async () => {
    const email = newAddress();
    const walker = walkerFor(server);
    const first = await walker.visit(authorization(clientId));
    expect(first.text).toContain('Create an account');
    const page = await walker.visit(`${first.url.pathname}/register`);
    const sent = await walker.submit(page, { email: ` ${email.toUpperCase()} ` }, { form: '/register' });
    expect(sent.heading).toBe('Check your mail');
    expect(await findAccountByIdentifier(server.services.db.knex, email)).toBeUndefined();

    const signInForm = await join(walker, await receiveLink(server.services, email));
    expect(signInForm.url.href).toBe(first.url.href);
    expect((await signIn(walker, signInForm, email, CHOSEN)).heading).toContain('Allow Atelier Notes');
    expect(await findAccountByIdentifier(server.services.db.knex, email)).toMatchObject({
      emailVerified: true,
      profile: { name: 'Grace' },
    });
  });

  test('in another browser ends at the account pages, signed in nowhere', async () => {
    const email = newAddress();
    await ask(email);
    const phone = walkerFor(server);
    const path = await receiveLink(server.services, email);
    const form = await phone.visit(path);
    const { csrf = '', token = '' } = form.forms[0]?.fields ?? {};
    const answer = await fetch(new URL('/registration', server.issuer), {
      method: 'POST',
      redirect: 'manual',
      headers: { Cookie: phone.cookies.headerFor(form.url) },
      body: new URLSearchParams({ csrf, token, password: CHOSEN, repeat: CHOSEN }),
    });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('Location')).toBe('/account');
    expect(answer.headers.getSetCookie().filter((cookie) => cookie.includes('session'))).toEqual([]);
    expect(await findAccountByIdentifier(server.services.db.knex, email)).toMatchObject({ profile: {} });
  });

  test('says the same of an address with an account and of one without, and sends one mail to each', async () => {
    const [known, unknown] = [await makePerson(server.services), newAddress()];
    const pages = [await ask(known.email ?? ''), await ask(unknown)];
    const [one, other] = pages.map(({ sent }) => appearance(sent));
    expect(one).toEqual(other);
    expect(one?.status).toBe(200);
    const mails = [
      await receive(server.services, known.email ?? ''),
      await receive(server.services, unknown),
    ];
    expect(mails.map((list) => list.map(({ subject }) => subject))).toEqual([
      ['You already have an account at Guichet'],
      ['Confirm your e-mail address for Guichet'],
    ]);
  });

  test.each([
    ['', 422, 'Enter your e-mail address.'],
    ['not-an-address', 422, 'This is not an e-mail address.'],
    [`${'a'.repeat(40_000)}@example.org`, 422, 'This is not an e-mail address.'],
    ['<script>@example.org', 422, 'This is not an e-mail address.'],
  ])('refuses %.30s', async (email, status, sentence) => {
    const { sent } = await ask(email);
    expect(sent.status).toBe(status);
    expect(sent.text).toContain(sentence);
  });

  test('takes addresses in any script', async () => {
    const email = `grâce.${randomBytes(4).toString('hex')}@bücher.example`;
    await ask(email);
    await join(walkerFor(server), await receiveLink(server.services, email), { name: '葛麗絲' });
    expect(await findAccountByIdentifier(server.services.db.knex, email)).toMatchObject({
      profile: { name: '葛麗絲' },
    });
  });

  test('without the form’s token does nothing', async () => {
    const email = newAddress();
    const { walker, page } = await registerForm();
    const refused = await walker.submit(page, { email, csrf: 'made up' }, { form: '/register' });
    expect(refused.status).toBe(403);
    expect(await receive(server.services, email)).toEqual([]);
  });
});

describe('a registration link', () => {
  async function mailedLink() {
    const email = newAddress();
    const { walker } = await ask(email);
    return { email, walker, path: await receiveLink(server.services, email) };
  }

  test('is looked at as often as one likes, and used once', async () => {
    const { path, walker, email } = await mailedLink();
    for (let look = 0; look < 3; look += 1) {
      expect((await walker.visit(path)).heading).toBe('Create your account');
    }
    await join(walker, path);
    const again = await walker.visit(path);
    expect(again.status).toBe(400);
    expect(again.heading).toBe('This link does nothing any more');
    const { passwordChangedAt } = (await findAccountByIdentifier(server.services.db.knex, email)) ?? {};
    expect(passwordChangedAt).toBeInstanceOf(Date);
  });

  test('is dead when it is older than a day, unknown, cut short, or given twice', async () => {
    const { path, walker } = await mailedLink();
    const other = await mailedLink();
    clock.advance(DAY + 1);
    for (const dead of [
      path,
      '/registration',
      '/registration?token=',
      other.path.slice(0, -1),
      `/registration?token=${randomBytes(32).toString('base64url')}`,
      `/registration?token=${'a'.repeat(8000)}`,
      `${path}&token=x`,
    ]) {
      const page = await walker.visit(dead);
      expect([dead, page.status, page.heading]).toEqual([dead, 400, 'This link does nothing any more']);
    }
  });

  test('replaces the one before', async () => {
    const email = newAddress();
    await ask(email);
    const first = await receiveLink(server.services, email);
    await ask(email);
    const second = await receiveLink(server.services, email);
    const walker = walkerFor(server);
    expect((await walker.visit(first)).status).toBe(400);
    expect((await walker.visit(second)).status).toBe(200);
  });

  test('is of no use for anything else, and other links are of no use here', async () => {
    const { path, walker } = await mailedLink();
    const person = await makePerson(server.services);
    for (const elsewhere of ['/password-reset', '/email-change']) {
      expect((await walker.visit(path.replace('/registration', elsewhere))).status).toBe(400);
    }
    const reset = await mintLink(server.services, {
      purpose: 'password-reset',
      accountId: person.id,
      email: person.email ?? '',
      occasion: 'test',
      requestedAt: clock.now(),
    });
    const form = await walker.visit(path);
    const token = new URL(reset ?? '', server.issuer).searchParams.get('token') ?? '';
    const refused = await walker.submit(form, { token, password: CHOSEN, repeat: CHOSEN });
    expect(refused.status).toBe(400);
    expect((await walker.visit(reset ?? '')).status).toBe(200);
  });

  test('does nothing without a form of ours, or without a token in it', async () => {
    const { path, walker, email } = await mailedLink();
    const form = await walker.visit(path);
    expect((await walker.submit(form, { csrf: '', password: CHOSEN, repeat: CHOSEN })).status).toBe(403);
    expect((await walker.submit(form, { token: '', password: CHOSEN, repeat: CHOSEN })).status).toBe(400);
    expect(await findAccountByIdentifier(server.services.db.knex, email)).toBeUndefined();
    expect((await walker.visit(path)).status).toBe(200);
  });

  test('says that it does nothing when somebody has the address meanwhile', async () => {
    const { path, walker, email } = await mailedLink();
    // Two links of one address, side by side: a mail of an invitation and one of a registration.
    const invitation = await mintLink(server.services, {
      purpose: 'invitation',
      email,
      occasion: 'test',
      requestedAt: clock.now(),
    });
    const forms = [await walker.visit(path), await walker.visit(invitation ?? '')];
    const answers = await Promise.all(
      forms.map((form) => walker.submit(form, { password: CHOSEN, repeat: CHOSEN })),
    );
    expect(answers.filter(({ heading }) => heading === 'This link does nothing any more')).toHaveLength(1);
    expect((await walker.visit(invitation ?? '')).status).toBe(400);
  });

  test.each([
    [{ password: '', repeat: '' }, 'Choose a password.'],
    [{ password: CHOSEN, repeat: `${CHOSEN} ` }, 'The two passwords are not the same.'],
    [{ password: 'short', repeat: 'short' }, 'This password is too short.'],
    [{ password: 'a'.repeat(5000), repeat: 'a'.repeat(5000) }, 'This password is too long.'],
    [{ password: 'aaaaaaaaaaaaaaaaaaaa', repeat: 'aaaaaaaaaaaaaaaaaaaa' }, 'harder to guess'],
    [{ name: 'x'.repeat(501) }, 'This name has characters'],
    [{ name: 'a\u0007b' }, 'This name has characters'],
  ])('with %o asks again and stays good', async (fields, sentence) => {
    const { path, walker } = await mailedLink();
    const refused = await join(walker, path, fields);
    expect(refused.status).toBe(422);
    expect(refused.text).toContain(sentence);
    expect(refused.html).not.toContain(`value="${CHOSEN}"`);
    expect((await walker.visit(path)).status).toBe(200);
  });

  test('takes a password in any script, composed or not, with spaces at its ends', async () => {
    const { path, walker, email } = await mailedLink();
    const composed = ' la forêt été 🌲🌲🌲 nuit ';
    await join(walker, path, { password: composed, repeat: composed });
    const form = await walkerFor(server).visit(authorization(clientId));
    const other = walkerFor(server);
    const page = await other.visit(authorization(clientId));
    expect(form.status).toBe(200);
    expect((await signIn(other, page, email, composed.normalize('NFD'))).heading).toContain('Allow');
  });

  test('is made of the issuer, whatever host the request named', async () => {
    const email = newAddress();
    const { walker, page } = await registerForm();
    const body = new URLSearchParams({ ...page.forms[0]?.fields, email });
    const forged = await fetch(page.url, {
      method: 'POST',
      body,
      headers: { Cookie: walker.cookies.headerFor(page.url), 'X-Forwarded-Host': 'evil.example' },
      redirect: 'manual',
    });
    expect(forged.status).toBe(303);
    const [mail] = await receive(server.services, email);
    expect(mail?.path).toMatch(/^\/registration\?token=[\w-]{43}$/);
    expect(JSON.stringify(mail)).not.toContain('evil.example');
  });
});

describe('mails', () => {
  test('to one address are three an hour, and the fourth looks like the third', async () => {
    const email = newAddress();
    const pages = [];
    for (let turn = 0; turn < 5; turn += 1) pages.push(appearance((await ask(email)).sent));
    expect(new Set(pages.map((page) => JSON.stringify(page))).size).toBe(1);
    expect(await receive(server.services, email)).toHaveLength(3);
    clock.advance(3700);
    await ask(email);
    expect(await receive(server.services, email)).toHaveLength(1);
  });

  test('asked for from one network address are ten an hour', async () => {
    const headers = { 'X-Forwarded-For': '2001:db8:77:77::1' };
    const emails = Array.from({ length: 12 }, newAddress);
    for (const email of emails) await ask(email, headers);
    const sent = await Promise.all(emails.map((email) => receive(server.services, email)));
    expect(sent.flat()).toHaveLength(10);
  });
});

describe('who may join', () => {
  test('is said openly when it is a matter of domains', async () => {
    const limited = await startTestServer({
      env: { ...BEHIND_PROXY, GUICHET_REGISTRATION_DOMAINS: 'example.org,bücher.example' },
      database: server.database,
    });
    const refused = [];
    for (const email of [
      'a@example.com',
      'a@sub.example.org',
      'a@example.org.evil.example',
      'a@bücher.example',
    ]) {
      const { walker, page } = await registerForm({}, limited);
      refused.push((await walker.submit(page, { email }, { form: '/register' })).status);
    }
    await limited.stop();
    expect(refused).toEqual([422, 422, 422, 200]);
  });

  test.each([
    ['invite', 200],
    ['off', 400],
  ])('is nobody by themselves when registration is %s', async (mode, invited) => {
    const closed = await startTestServer({
      env: { ...BEHIND_PROXY, GUICHET_REGISTRATION: mode },
      database: server.database,
      clock,
    });
    const walker = walkerFor(closed);
    const page = await walker.visit(authorization(clientId));
    const order = { email: newAddress(), occasion: 'test', requestedAt: clock.now() };
    const links = [
      await mintLink(closed.services, { ...order, purpose: 'registration' }),
      await mintLink(closed.services, { ...order, purpose: 'invitation' }),
    ];
    const statuses = [(await walker.visit(`${page.url.href}/register`)).status];
    for (const link of links) statuses.push((await walker.visit(link ?? '')).status);
    await closed.stop();
    expect(page.text).not.toContain('Create an account');
    expect(statuses).toEqual([404, 400, invited]);
  });
});
