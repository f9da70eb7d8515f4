import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as oauth from 'oauth4webapi';

import { createWalker } from '../support/browser-walker.ts';
import { BILLS, CALLBACK, insecure, openScene, walk, type RelyingParty, type Scene } from './scene.ts';
import {
  addClient,
  authenticationOf,
  authorizationRequest,
  authorize,
  authorizeUrl,
  redeem,
} from './scene.ts';
import { basic, form, post, send, sendRaw, type Answer } from './http.ts';
import { after } from './time.ts';

let scene: Scene;
let web: RelyingParty;
let spa: RelyingParty;

beforeAll(async () => {
  scene = await openScene();
  web = await addClient(scene, 'web');
  spa = await addClient(scene, 'spa');
});
afterAll(() => scene.stop());

const DOCUMENTS = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server'] as const;

const push = (fields: Parameters<typeof post>[1], client = web): Promise<Answer> =>
  post(`${scene.issuer}/request`, fields, client.headers);

async function pushed(client = web, params = {}): Promise<{ uri: string; verifier: string }> {
  const { fields, verifier } = authorizationRequest(client, params);
  const { json } = await push(fields, client);
  return { uri: String(json['request_uri']), verifier };
}

const visit = (uri: string, client = web, more = {}): Promise<Answer> =>
  send(authorizeUrl(scene, { client_id: client.id, request_uri: uri, ...more }));

test.each(DOCUMENTS)('MD-01 %s names the issuer that it was asked for', async (path) => {
  const { json, headers } = await send(scene.issuer + path);
  expect(json['issuer']).toBe(scene.issuer);
  expect(headers.get('content-type')).toMatch(/^application\/json/);
});

test('MD-02 both documents say the same', async () => {
  const [oidc, plain] = await Promise.all(DOCUMENTS.map((path) => send(scene.issuer + path)));
  for (const [member, value] of Object.entries(plain?.json ?? {})) {
    expect(oidc?.json[member], member).toEqual(value);
  }
});

describe('MD-03 what is offered exists, and nothing else does', () => {
  test('MD-03 every endpoint answers, at this host', async () => {
    const endpoints = Object.entries(scene.as).filter(([name]) => /(_endpoint|_uri)$/.test(name));
    expect(endpoints.length).toBeGreaterThanOrEqual(10);
    for (const [name, url] of endpoints) {
      expect(String(url).startsWith(`${scene.issuer}/`), name).toBe(true);
      const answers = [await send(String(url)), await post(String(url), {})];
      expect(
        answers.every(({ status }) => status === 404),
        name,
      ).toBe(false);
      for (const { status } of answers) expect(status, name).toBeLessThan(500);
    }
  });

  test('MD-03 of the grants', async () => {
    const known = scene.as.grant_types_supported ?? [];
    expect(known.toSorted()).toEqual(
      [
        'authorization_code',
        'client_credentials',
        'refresh_token',
        'urn:ietf:params:oauth:grant-type:device_code',
        'urn:ietf:params:oauth:grant-type:token-exchange',
      ].toSorted(),
    );
    const others = ['password', 'implicit', 'urn:ietf:params:oauth:grant-type:jwt-bearer'];
    others.push('urn:openid:params:grant-type:ciba', 'urn:ietf:params:oauth:grant-type:saml2-bearer');
    for (const grant_type of others) {
      const { json } = await post(`${scene.issuer}/token`, { grant_type }, web.headers);
      expect(json['error'], grant_type).toBe('unsupported_grant_type');
    }
  });

  test('MD-03 of the ways to authenticate', () => {
    const methods = ['client_secret_basic', 'client_secret_post', 'none', 'private_key_jwt'];
    expect(scene.as.token_endpoint_auth_methods_supported?.toSorted()).toEqual(methods);
    for (const [member, value] of Object.entries(scene.as)) {
      if (/_alg(_values)?_supported$|_algs?$/.test(member))
        expect(String(value), member).not.toMatch(/HS\d|none/);
    }
  });

  test('MD-03 of what is off nothing is said, or that it is off', () => {
    const off = [
      'request_object_signing_alg_values_supported',
      'check_session_iframe',
      'tls_client_certificate_bound_access_tokens',
    ];
    off.push('backchannel_authentication_endpoint', 'authorization_signing_alg_values_supported');
    for (const member of off) expect(scene.as[member] ?? false, member).toBe(false);
    expect(scene.as['request_parameter_supported'] ?? false).toBe(false);
    expect(scene.as['request_uri_parameter_supported']).toBe(false);
  });

  test.each([
    '/interaction',
    '/.env',
    '/.git/config',
    '/metrics',
    '/admin',
    '/debug',
    '/actuator',
    '/reg/',
    '/token/x',
  ])('MD-03 V13.4 there is nothing at %s', async (path) => {
    expect((await send(scene.issuer + path)).status).toBe(404);
  });

  test.each(['TRACE', 'CONNECT', 'PROPFIND', 'QUERY'])('MD-03 V13.4.4 %s is refused', async (method) => {
    if (method === 'CONNECT') return;
    const headers = { Host: new URL(scene.issuer).host, Cookie: 'secret=1' };
    const answer = await sendRaw({ port: scene.port, method, path: '/', headers });
    expect([405, 501]).toContain(answer.status);
    expect(answer.text).not.toContain('secret=1');
  });
});

