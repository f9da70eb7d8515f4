import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createWalker, type Walker } from '../support/browser-walker.ts';
import { makeApi, PASSWORD } from '../support/factories.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { form, post, send, sendRaw, type Answer } from './http.ts';
import {
  addClient,
  authorizationRequest,
  authorize,
  authorizeUrl,
  BILLS,
  introspect,
  issue,
  openScene,
  redeem,
  refresh,
  revokeToken,
  type RelyingParty,
  type Scene,
} from './scene.ts';
import { after } from './time.ts';

const ORIGIN = 'https://rp.example';
const EVIL = 'https://evil.example';
const DAY = 86_400;

let scene: Scene;
let spa: RelyingParty;
let web: RelyingParty;

beforeAll(async () => {
  scene = await openScene();
  spa = await addClient(scene, 'spa');
  web = await addClient(scene, 'web');
});
afterAll(() => scene.stop());

const corsOf = ({ headers }: Answer): string | null => headers.get('access-control-allow-origin');

describe('BBA-02 a client without a secret', () => {
  test('BBA-02 needs none and cannot get tokens of its own', async () => {
    const { status } = await redeem(scene, await authorize(scene, spa));
    expect(status).toBe(200);
    const own = await post(`${scene.issuer}/token`, { grant_type: 'client_credentials', ...spa.fields });
    expect(own.json).not.toHaveProperty('access_token');
    const greedy = addClient(scene, 'spa', {
      metadata: { grant_types: ['client_credentials'], response_types: [] },
    });
    await expect(greedy).rejects.toMatchObject({ code: 'invalid_client_metadata' });
  });

  test('BBA-02 is not impersonated by somebody who knows its id alone', async () => {
    const flow = await authorize(scene, spa);
    const guess = await redeem(scene, flow, { code_verifier: 'a'.repeat(43) });
    expect(guess.json['error']).toBe('invalid_grant');
  });
});

describe('BBA-03 refresh tokens of a browser app', () => {
  test('BBA-03 end on the day that the first one would have, however often they are exchanged', async () => {
    const { refresh: first } = await issue(scene, spa, {
      scope: 'openid offline_access',
      resource: undefined,
    });
    const expiry = async (token: string) => Number((await introspect(scene, spa, token)).json['exp']);
    const issued = Date.now() / 1000;
    let token = first;
    for (const day of [7, 14, 21, 27, 29]) {
      token = await after(day * DAY, async () => {
        const { json } = await refresh(scene, spa, token);
        const next = String(json['refresh_token']);
        expect(await expiry(next)).toBeLessThanOrEqual(issued + 30 * DAY + 60);
        return next;
      });
    }
    expect(await after(29 * DAY, () => expiry(token))).toBeLessThanOrEqual(issued + 30 * DAY + 60);
    const late = await after(31 * DAY, () => refresh(scene, spa, token));
    expect(late.json['error']).toBe('invalid_grant');
  });

  test('BBA-03 BCP-14 end when nobody uses them', async () => {
    const { refresh: token } = await issue(scene, spa);
    expect((await after(13 * DAY, () => introspect(scene, spa, token))).json['active']).toBe(true);
    expect((await after(15 * DAY, () => refresh(scene, spa, token))).json['error']).toBe('invalid_grant');
  });

  test('BBA-03 are exchanged once, by sixteen at once as well: all get one answer or none', async () => {
    const { refresh: token } = await issue(scene, spa);
    const answers = await Promise.all(Array.from({ length: 16 }, () => refresh(scene, spa, token)));
    const successors = new Set(answers.flatMap(({ json }) => json['refresh_token'] ?? []));
    expect(successors.size).toBe(1);
    for (const { status, json } of answers)
      expect(status === 200 || json['error'] === 'invalid_grant').toBe(true);
  });

  test('BBA-03 are answered again only to the same request, and only for seconds', async () => {
    const { refresh: token } = await issue(scene, spa);
    const first = await refresh(scene, spa, token);
    const again = await refresh(scene, spa, token);
    expect(again.json['refresh_token']).toBe(first.json['refresh_token']);
    const other = await refresh(scene, spa, token, { scope: 'openid' });
    expect(other.json).not.toHaveProperty('access_token');
    const late = await after(11, () => refresh(scene, spa, token));
    expect(late.json['error']).toBe('invalid_grant');
    expect((await introspect(scene, spa, String(first.json['refresh_token']))).json).toEqual({
      active: false,
    });
  });
});

