import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Account } from '../../src/accounts/account.ts';
import { findAccount } from '../../src/accounts/store.ts';
import { authorization, BEHIND_PROXY, makeNotes, signIn, walkerFor } from '../interactions/visit.ts';
import { cookiesOf, introspect, makeApp, obtainTokens, refresh, signIn as signInAt } from '../support/app.ts';
import type { Walker } from '../support/browser-walker.ts';
import { createTestClock, type TestClock } from '../support/clock.ts';
import { makeApi, makePerson, PASSWORD } from '../support/factories.ts';
import { receive, receiveLink } from '../support/mailbox.ts';
import { createNode, type Node } from '../support/node.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const CHOSEN = 'marble lantern orbit thistle';
const DEAD = 'This link does nothing any more';

let server: TestServer;
let clock: TestClock;
let node: Node;

beforeAll(async () => {
  clock = createTestClock(new Date());
  server = await startTestServer({ clock, env: BEHIND_PROXY });
  node = createNode(Number(new URL(server.issuer).port), server.issuer);
  await makeApi(server.services);
});

afterAll(async () => {
  node.close();
  await server.stop();
});

function newAddress(): string {
  return `grace.${randomBytes(6).toString('hex')}@example.org`;
}

async function signedIn(input: Parameters<typeof makePerson>[1] = {}) {
  const person = await makePerson(server.services, input);
  const walker = walkerFor(server);
  await signIn(walker, await walker.visit('/account'), person.email ?? person.username ?? '');
  return { person, walker };
}

function accountOf({ id }: Account): Promise<Account | undefined> {
  return findAccount(server.services.db.knex, id);
}

async function changePassword(walker: Walker, fields: Record<string, string> = {}) {
  const page = await walker.visit('/account/password');
  const all = { current: PASSWORD, password: CHOSEN, repeat: CHOSEN, ...fields };
  return walker.submit(page, all, { form: '/password/change' });
}

async function changeEmail(walker: Walker, email: string) {
  return walker.submit(await walker.visit('/account/email'), { email }, { form: '/email/change' });
}

describe('changing the password', () => {
  test('keeps this browser, ends all others with their tokens, and is told by mail', async () => {
    const { person, walker } = await signedIn();
    const app = await makeApp(server.services);
    const elsewhere = walkerFor(server);
    await signInAt(elsewhere, app, person);
    const mine = await obtainTokens(node, app, cookiesOf(walker, server.issuer));
    const theirs = await obtainTokens(node, app, cookiesOf(elsewhere, server.issuer));

    const changed = await changePassword(walker);
    expect(changed.text).toContain('Your password is changed.');
    expect((await walker.visit('/account')).heading).toBe('Your account');
    expect((await elsewhere.visit('/account')).heading).toBe('Sign in');
    expect((await introspect(node, app, theirs.access)).json).toEqual({ active: false });
    expect((await refresh(node, app, theirs.refresh)).status).toBe(400);
    expect((await introspect(node, app, mine.access)).json['active']).toBe(true);
    expect((await refresh(node, app, mine.refresh)).status).toBe(200);
    const mails = await receive(server.services, person.email ?? '');
    expect(mails.map(({ kind }) => kind)).toContain('password-changed');
  });

  test('leaves other browsers alone when the person wants it so', async () => {
    const { person, walker } = await signedIn();
    const elsewhere = walkerFor(server);
    const app = await makeApp(server.services);
    await signInAt(elsewhere, app, person);
    const { access } = await obtainTokens(node, app, cookiesOf(elsewhere, server.issuer));
    const page = await walker.visit('/account/password');
    const form = page.forms.find(({ action }) => action.pathname.endsWith('/change'));
    const body = new URLSearchParams({
      ...form?.fields,
      current: PASSWORD,
      password: CHOSEN,
      repeat: CHOSEN,
    });
    body.delete('elsewhere');
    const headers = { Cookie: walker.cookies.headerFor(page.url) };
    const answer = await fetch(form?.action ?? '', { method: 'POST', body, headers, redirect: 'manual' });
    expect(answer.status).toBe(303);
    expect((await elsewhere.visit('/account')).heading).toBe('Your account');
    expect((await introspect(node, app, access)).json['active']).toBe(true);
  });

  test.each([
    [{ current: '' }, 'Enter the password that you have now.'],
    [{ current: `${PASSWORD} ` }, 'This is not the password that you have now.'],
    [{ repeat: 'another' }, 'The two passwords are not the same.'],
    [{ password: 'short', repeat: 'short' }, 'too short'],
  ])('with %o is refused', async (fields, sentence) => {
    const { person, walker } = await signedIn();
    const refused = await changePassword(walker, fields);
    expect(refused.status).toBe(422);
    expect(refused.text).toContain(sentence);
    expect((await accountOf(person))?.passwordChangedAt).toEqual(person.passwordChangedAt);
  });

  test('guesses at the old one are counted as those of a sign-in', async () => {
    const { walker } = await signedIn();
    const statuses = [];
    for (let guess = 0; guess < 7; guess += 1) {
      statuses.push((await changePassword(walker, { current: `guess ${guess}` })).status);
    }
    expect(statuses).toEqual([422, 422, 422, 422, 422, 429, 429]);
  });

  test('needs a fresh sign-in', async () => {
    const { person, walker } = await signedIn();
    const page = await walker.visit('/account/password');
    clock.advance(3600);
    const fields = { current: PASSWORD, password: CHOSEN, repeat: CHOSEN };
    const again = await walker.submit(page, fields, { form: '/password/change' });
    expect(again.heading).toBe('Confirm it is you');
    expect((await accountOf(person))?.passwordChangedAt).toEqual(person.passwordChangedAt);
  });

  test('of an account without one begins in the mailbox, and nowhere else', async () => {
    const { person, walker } = await signedIn();
    await server.services.db.knex('accounts').where({ id: person.id }).update({ password_hash: null });
    const page = await walker.visit('/account/password');
    expect(page.text).toContain('Your account has no password');
    expect(page.html).not.toContain('name="password"');
    const sent = await walker.submit(page, {}, { form: '/send-link' });
    expect(sent.text).toContain('A link is on its way');
    const path = await receiveLink(server.services, person.email ?? '');
    await walker.submit(await walker.visit(path), { password: CHOSEN, repeat: CHOSEN });
    expect((await accountOf(person))?.hasPassword).toBe(true);
  });
});