test.each([
  ['X-Forwarded-Host', 'evil.example'],
  ['X-Forwarded-Proto', 'https'],
  ['Forwarded', 'host=evil.example'],
  ['X-Forwarded-Server', 'evil.example'],
  ['X-Host', 'evil.example'],
  ['Origin', 'https://evil.example'],
  ['Accept', 'text/html'],
])('MD-04 metadata does not depend on %s', async (name, value) => {
  const [plain, lied] = [
    await send(scene.issuer + DOCUMENTS[0]),
    await send(scene.issuer + DOCUMENTS[0], { headers: { [name]: value } }),
  ];
  expect(lied.text).toBe(plain.text);
  const page = await send(authorizeUrl(scene, authorizationRequest(web).fields), {
    headers: { [name]: value },
  });
  expect(page.location?.origin).toBe(scene.issuer);
});

test('MD-04 the host of an absolute target is checked as well', async () => {
  const target = `http://evil.example${DOCUMENTS[0]}`;
  const answer = await sendRaw({
    port: scene.port,
    path: target,
    headers: { Host: new URL(scene.issuer).host },
  });
  expect(answer.status).toBe(421);
});

test.each([...DOCUMENTS, '/jwks'])('MD-05 %s may be kept, by anybody, for everybody alike', async (path) => {
  const plain = await send(scene.issuer + path);
  expect(plain.headers.get('cache-control')).toMatch(/^public, max-age=\d+$/);
  expect(plain.headers.get('set-cookie')).toBeNull();
  for (const origin of ['https://rp.example', 'https://evil.example', 'null']) {
    const { headers, text } = await send(scene.issuer + path, { headers: { Origin: origin } });
    // Either for all, or a cache keeps one copy for each.
    const allowed = headers.get('access-control-allow-origin');
    expect(allowed === '*' || headers.get('vary')?.includes('Origin')).toBe(true);
    expect(headers.get('access-control-allow-credentials')).toBeNull();
    expect(text).toBe(plain.text);
  }
  const error = await send(`${scene.issuer}${path}?%00`);
  expect(error.status).toBe(400);
  expect(error.headers.get('cache-control')).toBe('no-store');
});

test('ISS-01 every answer says who gives it, errors as well', async () => {
  expect(scene.as.authorization_response_iss_parameter_supported).toBe(true);
  const flow = await authorize(scene, web);
  expect(flow.callback.searchParams.getAll('iss')).toEqual([scene.issuer]);
  const wrong: Record<string, string | undefined>[] = [
    { prompt: 'none' },
    { scope: 'root' },
    { resource: 'https://api.example/nothing' },
    { response_type: 'token' },
    { code_challenge: undefined, code_challenge_method: undefined },
    { max_age: '-1' },
    { claims: '{' },
    { prompt: 'none login' },
    { request: 'x' },
    { registration: '{}' },
    { response_mode: 'web_message' },
    { id_token_hint: 'x' },
  ];
  for (const params of wrong) {
    const { location } = await send(authorizeUrl(scene, authorizationRequest(web, params).fields));
    const answer = location?.searchParams.has('iss')
      ? location.searchParams
      : new URLSearchParams(location?.hash.slice(1));
    expect(answer.get('error'), JSON.stringify(params)).toBeTruthy();
    expect(answer.getAll('iss'), JSON.stringify(params)).toEqual([scene.issuer]);
    expect(answer.get('state')).toBe('af0ifjsldkj');
  }
});

