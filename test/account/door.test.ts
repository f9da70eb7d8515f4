import { createHash } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { ACCOUNT_CLIENT_ID, ensureBuiltInClients } from '../../src/clients/built-in.ts';
import { createClient } from '../../src/clients/create-client.ts';
import { findClient, listClients } from '../../src/clients/store.ts';
import { updateClient } from '../../src/clients/update-client.ts';
import { deleteAccount } from '../../src/revocation/delete-account.ts';
import { deleteClient } from '../../src/revocation/delete-client.ts';
import { disableAccount } from '../../src/revocation/disable-account.ts';
import { disableClient } from '../../src/revocation/disable-client.ts';
import { createTestClock } from '../support/clock.ts';
import { makePerson } from '../support/factories.ts';
import { giveTotp } from '../support/factors.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { BEHIND_PROXY, signIn, walkerFor } from '../interactions/visit.ts';
import { forge, isSignedIn, openAccount } from './visit.ts';

const clock = createTestClock();
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ env: BEHIND_PROXY, clock });
});

afterAll(() => server.stop());

/** One request, redirects not followed. */
function ask(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(server.issuer + path, {
    ...init,
    redirect: 'manual',
    headers: new Headers([['Accept', 'text/html'], ...new Headers(init.headers)]),
  });
}

describe('who is not signed in', () => {
  test('signs in and arrives at the page they wanted, and signs out again', async () => {
    const person = await makePerson(server.services);
    const walker = walkerFor(server);
    const form = await walker.visit('/account/sessions');
    expect(form.url.pathname).toMatch(/^\/interaction\//);
    const page = await signIn(walker, form, person.email ?? '');
    expect([page.url.pathname, page.url.search, page.status]).toEqual(['/account/sessions', '', 200]);
    expect(page.text).toContain(person.email);

    const cookies = walker.cookies.headerFor(new URL(server.issuer));
    expect((await ask('/account', { headers: { Cookie: cookies } })).status).toBe(200);
    const out = await walker.submit(page, {}, { form: '/account/sign-out' });
    expect(out.heading).toBe('You are signed out');
    expect(walker.cookies.names()).not.toContain('guichet-session');
    expect(await isSignedIn(walker)).toBe(false);
    // The cookie that somebody kept is as dead as the one that was taken away.
    const kept = await ask('/account', { headers: { Cookie: cookies } });
    expect(kept.headers.get('location')).toMatch(/^\/auth\?/);
  });

  test('is told calmly when they did not sign in after all', async () => {
    const walker = walkerFor(server);
    const form = await walker.visit('/account/apps');
    const stopped = await walker.submit(form, {}, { form: '/deny' });
    expect([stopped.status, stopped.heading]).toEqual([200, 'You did not sign in']);
    expect(stopped.html).toContain('href="/account/apps"');
  });

  test.each(['POST /account/sessions/end-all', 'POST /account/data/delete'])(
    '%s leads to the sign-in and does nothing',
    async (line) => {
      const [method = '', path = ''] = line.split(' ');
      const response = await ask(path, { method, body: new URLSearchParams({ confirmation: 'x' }) });
      expect(response.status).toBe(303);
      expect(response.headers.get('location')).toMatch(/^\/auth\?/);
    },
  );

  test.each([disableAccount, deleteAccount])('nor is anybody whose account is gone: %o', async (end) => {
    const person = await makePerson(server.services);
    const { walker } = await openAccount(server, person);
    await end(server.services, person.id, 'test');
    expect(await isSignedIn(walker)).toBe(false);
  });
});

describe('the way back from the sign-in', () => {
  test.each([
    ['state=sessions', '/account/sessions'],
    ['state=overview', '/account'],
    ['', '/account'],
    ['state=https://evil.example', '/account'],
    ['state=//evil.example', '/account'],
    ['state=/%5Cevil.example', '/account'],
    ['state=../session/end', '/account'],
    ['state=sign-out', '/account'],
    ['state=__proto__', '/account'],
    ['state=constructor', '/account'],
    ['state=sessions&state=https://evil.example', '/account'],
    ['code=made-up&state=data', '/account/data'],
  ])('%s leads to %s and nowhere else', async (query, path) => {
    const response = await ask(`/account/callback?${query}`);
    expect([response.status, response.headers.get('location')]).toEqual([303, path]);
  });

  test('says nothing of what an error says of itself', async () => {
    const response = await ask('/account/callback?error=%3Cscript%3E&error_description=Call+0900&state=evil');
    const text = await response.text();
    expect(response.status).toBe(200);
    expect(text).not.toMatch(/script>|0900|evil/);
  });
});

describe('a page', () => {
  test('is kept by nobody, loads nothing foreign, and is in nobody’s frame', async () => {
    const { page } = await openAccount(server, await makePerson(server.services));
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('content-security-policy')).toMatch(
      /default-src 'none';.*frame-ancestors 'none'; form-action 'self'$/,
    );
  });

  test.each([
    ['PUT', '/account', 405, 'GET, HEAD'],
    ['POST', '/account', 405, 'GET, HEAD'],
    ['POST', '/account/profile', 405, 'GET, HEAD'],
    ['DELETE', '/account/profile/save', 405, 'GET, HEAD, POST'],
    ['POST', '/account/callback', 405, 'GET, HEAD'],
    ['PATCH', '/account/sign-out', 405, 'GET, HEAD, POST'],
    ['GET', '/account/overview', 404, null],
    ['GET', '/account/nothing', 404, null],
    ['GET', '/account/constructor', 404, null],
    ['POST', '/account/profile/constructor', 404, null],
    ['POST', '/account/sessions/end', 404, null],
    ['POST', '/account/sessions/end-all/x', 404, null],
    ['GET', '/Account', 404, null],
    ['GET', '/account/', 404, null],
  ])('%s %s is answered with %d', async (method, path, status, allow) => {
    const response = await ask(path, { method });
    expect([response.status, response.headers.get('allow')]).toEqual([status, allow]);
  });

  test('answers HEAD like GET, and leads from an action back to itself', async () => {
    const { walker } = await openAccount(server, await makePerson(server.services));
    const headers = { Cookie: walker.cookies.headerFor(new URL(server.issuer)) };
    expect((await ask('/account/apps', { method: 'HEAD', headers })).status).toBe(200);
    const action = await ask('/account/sessions/end-all', { headers });
    expect([action.status, action.headers.get('location')]).toEqual([303, '/account/sessions']);
    const out = await ask('/account/sign-out', { headers });
    expect([out.status, out.headers.get('location')]).toEqual([303, '/account']);
    expect(await isSignedIn(walker)).toBe(true);
  });
});

