import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';

import { resetPassword } from '../../src/revocation/reset-password.ts';
import { createWalker } from '../support/browser-walker.ts';
import { makePerson, ORDERS, PASSWORD } from '../support/factories.ts';
import { form, post, postJson, send, sendRaw, type Answer } from './http.ts';
import {
  addClient,
  askByForm,
  authorizationRequest,
  authorize,
  authorizeUrl,
  BILLS,
  CALLBACK,
  introspect,
  issue,
  machineToken,
  openScene,
  redeem,
  refresh,
  tokensOf,
  type RelyingParty,
  type Scene,
} from './scene.ts';
import { pagesOf } from './pages.ts';

let scene: Scene;
let web: RelyingParty;
let spa: RelyingParty;

beforeAll(async () => {
  scene = await openScene();
  web = await addClient(scene, 'web');
  spa = await addClient(scene, 'spa');
});
afterAll(() => scene.stop());

/** Neither a redirect nor a page that redirects. */
function expectNoRedirect(answer: Answer): void {
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.status).toBeLessThan(500);
  expect(answer.location).toBeUndefined();
  expect(answer.headers.get('refresh')).toBeNull();
  expect(answer.text).not.toMatch(/http-equiv=["']?refresh|<script|location\s*=|<form/i);
}

function ask(client: RelyingParty, params: Record<string, string | undefined> = {}): Promise<Answer> {
  return send(authorizeUrl(scene, authorizationRequest(client, params).fields));
}

const VARIANTS = [
  'https://RP.example/callback',
  'HTTPS://rp.example/callback',
  'https://rp.example:443/callback',
  'https://rp.example:8443/callback',
  'http://rp.example/callback',
  'https://rp.example/Callback',
  'https://rp.example/callback/',
  'https://rp.example/callback/..',
  'https://rp.example/callback/../callback',
  'https://rp.example/./callback',
  'https://rp.example//callback',
  'https://rp.example/%63allback',
  'https://rp.example/callback%2f',
  'https://rp.example/callback%00',
  'https://rp.example/callback%20',
  'https://rp.example/callback ',
  ' https://rp.example/callback',
  'https://rp.example/callback?',
  'https://rp.example/callback?added=1',
  'https://rp.example/callback#',
  'https://rp.example/callback#fragment',
  'https://user@rp.example/callback',
  'https://rp.example@evil.example/callback',
  'https://rp.example.evil.example/callback',
  'https://evil.example/callback?https://rp.example/callback',
  'https://rp.example\\@evil.example/callback',
  'https:/rp.example/callback',
  'https:rp.example/callback',
  '//rp.example/callback',
  '/callback',
  'javascript:alert(1)//rp.example/callback',
  'data:text/html,x',
  'https://rp.example/callback\thttps://evil.example',
  'https://rp.example/callback\r\nSet-Cookie: a=b',
  'https://rp.ex\u0430mple/callback',
  '',
];

test.each(VARIANTS)(
  'BCP-01 a redirect URI is compared letter by letter: %j is another one',
  async (variant) => {
    expectNoRedirect(await ask(web, { redirect_uri: variant }));
  },
);

test('BCP-01 a redirect URI that is missing, or given twice, is not guessed', async () => {
  expectNoRedirect(await ask(web, { redirect_uri: undefined }));
  const { fields } = authorizationRequest(web);
  const twice = [...form(fields), ['redirect_uri', 'https://evil.example/']] as [string, string][];
  expectNoRedirect(await send(authorizeUrl(scene, twice)));
});

test('BCP-01 the redirect URI of the token request is the one of the authorization request', async () => {
  const flow = await authorize(scene, web);
  for (const redirectUri of [undefined, 'https://rp.example/callback/', 'https://evil.example/']) {
    const answer = await redeem(scene, flow, { redirect_uri: redirectUri });
    expect(answer.status).toBe(400);
    expect(answer.json['error']).toMatch(/^invalid_(grant|request)$/);
  }
});

test.each([
  ['an unknown client', { client_id: 'cli_unknown' }],
  ['no client', { client_id: undefined }],
  ['a name of the prototype', { client_id: '__proto__' }],
  ['the redirect URI of nobody', { redirect_uri: 'https://evil.example/' }],
  ['a broken request besides', { redirect_uri: 'https://evil.example/', response_type: 'token', scope: 'x' }],
  ['prompt=none besides', { redirect_uri: 'https://evil.example/', prompt: 'none' }],
  ['form_post besides', { redirect_uri: 'https://evil.example/', response_mode: 'form_post' }],
])('BCP-02 no open redirect: %s', async (_, params) => {
  expectNoRedirect(await ask(web, params));
  const { fields } = authorizationRequest(web, params);
  expectNoRedirect(await askByForm(scene, fields));
});

test('BCP-02 no open redirect after signing out', async () => {
  const walker = createWalker({ origin: scene.issuer });
  const query = form({ client_id: web.id, post_logout_redirect_uri: 'https://evil.example/' });
  expect((await walker.visit(`/session/end?${query}`)).leavesTo).toBeUndefined();
  const nobody = form({ post_logout_redirect_uri: 'https://evil.example/', state: 'x' });
  const page = await walker.visit(`/session/end?${nobody}`);
  const done = await walker.submit(page);
  expect(done.leavesTo).toBeUndefined();
  expect(done.html).not.toContain('evil.example');
});

test('BCP-03 a public client cannot do without PKCE', async () => {
  const { location } = await ask(spa, { code_challenge: undefined, code_challenge_method: undefined });
  expect(location?.searchParams.get('error')).toBe('invalid_request');
  expect(location?.searchParams.has('code')).toBe(false);
});

test('BCP-04 a code is worth nothing without its verifier', async () => {
  const flow = await authorize(scene, web);
  const other = await authorize(scene, web);
  const attempts = [
    undefined,
    '',
    flow.verifier.slice(0, -1),
    `${flow.verifier}A`,
    flow.verifier.toLowerCase(),
    other.verifier,
    'a'.repeat(43),
    `${flow.verifier}\u00e9`,
    'x',
    'a'.repeat(200),
  ];
  for (const verifier of attempts) {
    const answer = await redeem(scene, flow, { code_verifier: verifier });
    expect(answer.status, String(verifier)).toBe(400);
    expect(answer.json['error']).toMatch(/^invalid_(grant|request)$/);
  }
});

test('BCP-05 without a challenge there is no code that a verifier could be added to', async () => {
  const { location } = await ask(web, { code_challenge: undefined, code_challenge_method: undefined });
  expect(location?.searchParams.get('error')).toBe('invalid_request');
});

test('BCP-06 metadata says S256 and nothing else', async () => {
  for (const document of ['openid-configuration', 'oauth-authorization-server']) {
    const { json } = await send(`${scene.issuer}/.well-known/${document}`);
    expect(json['code_challenge_methods_supported']).toEqual(['S256']);
  }
});

test.each(['plain', 'PLAIN', 's256', 'S512', '', undefined])(
  'BCP-07 the challenge method %j is refused',
  async (method) => {
    const verifier = 'v'.repeat(43);
    const { location } = await ask(web, { code_challenge: verifier, code_challenge_method: method });
    expect(location?.searchParams.get('error')).toBe('invalid_request');
  },
);

test('BCP-08 a code redeemed twice ends what it was redeemed for', async () => {
  const flow = await authorize(scene, web);
  const tokens = await tokensOf(scene, flow);
  expect((await introspect(scene, web, tokens.access)).json['active']).toBe(true);
  const again = await redeem(scene, flow);
  expect(again.status).toBe(400);
  expect(again.json['error']).toBe('invalid_grant');
  expect((await introspect(scene, web, tokens.access)).json).toEqual({ active: false });
  expect((await introspect(scene, web, tokens.refresh)).json).toEqual({ active: false });
  expect((await refresh(scene, web, tokens.refresh)).json['error']).toBe('invalid_grant');
});

test('BCP-08 the tokens of a code that was redeemed twice are dead at userinfo, too', async () => {
  const flow = await authorize(scene, web, { scope: 'openid profile', resource: undefined });
  const tokens = await tokensOf(scene, flow);
  const me = () => send(`${scene.issuer}/me`, { headers: { Authorization: `Bearer ${tokens.access}` } });
  expect((await me()).status).toBe(200);
  await redeem(scene, flow);
  expect((await me()).status).toBe(401);
});

test('BCP-08 a code presented by another client is neither redeemed nor spent', async () => {
  const thief = await addClient(scene, 'web');
  const flow = await authorize(scene, web);
  const stolen = await redeem(scene, { ...flow, client: thief });
  expect(stolen.json['error']).toBe('invalid_grant');
  expect((await tokensOf(scene, flow)).access).not.toBe('');
});

test('BCP-09 an answer names its issuer, so that answers of two servers cannot be mixed up', async () => {
  const flow = await authorize(scene, web);
  expect(flow.callback.searchParams.get('iss')).toBe(scene.issuer);
});

test.each([
  'token',
  'id_token',
  'id_token token',
  'code token',
  'code id_token',
  'code id_token token',
  'none',
])('BCP-10 the response type %j is refused', async (type) => {
  const { location } = await ask(web, { response_type: type, nonce: 'n' });
  const { searchParams, hash } = location ?? {};
  const answer = searchParams?.has('error') ? searchParams : new URLSearchParams(hash?.slice(1));
  expect(answer.get('error')).toBe('unsupported_response_type');
  for (const secret of ['code', 'access_token', 'id_token']) expect(answer.has(secret)).toBe(false);
});

test('BCP-10 metadata offers nothing in the front channel but codes', () => {
  expect(scene.as.response_types_supported).toEqual(['code']);
  expect(scene.as.grant_types_supported).not.toContain('implicit');
});

test.each([
  'password',
  'implicit',
  '',
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
  '__proto__',
  'toString',
])('BCP-11 the grant type %j is refused', async (grantType) => {
  const fields = {
    grant_type: grantType,
    username: scene.person.email ?? '',
    password: PASSWORD,
    scope: 'openid',
  };
  const { status, json } = await post(`${scene.issuer}/token`, fields, web.headers);
  expect(status).toBe(400);
  expect(json['error']).toMatch(/^(unsupported_grant_type|invalid_request)$/);
});

test('BCP-11 metadata does not offer the password grant', () => {
  expect(scene.as.grant_types_supported).not.toContain('password');
});

test('BCP-12 a replayed refresh token of a public client kills its successors', async () => {
  const first = await issue(scene, spa);
  const second = String((await refresh(scene, spa, first.refresh)).json['refresh_token']);
  const third = await refresh(scene, spa, second);
  expect(third.status).toBe(200);
  const replay = await refresh(scene, spa, first.refresh);
  expect(replay.json['error']).toBe('invalid_grant');
  for (const token of [
    String(third.json['refresh_token']),
    String(third.json['access_token']),
    first.access,
  ]) {
    expect((await introspect(scene, spa, token)).json).toEqual({ active: false });
  }
  expect((await refresh(scene, spa, String(third.json['refresh_token']))).json['error']).toBe(
    'invalid_grant',
  );
});

describe('BCP-13 a refresh token stays with its client, scope and resources', () => {
  test('BCP-13 another client cannot use it, and does no harm by trying', async () => {
    const tokens = await issue(scene, web);
    const thief = await addClient(scene, 'web');
    for (const client of [thief, spa]) {
      expect((await refresh(scene, client, tokens.refresh)).json['error']).toBe('invalid_grant');
    }
    expect((await refresh(scene, web, tokens.refresh)).status).toBe(200);
  });

  test('BCP-13 another client that presents it after it was used learns nothing, even within the grace period', async () => {
    const tokens = await issue(scene, spa);
    const next = await refresh(scene, spa, tokens.refresh);
    const thief = await addClient(scene, 'spa');
    expect((await refresh(scene, thief, tokens.refresh)).json).not.toHaveProperty('access_token');
    expect((await refresh(scene, spa, String(next.json['refresh_token']))).status).toBe(200);
  });

  test.each([
    ['a scope of the same API', { scope: 'openid orders:write' }, 'invalid_scope'],
    ['a scope of OpenID Connect', { scope: 'openid email' }, 'invalid_scope'],
    ['a scope of nobody', { scope: 'root' }, 'invalid_scope'],
    ['an API that was not consented to', { resource: BILLS }, 'invalid_target'],
    ['an API that does not exist', { resource: 'https://api.example/nothing' }, 'invalid_target'],
  ])('BCP-13 it does not widen to %s, and survives the attempt', async (_, changes, error) => {
    const tokens = await issue(scene, web);
    const widened = await refresh(scene, web, tokens.refresh, changes);
    expect(widened.status).toBe(400);
    expect(widened.json['error']).toBe(error);
    expect((await refresh(scene, web, tokens.refresh)).status).toBe(200);
  });

  test('BCP-13 a code does not widen either, and survives the attempt', async () => {
    const flow = await authorize(scene, web);
    for (const resource of [BILLS, 'https://api.example/nothing']) {
      expect((await redeem(scene, flow, { resource })).json['error']).toBe('invalid_target');
    }
    const { json } = await redeem(scene, flow, { scope: 'openid orders:write bills:read' });
    expect(String(json['scope']).split(' ')).not.toContain('orders:write');
  });

  test('BCP-13 a client without access to an API cannot ask for it at all', async () => {
    const poor = await addClient(scene, 'web', { apis: [] });
    expect((await ask(poor)).location?.searchParams.get('error')).toBe('invalid_target');
    const machine = await addClient(scene, 'machine', {
      apis: [{ audience: ORDERS, scopes: ['orders:read'] }],
    });
    expect((await machineToken(scene, machine, { resource: BILLS })).json['error']).toBe('invalid_target');
    expect((await machineToken(scene, machine, { scope: 'orders:write' })).json['error']).toBe(
      'invalid_scope',
    );
    expect((await machineToken(scene, machine, { scope: 'openid' })).json['scope']).toBeUndefined();
  });
});

test('BCP-14 a new password ends the refresh tokens that came of the old one', async () => {
  const person = await makePerson(scene.server.services);
  const tokens = await issue({ ...scene, person }, web);
  const { services } = scene.server;
  await resetPassword(services, person.id, `${PASSWORD} renewed`, 'test');
  expect((await introspect(scene, web, tokens.refresh)).json).toEqual({ active: false });
  expect((await introspect(scene, web, tokens.access)).json).toEqual({ active: false });
});

test('BCP-15 a token is for one API, and another API is told nothing about it', async () => {
  const orders = await addClient(scene, 'api', { actsForAudience: ORDERS });
  const bills = await addClient(scene, 'api', { actsForAudience: BILLS });
  const { access } = await issue(scene, web);
  expect((await introspect(scene, orders, access)).json['aud']).toBe(ORDERS);
  expect((await introspect(scene, bills, access)).json).toEqual({ active: false });
});

test('BCP-16 tokens can be bound to a key', async () => {
  const keys = await oauth.generateKeyPair('ES256', { extractable: true });
  const tokens = await tokensOf(scene, await authorize(scene, web), oauth.DPoP({}, keys));
  const { json } = await introspect(scene, web, tokens.access);
  expect(json['token_type']).toBe('DPoP');
  expect(json['cnf']).toHaveProperty('jkt');
});

test('BCP-17 what follows a password is a 303', async () => {
  const walker = createWalker({ origin: scene.issuer });
  const page = await walker.visit(authorizeUrl(scene, authorizationRequest(web).fields));
  const [signIn] = page.forms;
  const fields = { ...signIn?.fields, identifier: scene.person.email ?? '', password: PASSWORD };
  const url = signIn?.action ?? '';
  const answer = await post(url, fields, { Cookie: walker.cookies.headerFor(new URL(url)) });
  expect(answer.status).toBe(303);
});

test.each([
  'http://rp.example/cb',
  'http://127.0.0.1.example/cb',
  'http://localhost.example/cb',
  'http://0.0.0.0/cb',
  'http://[::]/cb',
  'http://2130706433/cb',
])('BCP-18 the redirect URI %s is refused at registration', async (uri) => {
  const refused = addClient(scene, 'web', { metadata: { redirect_uris: [uri] } });
  await expect(refused).rejects.toMatchObject({ code: 'invalid_redirect_uri' });
});

test.each(['GET', 'POST', 'OPTIONS', 'HEAD'])(
  'BCP-19 %s of the authorization endpoint allows no origin',
  async (method) => {
    const headers = { Origin: 'https://rp.example', 'Access-Control-Request-Method': 'GET' };
    const { headers: answered } = await send(authorizeUrl(scene, authorizationRequest(web).fields), {
      method,
      headers,
    });
    expect([...answered.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
  },
);

test('BCP-20 BCP-21 no page may be framed, loads from elsewhere or tells anybody where it was', async () => {
  const pages = await pagesOf(scene);
  expect(Object.keys(pages).length).toBeGreaterThanOrEqual(12);
  for (const [name, page] of Object.entries(pages)) {
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy, name).toContain("frame-ancestors 'none'");
    expect(policy, name).toContain("default-src 'none'");
    expect(policy, name).toContain("base-uri 'none'");
    expect(policy, name).not.toMatch(/unsafe-|\*|object-src (?!'none')/);
    expect(page.headers.get('x-frame-options'), name).toBe('DENY');
    expect(page.headers.get('x-content-type-options'), name).toBe('nosniff');
    expect(page.headers.get('referrer-policy'), name).toBe('no-referrer');
    // A sign-in in a popup keeps the way back to its opener; see the test with a browser client.
    expect(page.headers.get('cross-origin-opener-policy'), name).toMatch(/^(?:same-origin|unsafe-none)$/);
    expect(page.headers.get('cache-control'), name).toContain('no-store');
    for (const [, address = ''] of page.html.matchAll(
      /(?:src|href|action|srcset|poster)=["']?([^"'\s>]+)/g,
    )) {
      expect(new URL(address, scene.issuer).origin, `${name}: ${address}`).toBe(scene.issuer);
    }
    expect(page.html, name).not.toMatch(/url\(|@import|<iframe|<object|<embed|\son\w+=|style=/i);
  }
});

test('BCP-22 headers that only a proxy of ours may set change nothing', async () => {
  const plain = await send(`${scene.issuer}/.well-known/openid-configuration`);
  const lies = {
    'X-Forwarded-Host': 'evil.example',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Port': '444',
    'X-Forwarded-Prefix': '/evil',
    'X-Original-URL': '/token',
    'X-Rewrite-URL': '/token',
    'X-Client-Cert': 'CERT',
    'X-SSL-Client-Cert': 'CERT',
    'X-Forwarded-Client-Cert': 'By=x',
    'X-Remote-User': scene.person.id,
    Forwarded: 'for=1.2.3.4;host=evil.example;proto=https',
    'X-HTTP-Method-Override': 'POST',
  };
  const lied = await send(`${scene.issuer}/.well-known/openid-configuration`, { headers: lies });
  expect(lied.text).toBe(plain.text);
  const page = await send(authorizeUrl(scene, authorizationRequest(web).fields), { headers: lies });
  expect(page.location?.origin).toBe(scene.issuer);
});

test.each(['evil.example', 'localhost', 'localhost.evil.example', '', 'evil.example:80@localhost'])(
  'BCP-22 MD-04 a request for the host %j is not answered',
  async (host) => {
    for (const path of ['/.well-known/openid-configuration', '/token', '/auth', '/']) {
      const answer = await sendRaw({ port: scene.port, path, headers: { Host: host } });
      expect([400, 421], `${host} ${path}`).toContain(answer.status);
      expect(answer.text).not.toContain(`//${host}/`);
    }
  },
);

test('BCP-23 a client cannot pass for a person', async () => {
  const taken = addClient(scene, 'machine', { id: scene.person.id });
  await expect(taken).rejects.toMatchObject({ code: 'invalid_client_id' });
  const machine = await addClient(scene, 'machine');
  const { json } = await introspect(
    scene,
    machine,
    String((await machineToken(scene, machine)).json['access_token']),
  );
  expect(json['sub']).toBe(machine.id);
  expect(json['sub']).not.toMatch(/^usr_/);
});

test('BCP-24 a client can authenticate with a key', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', use: 'sig' }] };
  const machine = await addClient(scene, 'machine', {
    metadata: { token_endpoint_auth_method: 'private_key_jwt', jwks },
  });
  const now = Math.floor(Date.now() / 1000);
  const assertion = await new SignJWT({ iss: machine.id, sub: machine.id, aud: scene.issuer, jti: 'bcp-24' })
    .setProtectedHeader({ alg: 'ES256' })
    .setIssuedAt(now)
    .setExpirationTime(now + 60)
    .sign(privateKey);
  const { status } = await machineToken(scene, machine, {
    client_assertion: assertion,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  });
  expect(status).toBe(200);
  const algorithms = scene.as.token_endpoint_auth_signing_alg_values_supported ?? [];
  expect(algorithms).toContain('ES256');
  expect(algorithms.filter((alg) => /^HS|^none$/i.test(alg))).toEqual([]);
});

test('BCP-25 an error is told to the client that asked, at an address of its own, and to nobody else', async () => {
  const phisher = await addClient(scene, 'web', {
    metadata: { redirect_uris: ['https://phisher.example/cb'] },
  });
  const own = await ask(phisher, { prompt: 'none' });
  expect(own.location?.origin).toBe('https://phisher.example');
  expect(own.location?.searchParams.get('error')).toBe('login_required');
  expectNoRedirect(await ask(phisher, { prompt: 'none', redirect_uri: CALLBACK }));
});

test.each(['web_message', 'jwt', 'query.jwt', 'form_post.jwt', 'constructor', '__proto__', 'okp'])(
  'BCP-26 the response mode %j is not offered',
  async (mode) => {
    const { location, status, text } = await ask(web, { response_mode: mode });
    expect(location?.searchParams.get('error') ?? (status === 400 ? text : '')).toMatch(
      /unsupported_response_mode/,
    );
    expect(scene.as['response_modes_supported']).not.toContain(mode);
  },
);

test('BCP-26 form_post posts to the redirect URI and to nowhere else', async () => {
  const hostile = '"><script>alert(1)</script>';
  const { fields } = authorizationRequest(web, {
    response_mode: 'form_post',
    prompt: 'none',
    state: hostile,
  });
  const page = await send(authorizeUrl(scene, fields));
  expect(page.text).toContain(`action="${CALLBACK}"`);
  expect(page.text).not.toContain(hostile);
  expect(page.headers.get('content-security-policy')).toContain("form-action 'self' https://rp.example");
});

test('BCP-02 a registration endpoint that nobody was invited to makes no client for phishing', async () => {
  const { status, json } = await postJson(`${scene.issuer}/reg`, {
    redirect_uris: ['https://evil.example/'],
  });
  expect(status).toBe(401);
  expect(json).not.toHaveProperty('client_id');
});