test('ISS-01 the person’s “no” carries it, too', async () => {
  const walker = createWalker({ origin: scene.issuer });
  const page = await walker.visit(authorizeUrl(scene, authorizationRequest(web).fields));
  const denied = await walker.submit(page, {}, { form: '/deny' });
  expect(denied.leavesTo?.searchParams.get('error')).toBe('access_denied');
  expect(denied.leavesTo?.searchParams.get('iss')).toBe(scene.issuer);
});

test.each(['fragment', 'form_post'])('ISS-02 it is in a %s answer', async (response_mode) => {
  for (const params of [{ prompt: 'none' }, {}]) {
    const walker = createWalker({ origin: scene.issuer });
    const { fields } = authorizationRequest(web, { response_mode, ...params });
    const page = await walk(scene, walker, await walker.visit(authorizeUrl(scene, fields)));
    const answer =
      response_mode === 'fragment'
        ? Object.fromEntries(new URLSearchParams(page.leavesTo?.hash.slice(1)))
        : (page.forms[0]?.fields ?? {});
    expect(answer['iss']).toBe(scene.issuer);
    expect(answer['code'] ?? answer['error']).toBeTruthy();
    expect(page.leavesTo?.search ?? '').toBe('');
  }
});

describe('PAR-01 whoever pushes, authenticates', () => {
  test('PAR-01 as at the token endpoint', async () => {
    const { fields } = authorizationRequest(web);
    for (const headers of [
      {},
      { Authorization: basic(web.id, 'wrong') },
      { Authorization: basic(spa.id, 'x') },
    ]) {
      const answer = await post(`${scene.issuer}/request`, fields, headers);
      expect([400, 401]).toContain(answer.status);
      expect(answer.json).not.toHaveProperty('request_uri');
    }
  });

  test('PAR-01 and pushes for itself', async () => {
    const { fields } = authorizationRequest(spa);
    const { status, json } = await push(fields, web);
    expect(status).toBe(400);
    expect(json).not.toHaveProperty('request_uri');
  });

  test.each(['GET', 'PUT', 'DELETE'])('PAR-01 not by %s', async (method) => {
    const url = `${scene.issuer}/request?${form(authorizationRequest(web).fields)}`;
    expect((await send(url, { method, headers: web.headers })).status).toBe(405);
  });

  test('PAR-01 not as JSON', async () => {
    const body = JSON.stringify(authorizationRequest(web).fields);
    const headers = { ...web.headers, 'Content-Type': 'application/json' };
    const { status, json } = await send(`${scene.issuer}/request`, { method: 'POST', body, headers });
    expect([status, json['error']]).toEqual([400, 'invalid_request']);
  });
});

test.each(['https://evil.example/request', 'urn:ietf:params:oauth:request_uri:x', 'http://127.0.0.1:1/'])(
  'PAR-02 the request_uri %s is not pushed',
  async (request_uri) => {
    const { fields } = authorizationRequest(web, { request_uri });
    const { status, json } = await push(fields);
    expect(status).toBe(400);
    expect(json['error']).toMatch(/^(invalid_request|request_uri_not_supported)$/);
    const direct = await send(authorizeUrl(scene, authorizationRequest(web, { request_uri }).fields));
    expect(direct.location?.searchParams.has('code') ?? false).toBe(false);
  },
);

test.each([
  ['a foreign redirect URI', { redirect_uri: 'https://evil.example/' }],
  ['no redirect URI', { redirect_uri: undefined }],
  ['no challenge', { code_challenge: undefined, code_challenge_method: undefined }],
  ['the plain method', { code_challenge_method: 'plain' }],
  ['a scope of nobody', { scope: 'root' }],
  ['an API of others', { resource: 'https://api.example/nothing' }],
  ['another response type', { response_type: 'code token' }],
  ['another response mode', { response_mode: 'jwt' }],
  ['a request object', { request: 'e30.e30.' }],
  ['claims that are no JSON', { claims: '[' }],
  ['prompt=none and login', { prompt: 'none login' }],
  ['a bad max_age', { max_age: 'old' }],
])('PAR-03 %s is refused at the push', async (_, params) => {
  const { status, json } = await push(authorizationRequest(web, params).fields);
  expect(status).toBe(400);
  expect(json['error']).toMatch(/^[a-z_]+$/);
  expect(json).not.toHaveProperty('request_uri');
});