describe('BBA-05 other origins', () => {
  test('BBA-05 get answers for their own clients and no others', async () => {
    const flow = await authorize(scene, spa);
    const stolen = await redeem(scene, flow, {}, { Origin: EVIL });
    expect([stolen.status, corsOf(stolen)]).toEqual([400, null]);
    const own = await redeem(scene, flow, {}, { Origin: ORIGIN });
    expect([own.status, corsOf(own)]).toEqual([200, ORIGIN]);
    expect(own.headers.get('access-control-allow-credentials')).toBeNull();
    const refreshToken = String(own.json['refresh_token']);
    for (const origin of [EVIL, 'null', `${ORIGIN}.evil.example`, 'http://rp.example', `${ORIGIN}:444`]) {
      const answer = await refresh(scene, spa, refreshToken, {}, { Origin: origin });
      expect([answer.status, corsOf(answer)], origin).toEqual([400, null]);
    }
    expect((await refresh(scene, spa, refreshToken, {}, { Origin: ORIGIN })).status).toBe(200);
  });

  test('BBA-05 do not read userinfo, introspection or what a push was answered', async () => {
    const { access } = await issue(scene, spa, { scope: 'openid', resource: undefined });
    const me = (origin: string) =>
      send(`${scene.issuer}/me`, { headers: { Authorization: `Bearer ${access}`, Origin: origin } });
    expect(corsOf(await me(ORIGIN))).toBe(ORIGIN);
    const foreign = await me(EVIL);
    expect([foreign.status, corsOf(foreign)]).toEqual([400, null]);
    expect(foreign.json).not.toHaveProperty('sub');
    for (const path of ['/token/introspection', '/token/revocation', '/request']) {
      const fields = { ...authorizationRequest(spa).fields, token: access, ...spa.fields };
      const answer = await post(scene.issuer + path, fields, { Origin: EVIL });
      expect([answer.status, corsOf(answer)], path).toEqual([400, null]);
    }
    expect((await introspect(scene, spa, access)).json['active']).toBe(true);
    await revokeToken(scene, spa, access);
  });

  test('BBA-05 never come with cookies', async () => {
    const walker = createWalker({ origin: scene.issuer });
    await authorize(scene, spa, {}, walker);
    const cookie = walker.cookies.headerFor(new URL(scene.issuer));
    for (const path of [
      '/token',
      '/me',
      '/jwks',
      '/.well-known/openid-configuration',
      '/request',
      '/device/auth',
    ]) {
      for (const method of ['OPTIONS', 'GET', 'POST']) {
        const headers = { Origin: EVIL, Cookie: cookie, 'Access-Control-Request-Method': 'POST' };
        const answer = await send(scene.issuer + path, { method, headers });
        expect(answer.headers.get('access-control-allow-credentials'), path).toBeNull();
      }
    }
    for (const path of ['/', '/auth', '/session/end', '/device', '/interaction/x', '/reg', '/reg/x']) {
      const headers = { Origin: EVIL, Cookie: cookie, 'Access-Control-Request-Method': 'POST' };
      for (const method of ['OPTIONS', 'GET', 'POST']) {
        expect(corsOf(await send(scene.issuer + path, { method, headers })), `${method} ${path}`).toBeNull();
      }
    }
  });

  test('BBA-05 a preflight says what may be sent and nothing about any client', async () => {
    const preflight = (origin: string) =>
      send(`${scene.issuer}/token`, {
        method: 'OPTIONS',
        headers: {
          Origin: origin,
          'Access-Control-Request-Method': 'POST',
          'Access-Control-Request-Headers': 'dpop',
        },
      });
    const answer = await preflight(ORIGIN);
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-headers')).toBe('dpop');
    expect(answer.headers.get('vary')).toContain('Origin');
  });
});