describe('a form', () => {
  test('without a token, with one of another session or from another site is refused', async () => {
    const { walker, page } = await openAccount(server, await makePerson(server.services));
    const other = await openAccount(server, await makePerson(server.services));
    const foreign = other.page.forms[0]?.fields['csrf'] ?? '';
    for (const csrf of ['', 'x', foreign]) {
      expect((await forge(walker, page, '/account/sign-out', { csrf })).status).toBe(403);
      expect((await forge(walker, page, '/account/sessions/end-all', { csrf })).status).toBe(403);
    }
    const csrf = page.forms[0]?.fields['csrf'] ?? '';
    const crossSite = await ask('/account/sign-out', {
      method: 'POST',
      headers: {
        Cookie: walker.cookies.headerFor(new URL(server.issuer)),
        'Sec-Fetch-Site': 'cross-site',
      },
      body: new URLSearchParams({ csrf }),
    });
    expect(crossSite.status).toBe(403);
    expect(await isSignedIn(walker)).toBe(true);
  });

  test('for what matters asks who signed in a while ago to do it again, and leads back', async () => {
    const person = await makePerson(server.services);
    const { walker, page } = await openAccount(server, person, { path: '/account/data' });
    clock.advance(server.services.config.authentication.reauthenticationSeconds);
    const fresh = await walker.submit(page, { confirmation: 'not me' }, { form: '/data/delete' });
    expect([fresh.status, fresh.url.pathname]).toEqual([422, '/account/data/delete']);

    clock.advance(1);
    const again = await walker.submit(page, { confirmation: person.email ?? '' }, { form: '/data/delete' });
    expect(again.heading).toBe('Confirm it is you');
    // Whoever cannot prove it has lost nothing.
    const back = await walker.visit('/account/data');
    expect(back.heading).toBe('Your data');
    const stale = await walker.submit(back, {}, { form: '/data/export' });
    const proved = await signIn(walker, stale, person.email ?? '');
    expect([proved.url.pathname, proved.status]).toEqual(['/account/data', 200]);
    const file = await walker.submit(proved, {}, { form: '/data/export' });
    expect(file.headers.get('content-disposition')).toContain('attachment');
  });
});

