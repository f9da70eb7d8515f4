import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Account } from '../../src/accounts/account.ts';
import { makeApi, makePerson, ORDERS } from '../support/factories.ts';
import { findAll, textOf } from '../support/html.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import {
  allow,
  authorization,
  BEHIND_PROXY,
  CALLBACK,
  makeNotes,
  registerItself,
  signIn,
  walkerFor,
} from './visit.ts';

let server: TestServer;
let person: Account;

beforeAll(async () => {
  server = await startTestServer({ env: BEHIND_PROXY });
  await makeApi(server.services);
  person = await makePerson(server.services);
});

afterAll(() => server.stop());

/** Somebody who has just signed in and is now asked. */
async function asked(clientId: string, parameters: Record<string, string> = {}) {
  const walker = walkerFor(server);
  const form = await walker.visit(authorization(clientId, parameters));
  return { walker, page: await signIn(walker, form, person.email ?? '') };
}

describe('the consent page', () => {
  test('names the client, the person, each thing asked for, how long, and where the answer goes', async () => {
    const { id } = await makeNotes(server, {
      metadata: { client_uri: 'https://notes.example/about', policy_uri: 'https://notes.example/privacy' },
      apis: [{ audience: ORDERS, scopes: ['orders:read'] }],
    });
    const { page } = await asked(id, {
      scope: 'openid profile email offline_access orders:read',
      resource: ORDERS,
      prompt: 'consent',
    });
    expect(page.heading).toBe('Allow Atelier Notes to use your account?');
    const items = findAll(page.document, 'li').map(textOf);
    expect(items).toEqual(
      expect.arrayContaining([
        'See your name and the rest of your profile',
        'See your e-mail address',
        'Read your orders',
        'Keep this access for up to 30 days without asking again',
      ]),
    );
    expect(items.join()).not.toContain('Place orders');
    expect(page.text).toContain('In Orders, it will be able to');
    expect(page.text).toContain(`Ada Lovelace ${person.email}`);
    expect(page.text).toContain('You will be sent to notes.example');
    const links = findAll(page.document, 'a').map(({ attributes }) => attributes['href']);
    expect(links).toEqual(
      expect.arrayContaining(['https://notes.example/about', 'https://notes.example/privacy']),
    );
  });

  test('warns of a client that registered itself, whatever it calls itself', async () => {
    const name = 'Your Bank & "Co"';
    const id = await registerItself(server, { client_name: name, redirect_uris: [CALLBACK] });
    const { page } = await asked(id);
    expect(page.text).toContain('Unverified app');
    expect(page.text).toContain('Continue only if you know and trust notes.example.');
    expect(page.heading).toContain(name);
  });

  test('says no to the client when the person does', async () => {
    const { id } = await makeNotes(server);
    const { walker, page } = await asked(id);
    const { leavesTo } = await walker.submit(page, {}, { name: 'decision', value: 'deny' });
    expect(leavesTo?.origin).toBe('https://notes.example');
    expect(leavesTo?.searchParams.get('error')).toBe('access_denied');
    expect(leavesTo?.searchParams.has('code')).toBe(false);
  });

  test('is not shown again for the same, and shows only what is new for more', async () => {
    const { id } = await makeNotes(server);
    const { walker, page } = await asked(id, { scope: 'openid profile' });
    await allow(walker, page);
    const again = await walker.visit(authorization(id, { scope: 'openid profile' }));
    expect(again.leavesTo?.searchParams.has('code')).toBe(true);
    const more = await walker.visit(authorization(id, { scope: 'openid profile email' }));
    expect(findAll(more.document, 'li').map(textOf)).toContain('See your e-mail address');
    expect(more.text).not.toContain('your profile');
  });

  test('takes no answer but allow and deny, and none without its token', async () => {
    const { id } = await makeNotes(server);
    const { walker, page } = await asked(id);
    const forms = page.forms.map((form) => ({ ...form, buttons: [] }));
    const odd = await walker.submit({ ...page, forms }, { decision: 'maybe' }, { form: '/consent' });
    expect(odd.status).toBe(400);
    const stale = await walker.submit(page, { csrf: 'made up' }, { name: 'decision', value: 'allow' });
    expect(stale.status).toBe(403);
    expect(stale.text).toContain('Please answer again.');
    expect((await allow(walker, stale)).leavesTo?.searchParams.has('code')).toBe(true);
  });

  test('cannot be answered before anybody has signed in', async () => {
    const { id } = await makeNotes(server);
    const walker = walkerFor(server);
    const page = await walker.visit(authorization(id));
    const csrf = page.forms[0]?.fields['csrf'] ?? '';
    const form = {
      action: new URL(`${page.url.href}/consent`),
      method: 'post',
      fields: { csrf },
      buttons: [],
    };
    const answer = await walker.submit({ ...page, forms: [form] }, { decision: 'allow' });
    expect(answer.heading).toBe('Sign in');
    expect(answer.leavesTo).toBeUndefined();
  });

  test('lets the person be somebody else', async () => {
    const { id } = await makeNotes(server);
    const other = await makePerson(server.services, { profile: { name: 'Grace Hopper' } });
    const { walker, page } = await asked(id);
    const link = findAll(page.document, 'a').find((anchor) => textOf(anchor) === 'Not you?');
    const form = await walker.visit(new URL(link?.attributes['href'] ?? '', page.url).href);
    expect(form.heading).toBe('Sign in');
    let next = await signIn(walker, form, other.email ?? '');
    // The library ends the first person's session through a form that browsers submit by themselves.
    if (next.heading === '') next = await walker.submit(next);
    expect(next.text).toContain('Grace Hopper');
    expect((await allow(walker, next)).leavesTo?.searchParams.has('code')).toBe(true);
  });
});