/** The server as it is behind a proxy that speaks TLS: it is told so by its issuer and by nothing else. */
async function startSecureServer(): Promise<TestServer & AsyncDisposable> {
  const server = await startTestServer({ env: { GUICHET_ISSUER: 'https://login.example' } });
  await makeApi(server.services, {});
  await makeApi(server.services, { audience: BILLS, scopes: [{ name: 'bills:read', description: 'Read' }] });
  return { ...server, [Symbol.asyncDispose]: () => server.stop() };
}

/** What a cookie was set with, by its name. */
function cookiesOf(headers: Headers): Record<string, { value: string; flags: string[] }> {
  return Object.fromEntries(
    headers.getSetCookie().map((line) => {
      const [pair = '', ...flags] = line.split(';').map((part) => part.trim());
      const [name = '', ...value] = pair.split('=');
      return [name, { value: value.join('='), flags: flags.map((flag) => flag.toLowerCase()) }];
    }),
  );
}

describe('V3.3 V7.2 cookies and sessions', () => {
  const SILENT = { prompt: 'none', scope: 'openid orders:read' };

  async function isSignedIn(cookie: string): Promise<boolean> {
    const url = authorizeUrl(scene, authorizationRequest(web, SILENT).fields);
    const { location } = await send(url, { headers: { Cookie: cookie } });
    return location?.searchParams.has('code') ?? false;
  }

  const headerOf = (walker: Walker) => walker.cookies.headerFor(new URL(scene.issuer));

  test('V3.3.1 every cookie is out of scripts’ reach and stays here', async () => {
    const page = await send(authorizeUrl(scene, authorizationRequest(web).fields));
    const cookies = cookiesOf(page.headers);
    expect(Object.keys(cookies).length).toBeGreaterThanOrEqual(4);
    for (const [name, { flags }] of Object.entries(cookies)) {
      expect(flags, name).toContain('httponly');
      expect(flags, name).toContain('samesite=lax');
      expect(
        flags.some((flag) => flag.startsWith('domain=')),
        name,
      ).toBe(false);
      if (!name.endsWith('.sig')) expect(Object.keys(cookies), 'signed').toContain(`${name}.sig`);
    }
  });

  test('V3.3.3 V3.4.1 on https they carry a prefix that pins them to this host', async () => {
    await using server = await startSecureServer();
    const client = await addClient({ ...scene, server }, 'web');
    const path = `/auth?${form(authorizationRequest(client, { resource: undefined, scope: 'openid' }).fields)}`;
    const { port } = server.services.config.listen;
    const ask = (target: string, cookie = '') =>
      sendRaw({
        port,
        path: target,
        headers: { Host: 'login.example', Cookie: cookie, Accept: 'text/html' },
      });
    const started = await ask(path);
    expect(started.location?.pathname).toMatch(/^\/interaction\//);
    expect(started.headers.get('location')).toMatch(/^(\/|https:\/\/login\.example\/)interaction/);
    const jar = cookiesOf(started.headers);
    const cookie = Object.entries(jar)
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ');
    const page = await ask(started.location?.pathname ?? '', cookie);
    expect(page.headers.get('strict-transport-security')).toMatch(/max-age=31536000/);
    const device = await ask('/device');
    const all = { ...jar, ...cookiesOf(page.headers), ...cookiesOf(device.headers) };
    expect(Object.keys(all)).toContain('__Host-guichet-session');
    expect(Object.keys(all)).toContain('__Host-guichet-csrf');
    for (const [name, { flags }] of Object.entries(all)) {
      expect(name).toMatch(/^__(Host|Secure)-/);
      expect(flags, name).toContain('secure');
      expect(flags, name).toContain('httponly');
      if (name.startsWith('__Host-')) expect(flags, name).toContain('path=/');
    }
  });

  test('V7.2.4 signing in gives another session id, and the one before is worth nothing', async () => {
    const walker = createWalker({ origin: scene.issuer });
    const url = authorizeUrl(scene, authorizationRequest(web).fields);
    await walker.visit('/device');
    const before = walker.cookies.get('guichet-session');
    const planted = headerOf(walker);
    expect(before).toBeTruthy();
    const signIn = await walker.visit(url);
    const credentials = { identifier: scene.person.email ?? '', password: PASSWORD };
    const consent = await walker.submit(signIn, credentials, { form: '/sign-in' });
    await walker.submit(consent, {}, { name: 'decision', value: 'allow' });
    expect(walker.cookies.get('guichet-session')).not.toBe(before);
    expect(await isSignedIn(headerOf(walker))).toBe(true);
    expect(await isSignedIn(planted)).toBe(false);
  });

  test('V7.4.1 a cookie from before signing out is worth nothing', async () => {
    const walker = createWalker({ origin: scene.issuer });
    await authorize(scene, web, {}, walker);
    const kept = headerOf(walker);
    expect(await isSignedIn(kept)).toBe(true);
    const page = await walker.visit('/session/end');
    await walker.submit(page, {}, { name: 'logout' });
    expect(await isSignedIn(kept)).toBe(false);
  });

  test('V7.2.3 a session id is long, signed, and not accepted without its signature', async () => {
    const walker = createWalker({ origin: scene.issuer });
    await authorize(scene, web, {}, walker);
    const id = walker.cookies.get('guichet-session') ?? '';
    const signature = walker.cookies.get('guichet-session.sig') ?? '';
    expect(id).toMatch(/^[\w-]{21,}$/);
    expect(await isSignedIn(`guichet-session=${id}; guichet-session.sig=${signature}`)).toBe(true);
    for (const cookie of [
      `guichet-session=${id}`,
      `guichet-session=${id}; guichet-session.sig=`,
      `guichet-session=${id}; guichet-session.sig=${'A'.repeat(signature.length)}`,
      `guichet-session=${id}x; guichet-session.sig=${signature}`,
      `guichet-session=${scene.person.id}; guichet-session.sig=${signature}`,
    ]) {
      expect(await isSignedIn(cookie), cookie).toBe(false);
    }
  });

  test('V7.3.2 a session ends, however much it is used', async () => {
    const walker = createWalker({ origin: scene.issuer });
    await authorize(scene, web, {}, walker);
    for (const day of [5, 10, 13])
      expect(await after(day * DAY, () => isSignedIn(headerOf(walker)))).toBe(true);
    expect(await after(15 * DAY, () => isSignedIn(headerOf(walker)))).toBe(false);
  });

  test('V3.5 the interaction of one browser is of no use to another', async () => {
    const mine = createWalker({ origin: scene.issuer });
    const page = await mine.visit(authorizeUrl(scene, authorizationRequest(web).fields));
    const uid = page.url.pathname.split('/').at(-1) ?? '';
    for (const path of [`/interaction/${uid}`, `/auth/${uid}`]) {
      const answer = await send(scene.issuer + path, { headers: { Accept: 'text/html' } });
      expect([answer.status, answer.location]).toEqual([400, undefined]);
    }
    const other = createWalker({ origin: scene.issuer });
    const theirs = await other.visit(authorizeUrl(scene, authorizationRequest(web).fields));
    const cookie = mine.cookies.headerFor(page.url);
    const mixed = await send(theirs.url, { headers: { Cookie: cookie } });
    expect(mixed.status).toBe(400);
  });
});

test('BBA-01 a browser app has a redirect URI of its own, https, and no way around the code', async () => {
  for (const uri of [
    'http://rp.example/',
    'https://*.rp.example/',
    'javascript:alert(1)',
    'com.example.app:/cb',
  ]) {
    const refused = addClient(scene, 'spa', { metadata: { redirect_uris: [uri] } });
    await expect(refused, uri).rejects.toMatchObject({ code: 'invalid_redirect_uri' });
  }
  const implicit = addClient(scene, 'spa', {
    metadata: { grant_types: ['implicit'], response_types: ['token'] },
  });
  await expect(implicit).rejects.toMatchObject({ code: 'invalid_client_metadata' });
  const { port } = scene;
  const body = form({ grant_type: 'password', username: 'x', password: 'x', ...spa.fields }).toString();
  const headers = { Host: new URL(scene.issuer).host, 'Content-Type': 'application/x-www-form-urlencoded' };
  const ropc = await sendRaw({ port, method: 'POST', path: '/token', headers, body });
  expect(ropc.json['error']).toBe('unsupported_grant_type');
});