describe('whoever has a second factor', () => {
  /** Signed in with the password alone, because the device is remembered. */
  async function onRememberedDevice() {
    const person = await makePerson(server.services);
    const app = await giveTotp(server.services, person);
    const first = await openAccount(server, person);
    const remembered = { code: app.code(clock.now()), remember_device: 'yes' };
    const in1 = await first.walker.submit(first.page, remembered, { form: '/second-factor' });
    await first.walker.submit(in1, {}, { form: '/account/sign-out' });
    clock.advance(60);
    const form = await first.walker.visit('/account/data');
    const page = await signIn(first.walker, form, person.email ?? '');
    expect(page.heading).toBe('Your data');
    return { person, app, walker: first.walker, page };
  }

  test('proves it for what matters, also on a device that is remembered, but not what was proved before', async () => {
    const { app, walker, page } = await onRememberedDevice();
    const asked = await walker.submit(page, {}, { form: '/data/export' });
    expect(asked.url.pathname).toMatch(/\/second-factor$/);
    expect((await walker.visit('/account/data')).heading).toBe('Your data');
    const back = await walker.submit(asked, { code: app.code(clock.now()) }, { form: '/second-factor' });
    expect([back.url.pathname, back.status]).toEqual(['/account/data', 200]);
    const file = await walker.submit(back, {}, { form: '/data/export' });
    expect(file.headers.get('content-disposition')).toContain('attachment');
  });

  test('proves both when the sign-in is old', async () => {
    const { app, person, walker, page } = await onRememberedDevice();
    clock.advance(server.services.config.authentication.reauthenticationSeconds + 1);
    const again = await walker.submit(page, {}, { form: '/data/export' });
    expect(again.heading).toBe('Confirm it is you');
    const asked = await signIn(walker, again, person.email ?? '');
    expect(asked.url.pathname).toMatch(/\/second-factor$/);
    const back = await walker.submit(asked, { code: app.code(clock.now()) }, { form: '/second-factor' });
    const file = await walker.submit(back, {}, { form: '/data/export' });
    expect(file.headers.get('content-disposition')).toContain('attachment');
  });

  test('is remembered on no device after ending all sessions', async () => {
    const { person, walker } = await onRememberedDevice();
    await walker.submit(await walker.visit('/account/sessions'), {}, { form: '/end-all' });
    const asked = await signIn(walker, await walker.visit('/account'), person.email ?? '');
    expect(asked.url.pathname).toMatch(/\/second-factor$/);
  });
});

describe('the client that these pages are', () => {
  const id = ACCOUNT_CLIENT_ID;

  test('is listed nowhere, and nobody changes, disables, deletes or replaces it', async () => {
    const { db } = server.services;
    const all = await listClients(db.knex, { limit: 1000 });
    expect(all.map((client) => client.id)).not.toContain(id);
    const refused = { code: 'client_built_in', status: 409 };
    const metadata = { redirect_uris: ['https://evil.example/'] };
    await expect(updateClient(server.services, id, { metadata }, 'test')).rejects.toMatchObject(refused);
    await expect(disableClient(server.services, id, 'test')).rejects.toMatchObject(refused);
    await expect(deleteClient(server.services, id, 'test')).rejects.toMatchObject(refused);
    await expect(createClient(server.services, { id, metadata, actor: 'test' })).rejects.toMatchObject({
      code: 'invalid_client_id',
    });
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const response = await ask(`/reg/${id}`, { method, headers: { Authorization: 'Bearer guess' } });
      expect(response.status).toBe(401);
    }
  });

  test('follows the issuer and the brand, and is left alone when it does', async () => {
    const { db, config } = server.services;
    const before = await findClient(db.knex, id);
    await ensureBuiltInClients(server.services);
    expect(await findClient(db.knex, id)).toEqual(before);
    const moved = { ...config, issuer: 'https://login.example' };
    await ensureBuiltInClients({ db, clock, config: moved });
    expect((await findClient(db.knex, id))?.metadata['redirect_uris']).toEqual([
      'https://login.example/account/callback',
    ]);
    await ensureBuiltInClients(server.services);
    expect((await findClient(db.knex, id))?.metadata).toEqual(before?.metadata);
  });

  test('gets no token for a code that was caught on its way, even from whoever chose the verifier', async () => {
    const verifier = 'a'.repeat(43);
    const { walker } = await openAccount(server, await makePerson(server.services));
    const redirect_uri = `${server.issuer}/account/callback`;
    const query = new URLSearchParams({
      client_id: id,
      response_type: 'code',
      redirect_uri,
      scope: 'openid',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    const headers = { Cookie: walker.cookies.headerFor(new URL(server.issuer)) };
    const answer = await ask(`/auth?${query.toString()}`, { headers });
    const code = new URL(answer.headers.get('location') ?? '', server.issuer).searchParams.get('code') ?? '';
    expect(code).not.toBe('');
    const form = { grant_type: 'authorization_code', client_id: id, code, redirect_uri };
    const body = new URLSearchParams({ ...form, code_verifier: verifier });
    const redeemed = await ask('/token', { method: 'POST', body });
    expect([redeemed.status, await redeemed.json()]).toMatchObject([400, { error: 'invalid_grant' }]);
  });
});