describe('PAR-04 a pushed request', () => {
  test('PAR-04 is its client’s alone', async () => {
    const { uri } = await pushed();
    const other = await addClient(scene, 'web');
    for (const client of [other, spa]) {
      const answer = await visit(uri, client);
      expect(answer.status).toBe(400);
      expect(answer.location).toBeUndefined();
    }
    expect((await visit(uri, web)).location?.pathname).toMatch(/^\/interaction\//);
  });

  test('PAR-04 lives a minute', async () => {
    const { uri } = await pushed();
    const late = await after(75, () => visit(uri));
    expect(late.status).toBe(400);
    expect(late.location).toBeUndefined();
  });

  test('PAR-04 F2-12 F2-06 may be visited again until somebody finished, and then no more', async () => {
    const { uri, verifier } = await pushed();
    const first = await visit(uri);
    expect(first.location?.pathname).toMatch(/^\/interaction\//);
    const flow = await authorize(scene, web, { request_uri: uri });
    expect((await redeem(scene, { ...flow, verifier })).status).toBe(200);
    const again = await visit(uri);
    expect(again.status).toBe(400);
    expect(again.location).toBeUndefined();
  });

  test('PAR-04 is finished once, by eight at once as well', async () => {
    const { uri } = await pushed(web, { prompt: undefined, scope: 'openid orders:read' });
    const walkers = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const walker = createWalker({ origin: scene.issuer });
        await authorize(scene, web, { prompt: undefined, scope: 'openid orders:read' }, walker);
        return walker;
      }),
    );
    const url = authorizeUrl(scene, { client_id: web.id, request_uri: uri });
    const pages = await Promise.all(walkers.map((walker) => walker.visit(url)));
    const codes = pages.filter(({ leavesTo }) => leavesTo?.searchParams.has('code'));
    expect(codes).toHaveLength(1);
    for (const { status } of pages) expect(status).toBeLessThan(500);
  });

  test('PAR-04 is all there is: what stands beside it changes nothing', async () => {
    const { uri, verifier } = await pushed(web, { scope: 'openid orders:read' });
    const beside = {
      request_uri: uri,
      scope: 'openid orders:write bills:read',
      redirect_uri: 'https://evil.example/',
      resource: BILLS,
      state: 'other',
      code_challenge: 'A'.repeat(43),
      response_mode: 'fragment',
    };
    const flow = await authorize(scene, web, beside);
    expect(flow.callback.href.startsWith(CALLBACK)).toBe(true);
    expect(flow.callback.searchParams.get('state')).toBe('af0ifjsldkj');
    const { json } = await redeem(scene, { ...flow, verifier });
    expect(json['scope']).toBe('orders:read');
  });

  test.each(['', 'x', '__proto__', '%00', '../x', 'a'.repeat(2000), "' OR 1=1--"])(
    'PAR-04 is not found under %j',
    async (name) => {
      const answer = await visit(`urn:ietf:params:oauth:request_uri:${name}`);
      expect([400, 414]).toContain(answer.status);
      expect(answer.location).toBeUndefined();
    },
  );
});

test('PAR-05 the answer is 201, for a moment, and not to be kept', async () => {
  const client = { client_id: web.id };
  const response = await oauth.pushedAuthorizationRequest(
    scene.as,
    client,
    authenticationOf(web),
    form(authorizationRequest(web).fields),
    insecure,
  );
  expect(response.status).toBe(201);
  expect(response.headers.get('cache-control')).toContain('no-store');
  const result = await oauth.processPushedAuthorizationResponse(scene.as, client, response);
  expect(result.request_uri).toMatch(/^urn:ietf:params:oauth:request_uri:[\w-]{43,}$/);
  expect(result.expires_in).toBeGreaterThanOrEqual(5);
  expect(result.expires_in).toBeLessThan(600);
});

test('PAR-06 a client that promised to push is not heard otherwise', async () => {
  const strict = await addClient(scene, 'web', { metadata: { require_pushed_authorization_requests: true } });
  const plain = await send(authorizeUrl(scene, authorizationRequest(strict).fields));
  expect(plain.location?.pathname ?? '').not.toMatch(/^\/interaction\//);
  const { uri, verifier } = await pushed(strict);
  const flow = await authorize(scene, strict, { request_uri: uri });
  expect((await redeem(scene, { ...flow, verifier })).status).toBe(200);
});
