import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Account } from '../../src/accounts/account.ts';
import type { Page, Walker } from '../support/browser-walker.ts';
import { makeClient, makePerson } from '../support/factories.ts';
import { findAll, textOf } from '../support/html.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { allow, authorization, BEHIND_PROXY, makeNotes, signIn, walkerFor } from './visit.ts';

let server: TestServer;
let person: Account;
let clientId: string;

beforeAll(async () => {
  server = await startTestServer({ env: BEHIND_PROXY });
  person = await makePerson(server.services);
  ({ id: clientId } = await makeNotes(server, {
    metadata: { post_logout_redirect_uris: ['https://notes.example/bye'] },
  }));
});

afterAll(() => server.stop());

async function signedIn(): Promise<Walker> {
  const walker = walkerFor(server);
  const page = await signIn(walker, await walker.visit(authorization(clientId)), person.email ?? '');
  // What they allowed in an earlier test is remembered.
  if (!page.leavesTo) await allow(walker, page);
  return walker;
}

async function isSignedIn(walker: Walker): Promise<boolean> {
  const page = await walker.visit(authorization(clientId, { prompt: 'none' }));
  return page.leavesTo?.searchParams.get('error') !== 'login_required';
}

describe('signing out', () => {
  const asked = `/session/end?${new URLSearchParams({ post_logout_redirect_uri: 'https://notes.example/bye' })}`;

  test('asks first, as whom, and names who wants it', async () => {
    const walker = await signedIn();
    const page = await walker.visit(`${asked}&client_id=${clientId}`);
    expect(page.heading).toBe('Sign out?');
    expect(page.text).toContain('Atelier Notes asks to sign you out.');
    expect(page.text).toContain(person.email);
    expect(page.headers.get('Content-Security-Policy')).toContain("form-action 'self' https://notes.example");
    expect(await isSignedIn(walker)).toBe(true);
  });

  test('ends the session and goes where the client wants', async () => {
    const walker = await signedIn();
    const page = await walker.visit(`${asked}&client_id=${clientId}`);
    const left = await walker.submit(page, {}, { name: 'logout' });
    expect(left.leavesTo?.href).toBe('https://notes.example/bye');
    expect(await isSignedIn(walker)).toBe(false);
  });

  test('without a client says that it is done', async () => {
    const walker = await signedIn();
    const page = await walker.visit('/session/end');
    const done = await walker.submit(page, {}, { text: 'Sign out' });
    expect(done.heading).toBe('You are signed out');
  });

  test('can be declined by a link that changes nothing', async () => {
    const walker = await signedIn();
    const page = await walker.visit(`/session/end?client_id=${clientId}`);
    const stay = findAll(page.document, 'a').find((anchor) => textOf(anchor) === 'Stay signed in');
    const front = await walker.visit(stay?.attributes['href'] ?? '');
    expect(front.heading).toBe('Guichet');
    expect(await isSignedIn(walker)).toBe(true);
  });

  test('can be of that client alone', async () => {
    const walker = await signedIn();
    const page = await walker.visit(`/session/end?client_id=${clientId}`);
    const left = await walker.submit(page, {}, { text: 'Only leave Atelier Notes' });
    expect(left.heading).toBe('You have left Atelier Notes');
    expect(await isSignedIn(walker)).toBe(true);
  });
});

describe('connecting a device', () => {
  async function requestCode(): Promise<string> {
    const { id } = await makeClient(server.services, 'device', {
      metadata: { client_name: 'Living-room TV' },
    });
    const response = await fetch(`${server.issuer}/device/auth`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: id, scope: 'openid' }),
    });
    const { user_code: code } = (await response.json()) as { user_code: string };
    return code;
  }

  function enter(walker: Walker, page: Page, code: string): Promise<Page> {
    return walker.submit(page, { user_code: code });
  }

  test('compares the code, warns, signs in, asks and says that it is done', async () => {
    const code = await requestCode();
    const walker = walkerFor(server);
    const form = await walker.visit('/device');
    expect(form.heading).toBe('Connect a device');
    const confirm = await enter(walker, form, code.toLowerCase().replace('-', ' '));
    expect(confirm.heading).toBe('Connect Living-room TV?');
    expect(confirm.text).toContain(code);
    expect(confirm.text).toContain('Nobody should ever send you a code.');
    const signInForm = await walker.submit(confirm, {}, { text: 'Yes, connect it' });
    expect(signInForm.headers.get('Content-Security-Policy')).toMatch(/form-action 'self'$/);
    const consent = await signIn(walker, signInForm, person.email ?? '');
    expect(consent.text).toContain('You can then go back to your device.');
    const done = await allow(walker, consent);
    expect(done.heading).toBe('Your device is connected');
    expect((await enter(walker, await walker.visit('/device'), code)).text).toContain(
      'has been used already',
    );
  });

  test('can be stopped', async () => {
    const code = await requestCode();
    const walker = walkerFor(server);
    const confirm = await enter(walker, await walker.visit('/device'), code);
    const stopped = await walker.submit(confirm, {}, { name: 'abort' });
    expect(stopped.text).toContain('The device was not connected.');
  });

  test('says what is wrong with a code, and gives back no more than a code’s worth of it', async () => {
    const walker = walkerFor(server);
    const empty = await enter(walker, await walker.visit('/device'), '');
    const alert = findAll(empty.document).find(({ attributes }) => attributes['role'] === 'alert');
    expect(alert && textOf(alert)).toBe('Enter the code that your device shows.');
    const wrong = await enter(walker, empty, `"><b>${'x'.repeat(500)}`);
    expect(wrong.text).toContain('We do not know this code.');
    expect(findAll(wrong.document, 'b')).toEqual([]);
    expect(wrong.html).not.toContain('x'.repeat(100));
  });
});

describe('an error page', () => {
  test('says in words what happened and gives the reference of the log', async () => {
    const page = await walkerFor(server).visit(
      authorization(clientId, { redirect_uri: 'https://evil.example/cb' }),
    );
    expect(page.status).toBe(400);
    expect(page.leavesTo).toBeUndefined();
    expect(page.heading).toBe('This request cannot be completed');
    expect(page.text).toContain('an address that it has not registered');
    expect(page.text).toContain(page.headers.get('X-Request-Id'));
    expect(page.html).not.toContain('evil.example');
  });

  test.each([
    ['an unknown client', '/auth?client_id=%3Cscript%3Ealert(1)%3C/script%3E&response_type=code', 400],
    ['nothing there', '/no-such-page', 404],
  ])('for %s repeats nothing of what was sent', async (_what, url, status) => {
    const page = await walkerFor(server).visit(url);
    expect(page.status).toBe(status);
    expect(page.html).not.toMatch(/alert|no-such-page/);
    expect(findAll(page.document, 'h1')).toHaveLength(1);
    expect(page.headers.get('Content-Security-Policy')).toContain("frame-ancestors 'none'");
  });

  test('speaks the language of the request', async () => {
    const page = await walkerFor(server).visit('/auth?client_id=none&ui_locales=fr');
    expect(page.heading).toBe('Cette demande ne peut pas aboutir');
  });
});