describe('changing the e-mail address', () => {
  test('happens when the new mailbox is read, in whatever browser, and the old one is told', async () => {
    const { person, walker } = await signedIn();
    const email = newAddress();
    const sent = await changeEmail(walker, email.toUpperCase());
    expect(sent.text).toContain('A link is on its way');
    expect((await accountOf(person))?.email).toBe(person.email);
    const path = await receiveLink(server.services, email);
    expect(await receive(server.services, person.email ?? '')).toEqual([]);

    const phone = walkerFor(server);
    const form = await phone.visit(path);
    expect(form.text).toContain(email);
    expect(form.text).not.toContain(person.email);
    expect((await accountOf(person))?.email).toBe(person.email);
    expect((await phone.submit(form)).heading).toBe('Your address is confirmed');
    expect(await accountOf(person)).toMatchObject({ email, emailVerified: true });
    expect((await phone.visit('/account')).heading).toBe('Sign in');
    expect((await phone.visit(path)).heading).toBe(DEAD);
    const notices = await receive(server.services, person.email ?? '');
    expect(notices.map(({ kind }) => kind)).toEqual(['email-changed']);
  });

  test('to an address that has an account changes nothing and says nothing', async () => {
    const { person, walker } = await signedIn();
    const other = await makePerson(server.services);
    const free = newAddress();
    const pages = [await changeEmail(walker, other.email ?? ''), await changeEmail(walker, free)];
    expect(pages[0]?.text).toBe(pages[1]?.text);
    const [mail] = await receive(server.services, other.email ?? '');
    expect(mail?.subject).toBe('You already have an account at Guichet');
    // Somebody takes the other address before its link is used.
    const path = await receiveLink(server.services, free);
    await makePerson(server.services, { email: free });
    const form = await walker.visit(path);
    expect((await walker.submit(form)).heading).toBe(DEAD);
    expect((await accountOf(person))?.email).toBe(person.email);
  });

  test('is undone by whatever happens to the account first', async () => {
    const { person, walker } = await signedIn();
    const email = newAddress();
    await changeEmail(walker, email);
    const path = await receiveLink(server.services, email);
    const form = await walker.visit(path);
    await changePassword(walker);
    expect((await walker.submit(form)).heading).toBe(DEAD);
    expect((await accountOf(person))?.email).toBe(person.email);
  });

  test.each([
    ['', 'Enter the new e-mail address.'],
    ['nowhere', 'This is not an e-mail address.'],
    ['\u{1f600}'.repeat(3000), 'This is not an e-mail address.'],
  ])('to %.20s is refused', async (email, sentence) => {
    const { walker } = await signedIn();
    const refused = await changeEmail(walker, email);
    expect([refused.status, refused.text.includes(sentence)]).toEqual([422, true]);
  });

  test('or confirming the one there is: the same link', async () => {
    const { person, walker } = await signedIn({ emailVerified: false });
    const page = await walker.visit('/account/email');
    expect(page.text).toContain('not confirmed yet');
    await walker.submit(page, {}, { form: '/email/verify' });
    const form = await walker.visit(await receiveLink(server.services, person.email ?? ''));
    await walker.submit(form);
    expect(await accountOf(person)).toMatchObject({ email: person.email, emailVerified: true });
    expect(await receive(server.services, person.email ?? '')).toEqual([]);
  });

  test('gives somebody who has only a username a first one', async () => {
    const username = `ada.${randomBytes(4).toString('hex')}`;
    const { person, walker } = await signedIn({ username, email: undefined, emailVerified: undefined });
    const email = newAddress();
    await changeEmail(walker, email);
    await walker.submit(await walker.visit(await receiveLink(server.services, email)));
    expect((await accountOf(person))?.email).toBe(email);
  });

  test('needs a form of the page', async () => {
    const { walker } = await signedIn();
    const page = await walker.visit('/account/email');
    const refused = await walker.submit(page, { email: newAddress(), csrf: 'x' }, { form: '/email/change' });
    expect(refused.status).toBe(403);
  });
});

test('who is signed in is led by a forged host nowhere but to the issuer', async () => {
  const { id } = await makeNotes(server);
  const answer = await node.call('GET', authorization(id), {
    headers: { 'x-forwarded-host': 'evil.example' },
  });
  expect(answer.location?.origin).toBe(server.issuer);
  const wrong = await node.call('GET', '/registration', { headers: { host: 'evil.example' } });
  expect(wrong.status).toBe(421);
});
