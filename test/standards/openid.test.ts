import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

import { createRemoteJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { rotateKeys } from '../../src/keys/rotate-keys.ts';
import { deleteAccount } from '../../src/revocation/delete-account.ts';
import { createWalker, type Page, type Walker } from '../support/browser-walker.ts';
import { makePerson, ORDERS } from '../support/factories.ts';
import { form, post, send } from './http.ts';
import {
  addClient,
  authorizationRequest,
  authorize,
  authorizeUrl,
  introspect,
  issue,
  openScene,
  redeem,
  refresh,
  tokensOf,
  type RelyingParty,
  type Scene,
} from './scene.ts';
import { after } from './time.ts';

const BYE = 'https://rp.example/bye';
const SILENT = { prompt: 'none', scope: 'openid orders:read' };

let scene: Scene;
let web: RelyingParty;

beforeAll(async () => {
  scene = await openScene();
  web = await addClient(scene, 'web', { metadata: { post_logout_redirect_uris: [BYE] } });
});
afterAll(() => scene.stop());

const newWalker = (): Walker => createWalker({ origin: scene.issuer });

const ask = (walker: Walker, params: Record<string, string | undefined> = {}, client = web): Promise<Page> =>
  walker.visit(authorizeUrl(scene, authorizationRequest(client, params).fields));

const answerOf = (page: Page, name: string): string | null => page.leavesTo?.searchParams.get(name) ?? null;

/** A browser in which the person has signed in at the client and allowed it everything. */
async function signedIn(client = web): Promise<{ walker: Walker; idToken: string }> {
  const walker = newWalker();
  const { id } = await tokensOf(scene, await authorize(scene, client, {}, walker));
  return { walker, idToken: id };
}

describe('OC-02 a subject', () => {
  test('OC-02 is the same each time, short and plain', async () => {
    const [one, two] = [await issue(scene, web), await issue(scene, web)];
    const { sub = '' } = decodeJwt(one.id);
    expect(decodeJwt(two.id).sub).toBe(sub);
    expect(sub).toMatch(/^[\x21-\x7e]{1,255}$/);
  });

  test('OC-02 is never given to anybody else', async () => {
    const { services } = scene.server;
    const person = await makePerson(services);
    await deleteAccount(services, person.id, 'test');
    const again = await makePerson(services, { email: person.email ?? undefined });
    expect(again.email).toBe(person.email);
    expect(again.id).not.toBe(person.id);
  });
});

describe('OC-03 OC-05 signing in anew', () => {
  test('OC-03 max_age is kept', async () => {
    const { walker } = await signedIn();
    const young = await ask(walker, { max_age: '3600', ...SILENT });
    expect(answerOf(young, 'code')).not.toBeNull();
    await after(10, async () => {
      const old = await ask(walker, { max_age: '5', ...SILENT });
      expect(answerOf(old, 'error')).toBe('login_required');
      const page = await ask(walker, { max_age: '5' });
      expect(page.forms[0]?.action.pathname).toMatch(/\/sign-in$/);
    });
    expect(answerOf(await ask(walker, { max_age: '0', ...SILENT }), 'error')).toMatch(
      /login_required|invalid_request/,
    );
  });

  test('OC-05 prompt=login cannot be walked around', async () => {
    const { walker } = await signedIn();
    const page = await ask(walker, { prompt: 'login' });
    expect(page.forms[0]?.action.pathname).toMatch(/\/sign-in$/);
    const uid = page.url.pathname.split('/').at(-1) ?? '';
    // What came before the form was answered, and what would come after it.
    for (const path of [`/auth/${uid}`, `/interaction/${uid}/consent`]) {
      const around = await walker.visit(path);
      expect(answerOf(around, 'code')).toBeNull();
    }
    const asked = await ask(walker, { prompt: 'login' });
    const action = asked.url.pathname;
    const fields = { csrf: asked.forms[0]?.fields['csrf'] ?? '', decision: 'allow' };
    for (const step of ['consent', 'keep']) {
      const headers = { Cookie: walker.cookies.headerFor(asked.url) };
      const { location } = await post(`${scene.issuer}${action}/${step}`, fields, headers);
      expect(location?.pathname).toBe(action);
    }
  });

  test('OC-05 signing in anew shows in auth_time', async () => {
    const { walker, idToken } = await signedIn();
    await after(30, async () => {
      const flow = await authorize(scene, web, { prompt: 'login consent' }, walker);
      const { json } = await redeem(scene, flow);
      const [old, young] = [decodeJwt(idToken), decodeJwt(String(json['id_token']))];
      expect(Number(young['auth_time'])).toBeGreaterThanOrEqual(Number(old['auth_time'] ?? old.iat) + 29);
    });
  });
});

describe('OC-04 prompt=none shows nothing', () => {
  test('OC-04 to nobody', async () => {
    const page = await ask(newWalker(), SILENT);
    expect([page.status, answerOf(page, 'error')]).toEqual([303, 'login_required']);
  });

  test('OC-04 to somebody who never allowed it', async () => {
    const { walker } = await signedIn();
    const stranger = await addClient(scene, 'web');
    for (const scope of ['openid', 'openid email', 'orders:read', 'openid orders:write']) {
      const page = await ask(walker, { ...SILENT, scope }, stranger);
      expect(answerOf(page, 'error')).toMatch(/^(consent|interaction)_required$/);
    }
    const more = await ask(walker, { ...SILENT, scope: 'openid orders:read orders:write' });
    expect(answerOf(more, 'error')).toBe('consent_required');
  });

  test('OC-04 with any other prompt it is invalid', async () => {
    for (const prompt of [
      'none login',
      'none consent',
      'login none',
      'none select_account',
      'create',
      'None',
    ]) {
      expect(answerOf(await ask(newWalker(), { prompt }), 'error')).toBe('invalid_request');
    }
  });
});

test('OC-06 the hint of somebody else is not answered with this person', async () => {
  const { walker } = await signedIn();
  const stranger = await makePerson(scene.server.services);
  const { id } = await issue({ ...scene, person: stranger }, web);
  expect(answerOf(await ask(walker, { ...SILENT, id_token_hint: id }), 'error')).toBe('login_required');
  const other = await addClient(scene, 'web');
  const foreign = await ask(walker, { ...SILENT, id_token_hint: id }, other);
  expect(answerOf(foreign, 'error')).toMatch(/invalid_request|login_required/);
});

test('OC-07 userinfo speaks of the person of the ID token, by GET and by POST', async () => {
  const tokens = await issue(scene, web, { scope: 'openid profile', resource: undefined });
  const url = `${scene.issuer}/me`;
  const headers = { Authorization: `Bearer ${tokens.access}` };
  for (const answer of [
    await send(url, { headers }),
    await send(url, { method: 'POST', headers }),
    await post(url, { access_token: tokens.access }),
  ]) {
    expect(answer.json['sub']).toBe(decodeJwt(tokens.id).sub);
  }
  const twice = await post(url, { access_token: tokens.access }, headers);
  expect(twice.status).toBe(400);
  expect((await send(url)).headers.get('www-authenticate')).toMatch(/Bearer/);
});

describe('OC-08 nothing is told that was not granted', () => {
  const PERSONAL = [
    'name',
    'given_name',
    'family_name',
    'email',
    'email_verified',
    'preferred_username',
    'updated_at',
  ];

  async function toldTo(params: Record<string, string | undefined>, walker = newWalker()) {
    const tokens = await tokensOf(
      scene,
      await authorize(scene, web, { resource: undefined, ...params }, walker),
    );
    const { json } = await send(`${scene.issuer}/me`, {
      headers: { Authorization: `Bearer ${tokens.access}` },
    });
    return { userinfo: json, idToken: decodeJwt(tokens.id) };
  }

  test('OC-08 openid alone is the subject alone', async () => {
    const { userinfo, idToken } = await toldTo({ scope: 'openid' });
    expect(userinfo).toEqual({ sub: scene.person.id });
    for (const claim of PERSONAL) expect(idToken).not.toHaveProperty(claim);
  });

  test('OC-08 a scope tells what belongs to it', async () => {
    const { userinfo } = await toldTo({ scope: 'openid email' });
    expect(userinfo).toEqual({ sub: scene.person.id, email: scene.person.email, email_verified: true });
  });

  test('OC-08 the claims parameter releases nothing without being asked about', async () => {
    const claims = JSON.stringify({
      userinfo: { email: { essential: true }, name: null },
      id_token: { email: null },
    });
    const walker = newWalker();
    // Everything else was allowed before: only the claims are new.
    await toldTo({ scope: 'openid' }, walker);
    const silent = await ask(walker, { ...SILENT, scope: 'openid', resource: undefined, claims });
    expect(answerOf(silent, 'error')).toBe('consent_required');
    const page = await ask(walker, { prompt: undefined, scope: 'openid', resource: undefined, claims });
    expect(page.text).toContain('See your e-mail address');
    expect(page.text).toContain('See your name');
    expect(page.text).not.toContain('learns nothing new');
    const { userinfo } = await toldTo({ scope: 'openid', claims }, walker);
    expect(userinfo['email']).toBe(scene.person.email);
  });

  test('OC-08 what was allowed once by claim is not told without being asked for', async () => {
    const walker = newWalker();
    await toldTo({ scope: 'openid', claims: '{"userinfo":{"email":null}}' }, walker);
    const { userinfo } = await toldTo({ scope: 'openid' }, walker);
    expect(userinfo).not.toHaveProperty('email');
  });

  test('OC-08 V10.4.11 a client cannot ask by claim for what its scopes rule out', async () => {
    const modest = await addClient(scene, 'web', { firstParty: true, metadata: { scope: 'openid' } });
    const scoped = await ask(newWalker(), { scope: 'openid email', resource: undefined }, modest);
    expect(answerOf(scoped, 'error')).toBe('invalid_scope');
    for (const member of ['userinfo', 'id_token']) {
      const claims = JSON.stringify({ [member]: { email: { essential: true } } });
      const asked = await ask(newWalker(), { scope: 'openid', resource: undefined, claims }, modest);
      expect(answerOf(asked, 'error')).toBe('invalid_request');
    }
    const harmless = JSON.stringify({
      id_token: { auth_time: null, acr: { value: 'x' } },
      userinfo: { sub: null },
    });
    const page = await ask(newWalker(), { scope: 'openid', resource: undefined, claims: harmless }, modest);
    expect(page.forms[0]?.action.pathname).toMatch(/\/sign-in$/);
  });

  test.each([
    '{"userinfo":{"__proto__":{"essential":true}}}',
    '{"__proto__":{"userinfo":{"email":null}}}',
    '{"userinfo":{"constructor":null,"toString":{}}}',
    '{"id_token":{"acr":{"essential":true,"values":"x"}}}',
    '{"id_token":{"acr":{"essential":true,"values":[{}]}}}',
    '{"id_token":{"sub":{"value":{}}}}',
    '{"id_token":{"sub":{"value":"usr_other"}}}',
    '{"id_token":{"sub":1},"userinfo":{"email":true}}',
    '{"userinfo":null}',
    '[]',
    'null',
    '1',
    '"x"',
  ])('OC-08 strange claims break nothing: %s', async (claims) => {
    const { walker } = await signedIn();
    const page = await ask(walker, { ...SILENT, claims });
    expect(page.status).toBeLessThan(500);
    expect(answerOf(page, 'error') ?? answerOf(page, 'code')).not.toBeNull();
  });

  test('OC-08 claims within claims within claims break nothing', async () => {
    const claims = `{"userinfo":${'{"a":'.repeat(300)}1${'}'.repeat(300)}}`;
    expect(answerOf(await ask(newWalker(), { ...SILENT, claims }), 'error')).toBe('login_required');
  });
});

test.each([
  ['request', 'request_not_supported'],
  ['request_uri', 'invalid_request_uri'],
  ['registration', 'registration_not_supported'],
])('OC-09 %s is refused by name', async (name, error) => {
  const page = await ask(newWalker(), { [name]: 'https://rp.example/x' });
  const told = answerOf(page, 'error') ?? page.text;
  expect(told).toMatch(
    name === 'request_uri' ? /invalid_request_uri|request_uri_not_supported/ : new RegExp(error),
  );
});

describe('OC-10 LO-07 BC-04 access after the person has gone', () => {
  test('OC-10 is given only where the person was asked', async () => {
    const { walker } = await signedIn();
    const flow = await authorize(
      scene,
      web,
      { prompt: undefined, scope: 'openid orders:read offline_access' },
      walker,
    );
    const { json } = await redeem(scene, flow);
    expect(String(json['scope'])).not.toContain('offline_access');
  });

  test('BC-04 LO-07 ends with the session where it was not', async () => {
    const client = await addClient(scene, 'web', { firstParty: true });
    const walker = newWalker();
    const flow = await authorize(scene, client, { prompt: undefined, scope: 'openid orders:read' }, walker);
    const tokens = await tokensOf(scene, flow);
    expect((await introspect(scene, client, tokens.access)).json['active']).toBe(true);
    const page = await walker.visit('/session/end');
    await walker.submit(page, {}, { name: 'logout' });
    expect((await refresh(scene, client, tokens.refresh)).json['error']).toBe('invalid_grant');
    expect((await introspect(scene, client, tokens.access)).json).toEqual({ active: false });
    expect((await introspect(scene, client, tokens.refresh)).json).toEqual({ active: false });
    expect(answerOf(await ask(walker, SILENT, client), 'error')).toBe('login_required');
  });

  test('BC-04 goes on where it was', async () => {
    const walker = newWalker();
    const tokens = await tokensOf(scene, await authorize(scene, web, {}, walker));
    const page = await walker.visit('/session/end');
    await walker.submit(page, {}, { name: 'logout' });
    expect((await refresh(scene, web, tokens.refresh)).status).toBe(200);
  });
});

test('OC-11 a refreshed ID token speaks of the same person, sign-in and client', async () => {
  const tokens = await issue(scene, web, { max_age: '3600' });
  await after(20, async () => {
    const { json } = await refresh(scene, web, tokens.refresh);
    const [old, young] = [decodeJwt(tokens.id), decodeJwt(String(json['id_token']))];
    for (const claim of ['iss', 'sub', 'aud', 'auth_time', 'azp'])
      expect(young[claim], claim).toEqual(old[claim]);
    expect(Number(young.iat)).toBeGreaterThan(Number(old.iat));
  });
});

test.each(['x'.repeat(2000), 'é ü 日本 😀', '"<>&\'%2b+ =;', 'a&error=x#y', '\u202e\u200b'])(
  'OC-14 the state comes back as it was: %j',
  async (state) => {
    const page = await ask(newWalker(), { prompt: 'none', state });
    expect(answerOf(page, 'state')).toBe(state);
    expect(page.leavesTo?.searchParams.getAll('error')).toHaveLength(1);
  },
);

test('OC-15 after a rotation old tokens verify and new ones have the new key', async () => {
  const { services } = scene.server;
  const old = await issue(scene, web);
  const [rotation] = await rotateKeys(services, { alg: 'ES256', now: true });
  await vi.waitUntil(() => services.keys.activeKid('ES256') === rotation?.kid);
  const young = await issue(scene, web);
  expect(decodeProtectedHeader(young.access).kid).toBe(rotation?.kid);
  const keys = createRemoteJWKSet(new URL(`${scene.issuer}/jwks`));
  for (const { access } of [old, young]) {
    await jwtVerify(access, keys, { issuer: scene.issuer, audience: ORDERS, typ: 'at+jwt' });
    expect((await introspect(scene, web, access)).json['active']).toBe(true);
  }
});

describe('LO-01 … LO-06 signing out', () => {
  const stillSignedIn = async (walker: Walker) => answerOf(await ask(walker, SILENT), 'code') !== null;

  test.each(['GET', 'POST'])('LO-01 LO-06 by %s, to a registered address, with the state', async (method) => {
    const { walker, idToken } = await signedIn();
    const fields = { id_token_hint: idToken, post_logout_redirect_uri: BYE, state: 'a b&c' };
    let url = `${scene.issuer}/session/end?${form(fields)}`;
    if (method === 'POST') url = (await post(`${scene.issuer}/session/end`, fields)).location?.href ?? '';
    const done = await walker.submit(await walker.visit(url), {}, { name: 'logout' });
    expect(done.leavesTo?.href).toBe(`${BYE}?state=${encodeURIComponent('a b&c').replaceAll('%20', '+')}`);
    expect(await stillSignedIn(walker)).toBe(false);
  });

  test.each([
    'https://evil.example/',
    `${BYE}/`,
    `${BYE}?added=1`,
    `${BYE}#x`,
    'https://rp.example/callback',
    'http://rp.example/bye',
    'javascript:alert(1)',
    '//rp.example/bye',
  ])('LO-02 not to %s', async (uri) => {
    const { walker, idToken } = await signedIn();
    const page = await walker.visit(
      `/session/end?${form({ id_token_hint: idToken, post_logout_redirect_uri: uri })}`,
    );
    expect(page.leavesTo).toBeUndefined();
    expect(page.status).toBe(400);
    expect(await stillSignedIn(walker)).toBe(true);
  });

  test('LO-02 LO-05 a link to sign out asks first, whatever it brings along', async () => {
    const { walker, idToken } = await signedIn();
    for (const fields of [
      {},
      { client_id: web.id },
      { client_id: web.id, post_logout_redirect_uri: BYE },
      { post_logout_redirect_uri: BYE },
      { id_token_hint: idToken, post_logout_redirect_uri: BYE },
      { logout: 'yes' },
      { xsrf: 'x', logout: 'yes' },
    ]) {
      const page = await walker.visit(`/session/end?${form(fields)}`);
      expect([page.status, page.leavesTo]).toEqual([200, undefined]);
      expect(page.forms.length).toBeGreaterThan(0);
      expect(await stillSignedIn(walker)).toBe(true);
    }
    const confirm = `${scene.issuer}/session/end/confirm`;
    const headers = { Cookie: walker.cookies.headerFor(new URL(confirm)) };
    for (const xsrf of ['', 'x', 'undefined']) {
      expect((await post(confirm, { xsrf, logout: 'yes' }, headers)).status).toBe(400);
    }
    expect((await send(confirm, { headers })).status).toBe(405);
    expect(await stillSignedIn(walker)).toBe(true);
  });

  test('LO-04 the client that is named is the one of the hint', async () => {
    const { walker, idToken } = await signedIn();
    const other = await addClient(scene, 'web', {
      metadata: { post_logout_redirect_uris: ['https://other.example/'] },
    });
    const query = form({
      id_token_hint: idToken,
      client_id: other.id,
      post_logout_redirect_uri: 'https://other.example/',
    });
    const page = await walker.visit(`/session/end?${query}`);
    expect([page.status, page.leavesTo]).toEqual([400, undefined]);
  });
});

describe('BC-02 BC-03 telling clients', () => {
  interface Receiver {
    readonly url: string;
    readonly requests: string[];
    answer: { status: number; afterMs?: number; location?: string };
    readonly server: Server;
  }

  const receivers: Receiver[] = [];
  afterAll(() => {
    for (const { server } of receivers) {
      server.closeAllConnections();
      server.close();
    }
  });

  async function receive(answer: Receiver['answer']): Promise<Receiver> {
    const requests: string[] = [];
    const server = createServer((req, res) => {
      let body = '';
      req.on('data', (chunk: Buffer) => (body += chunk.toString()));
      req.on('end', () => {
        requests.push(`${req.method} ${req.url} ${body}`);
        const { status, afterMs = 0, location } = receiver.answer;
        setTimeout(() => res.writeHead(status, location ? { Location: location } : {}).end(), afterMs);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const receiver = { url: `http://127.0.0.1:${port}/logout`, requests, answer, server };
    receivers.push(receiver);
    return receiver;
  }

  async function signOutWith(...listening: Receiver[]): Promise<number> {
    const walker = newWalker();
    for (const { url } of listening) {
      const metadata = { backchannel_logout_uri: url, backchannel_logout_session_required: true };
      await authorize(scene, await addClient(scene, 'web', { metadata }), {}, walker);
    }
    const page = await walker.visit('/session/end');
    const started = performance.now();
    await walker.submit(page, {}, { name: 'logout' });
    return performance.now() - started;
  }

  test('BC-02 a redirect is not followed', async () => {
    const elsewhere = await receive({ status: 200 });
    const first = await receive({ status: 302, location: elsewhere.url });
    await signOutWith(first);
    await vi.waitUntil(() => first.requests.length > 0, { timeout: 5000 });
    await vi.waitUntil(() => first.requests.length > 1, { timeout: 10_000 });
    expect(elsewhere.requests).toEqual([]);
    expect(first.requests[0]).toMatch(/^POST \/logout logout_token=[\w-]+\.[\w-]+\.[\w-]+$/);
  }, 20_000);

  test('BC-03 a slow client holds up neither the person nor the other clients, and one that was down is told later', async () => {
    const slow = await receive({ status: 200, afterMs: 10_000 });
    const down = await receive({ status: 503 });
    const fine = await receive({ status: 200 });
    expect(await signOutWith(slow, down, fine)).toBeLessThan(3000);
    await vi.waitUntil(() => fine.requests.length === 1 && down.requests.length > 0, { timeout: 4000 });
    down.answer = { status: 200 };
    await vi.waitUntil(() => down.requests.length === 2, { timeout: 15_000 });
    const [one, two] = down.requests.map((request) => decodeJwt(request.split('logout_token=')[1] ?? ''));
    expect(one?.jti).toBe(two?.jti);
    expect(one).not.toHaveProperty('nonce');
  }, 30_000);
});

test('OC-12 what only decorates is accepted, whatever it says', async () => {
  const strange = {
    display: 'holographic',
    ui_locales: '__proto__ fr-CA xx',
    claims_locales: 'x',
    acr_values: 'a b',
    login_hint: '"><script>alert(1)</script>',
  };
  const page = await ask(newWalker(), strange);
  expect(page.status).toBe(200);
  expect(page.html).not.toContain('<script>alert');
  expect(page.forms[0]?.action.pathname).toMatch(/\/sign-in$/);
});
