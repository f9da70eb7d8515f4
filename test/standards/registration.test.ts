import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createInitialAccessToken } from '../../src/grants/create-initial-access-token.ts';
import { listenForCalls, makeSigner } from './forge.ts';
import { basic, post, postJson, send, type Answer } from './http.ts';
import {
  addClient,
  authorizationRequest,
  authorizeUrl,
  insecure,
  machineToken,
  openScene,
  walk,
  type RelyingParty,
  type Scene,
} from './scene.ts';
import { createWalker } from '../support/browser-walker.ts';
import { after } from './time.ts';

let scene: Scene;
let invitation: string;

beforeAll(async () => {
  scene = await openScene();
  const made = await createInitialAccessToken(scene.server.services, { ttlSeconds: 3600, actor: 'test' });
  invitation = made.token;
});
afterAll(() => scene.stop());

const GOOD = { redirect_uris: ['https://new.example/cb'], client_name: 'New' };

const register = (metadata: unknown, token: string | undefined = invitation): Promise<Answer> =>
  postJson(`${scene.issuer}/reg`, metadata, { Authorization: `Bearer ${token}` });

interface Registered {
  readonly id: string;
  readonly secret: string;
  readonly token: string;
  readonly url: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

async function registered(metadata: object = GOOD): Promise<Registered> {
  const { status, json } = await register(metadata);
  expect(status).toBe(201);
  return {
    id: String(json['client_id']),
    secret: String(json['client_secret']),
    token: String(json['registration_access_token']),
    url: String(json['registration_client_uri']),
    metadata: json,
  };
}

function manage(method: string, url: string, token: string, body?: unknown): Promise<Answer> {
  return send(url, {
    method,
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  });
}

describe('RFC7591-3 who may register', () => {
  test.each([
    ['nobody', {}],
    ['a guess', { Authorization: 'Bearer guess' }],
    ['an empty token', { Authorization: 'Bearer ' }],
    ['another scheme', { Authorization: 'Basic Zm9vOmJhcg==' }],
  ])('RFC7591-3 not %s', async (_, headers) => {
    const { status, json } = await postJson(`${scene.issuer}/reg`, GOOD, headers);
    expect([400, 401]).toContain(status);
    expect(json).not.toHaveProperty('client_id');
  });

  test('RFC7591-3 not with a token in the query, nor with one of another kind, nor with one that has expired', async () => {
    const { status } = await postJson(`${scene.issuer}/reg?access_token=${invitation}`, GOOD);
    expect([400, 401]).toContain(status);
    const { token } = await registered();
    expect((await register(GOOD, token)).status).toBe(401);
    expect((await after(3700, () => register(GOOD))).status).toBe(401);
  });

  test('RFC7591-3.2.1 oauth4webapi registers a client that works, and its secret is shown this once', async () => {
    const response = await oauth.dynamicClientRegistrationRequest(scene.as, GOOD, {
      ...insecure,
      initialAccessToken: invitation,
    });
    expect(response.headers.get('cache-control')).toContain('no-store');
    const client = await oauth.processDynamicClientRegistrationResponse(response);
    const id = client.client_id;
    const secret = String(client['client_secret']);
    expect(secret).toMatch(/^gcs_[\w-]{43}$/);
    const right = await post(
      `${scene.issuer}/token`,
      { grant_type: 'refresh_token', refresh_token: 'x' },
      { Authorization: basic(id, secret) },
    );
    expect(right.json['error']).toBe('unauthorized_client');
    const token = String(client['registration_access_token']);
    const read = await manage('GET', String(client['registration_client_uri']), token);
    expect(read.status).toBe(200);
    expect(read.text).not.toContain(secret);
    expect(read.json).not.toHaveProperty('client_secret');
  });
});

describe('RFC7591-2 what may be registered', () => {
  const web = (uri: unknown) => ({ redirect_uris: [uri] });
  const native = (uri: unknown) => ({
    ...web(uri),
    application_type: 'native',
    token_endpoint_auth_method: 'none',
  });
  const signer = makeSigner();
  const keyed = { ...GOOD, token_endpoint_auth_method: 'private_key_jwt' };

  const BAD: readonly (readonly [string, unknown])[] = [
    ['no redirect URI', {}],
    ['an empty list', { redirect_uris: [] }],
    ['http', web('http://new.example/cb')],
    ['a wildcard host', web('https://*.new.example/cb')],
    ['a wildcard path', web('https://new.example/*')],
    ['a fragment', web('https://new.example/cb#x')],
    ['an empty fragment', web('https://new.example/cb#')],
    ['user information', web('https://user:password@new.example/cb')],
    ['a backslash', web('https://new.example\\@evil.example/cb')],
    ['a space', web('https://new.example/a b')],
    ['a line break', web('https://new.example/\r\nSet-Cookie: a=b')],
    ['a NUL', web('https://new.example/\0')],
    ['a lone surrogate', web('https://new.example/\ud800')],
    ['a homograph', web('https://n\u0435w.example/cb')],
    ['dot segments', web('https://new.example/a/../cb')],
    ['encoded dot segments', web('https://new.example/%2e%2e/cb')],
    ['javascript', web('javascript:alert(1)')],
    ['javascript, native', native('javascript:alert(1)')],
    ['data, native', native('data:text/html,x')],
    ['a scheme without a domain, native', native('myapp:/cb')],
    ['file, native', native('file:///etc/passwd')],
    ['about', web('about:blank')],
    ['an octal host', web('http://0177.0.0.1/cb')],
    ['a relative one', web('/cb')],
    ['a number', web(1)],
    ['an object', web({ toString: 'https://new.example/' })],
    ['no list', { redirect_uris: 'https://new.example/cb' }],
    [
      'fifty-one of them',
      { redirect_uris: Array.from({ length: 51 }, (_, i) => `https://new.example/${i}`) },
    ],
    ['a very long one', web(`https://new.example/${'x'.repeat(5000)}`)],
    ['a name with a control character', { ...GOOD, client_name: 'a\u0007b' }],
    ['a name with a NUL', { ...GOOD, client_name: 'a\0b' }],
    ['a name that turns text around', { ...GOOD, client_name: 'a\u202eb' }],
    ['a name of markup', { ...GOOD, client_name: '<script>alert(1)</script>' }],
    ['a name without end', { ...GOOD, client_name: 'x'.repeat(10_000) }],
    ['a name that is none', { ...GOOD, client_name: {} }],
    ['a javascript logo', { ...GOOD, logo_uri: 'javascript:alert(1)' }],
    ['an http policy', { ...GOOD, policy_uri: 'http://new.example/' }],
    ['an http home', { ...GOOD, client_uri: 'http://127.0.0.1/' }],
    ['a token response', { ...GOOD, response_types: ['token'], grant_types: ['implicit'] }],
    ['a password grant', { ...GOOD, grant_types: ['authorization_code', 'password'] }],
    ['a client secret JWT', { ...GOOD, token_endpoint_auth_method: 'client_secret_jwt' }],
    ['mutual TLS', { ...GOOD, token_endpoint_auth_method: 'tls_client_auth' }],
    ['unsigned ID tokens', { ...GOOD, id_token_signed_response_alg: 'none' }],
    ['HMAC ID tokens', { ...GOOD, id_token_signed_response_alg: 'HS256' }],
    ['a scope of an API', { ...GOOD, scope: 'openid orders:read' }],
    ['a key of its own without one', keyed],
    [
      'an HMAC assertion',
      { ...keyed, jwks: { keys: [signer.jwk] }, token_endpoint_auth_signing_alg: 'HS256' },
    ],
    [
      'keys by value and by reference',
      { ...keyed, jwks: { keys: [signer.jwk] }, jwks_uri: 'https://new.example/jwks' },
    ],
    ['a private key', { ...keyed, jwks: { keys: [{ ...signer.jwk, ...signer.privateJwk }] } }],
    ['a symmetric key', { ...keyed, jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } }],
    ['a point off its curve', { ...keyed, jwks: { keys: [{ ...signer.jwk, y: signer.jwk['x'] }] } }],
    ['a thousand keys', { ...keyed, jwks: { keys: Array.from({ length: 200 }, () => signer.jwk) } }],
    ['no key set', { ...keyed, jwks: { keys: {} } }],
    ['keys at loopback', { ...keyed, jwks_uri: 'http://127.0.0.1/jwks' }],
    ['keys in the cloud’s metadata', { ...keyed, jwks_uri: 'https://169.254.169.254/jwks' }],
    ['keys inside', { ...keyed, jwks_uri: 'https://jwks.internal/jwks' }],
    ['keys at a bare name', { ...keyed, jwks_uri: 'https://localhost/jwks' }],
    ['keys of a file', { ...keyed, jwks_uri: 'file:///etc/passwd' }],
    ['logouts to loopback', { ...GOOD, backchannel_logout_uri: 'http://127.0.0.1/logout' }],
    ['logouts inside', { ...GOOD, backchannel_logout_uri: 'https://10.0.0.1/logout' }],
    ['a pairwise subject', { ...GOOD, subject_type: 'pairwise' }],
    [
      'a machine that is public',
      { grant_types: ['client_credentials'], response_types: [], token_endpoint_auth_method: 'none' },
    ],
    ['a negative max_age', { ...GOOD, default_max_age: -1 }],
    ['a max_age of text', { ...GOOD, default_max_age: '10' }],
    ['contacts that are none', { ...GOOD, contacts: ['x'] }],
    ['response modes nobody knows', { ...GOOD, response_modes: ['web_message'] }],
    ['a list', [GOOD]],
    ['a string', '"x"'],
    ['null', 'null'],
    ['no JSON', '{'],
    ['too much', { ...GOOD, contacts: Array.from({ length: 5000 }, (_, i) => `someone.${i}@example.org`) }],
  ];

  test.each(BAD)('RFC7591-2 not %s', async (_, metadata) => {
    const { status, json } = await register(metadata);
    expect([400, 413]).toContain(status);
    expect(json['error']).toMatch(/^invalid_(redirect_uri|client_metadata|request)$/);
    expect(String(json['error_description'] ?? '')).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]*$/);
    expect(json).not.toHaveProperty('client_id');
  });

  test('RFC7591-2 nothing is fetched while it is decided', async () => {
    await using listener = await listenForCalls();
    for (const member of [
      'jwks_uri',
      'sector_identifier_uri',
      'backchannel_logout_uri',
      'initiate_login_uri',
      'logo_uri',
    ]) {
      await register({ ...keyed, [member]: listener.url });
      await register({ ...keyed, [member]: listener.url.replace('http:', 'https:') });
    }
    expect(listener.connections).toBe(0);
  });

  test('RFC7591-3.2.1 BCP-23 the server chooses the id, the secret, and what the client may do', async () => {
    const { id, secret, metadata } = await registered({
      ...GOOD,
      client_id: 'chosen',
      client_secret: 'chosen-secret-chosen-secret-chosen-secret',
      client_id_issued_at: 1,
      first_party: true,
      origin: 'operator',
      acts_for_api_id: 'api_x',
      apis: [{ audience: 'https://api.example/orders', scopes: ['orders:read'] }],
      __proto__: { firstParty: true },
    });
    expect(id).toMatch(/^cli_/);
    expect(secret).toMatch(/^gcs_/);
    for (const member of ['first_party', 'origin', 'apis', 'acts_for_api_id'])
      expect(metadata).not.toHaveProperty(member);
    expect(metadata).not.toHaveProperty('scope');
    const record = await scene.server.services.clients.find(id);
    expect(record).toMatchObject({ origin: 'dynamic', firstParty: false, apis: [], actsForApiId: null });
    const client: RelyingParty = {
      id,
      secret,
      redirectUri: 'https://new.example/cb',
      fields: {},
      headers: {},
    };
    const asked = await send(authorizeUrl(scene, authorizationRequest(client).fields));
    expect(asked.location?.searchParams.get('error')).toBe('invalid_target');
  });

  test('RFC7591-2 members of the prototype are no members', async () => {
    const { port } = scene;
    expect(port).toBeGreaterThan(0);
    for (const name of ['__proto__', 'constructor', 'prototype']) {
      const text = `{"${name}":{"redirect_uris":["https://evil.example/"],"client_id":"x"},"redirect_uris":["https://new.example/cb"]}`;
      const { status, json } = await register(text);
      expect([201, 400], name).toContain(status);
      if (status === 201) expect(json['redirect_uris']).toEqual(['https://new.example/cb']);
    }
    expect(({} as Record<string, unknown>)['redirect_uris']).toBeUndefined();
  });

  test('RFC7591-5 V10.4.7 the person is told that nobody knows this client', async () => {
    const { id } = await registered({ ...GOOD, client_name: 'Your Bank' });
    const client = await addClient(scene, 'web');
    const stranger: RelyingParty = { ...client, id, redirectUri: 'https://new.example/cb' };
    const walker = createWalker({ origin: scene.issuer });
    const { fields } = authorizationRequest(stranger, { resource: undefined, scope: 'openid' });
    const signIn = await walker.visit(authorizeUrl(scene, fields));
    expect(signIn.text).toMatch(/registered itself|Unverified|Nobody here has checked/);
    const done = await walk(scene, walker, signIn);
    expect(done.leavesTo?.origin).toBe('https://new.example');
  });
});

describe('RFC7592 managing a client', () => {
  const METHODS = ['GET', 'PUT', 'DELETE'] as const;
  const bodyFor = (method: string, id: string) => (method === 'PUT' ? { ...GOOD, client_id: id } : undefined);

  test.each(METHODS)('RFC7592-2 %s needs the token of that client', async (method) => {
    const [mine, other] = [await registered(), await registered()];
    const machine = await addClient(scene, 'machine');
    const access = String((await machineToken(scene, machine)).json['access_token']);
    for (const token of ['', 'guess', invitation, access, mine.id, mine.secret]) {
      expect((await manage(method, mine.url, token, bodyFor(method, mine.id))).status).toBeGreaterThanOrEqual(
        400,
      );
    }
    expect((await send(mine.url, { method })).status).toBeGreaterThanOrEqual(400);
    // RFC 7592 §3: a token that is tried at another client is spent.
    const foreign = await manage(method, mine.url, other.token, bodyFor(method, mine.id));
    expect([foreign.status, foreign.json['error']]).toEqual([401, 'invalid_token']);
    expect((await manage('GET', mine.url, mine.token)).status).toBe(200);
    expect((await manage('GET', other.url, other.token)).status).toBe(401);
  });

  test.each(METHODS)(
    'RFC7592-2 %s of a client that an operator made, or of nobody, looks the same',
    async (method) => {
      const machine = await addClient(scene, 'machine');
      const answers = await Promise.all(
        [machine.id, 'cli_unknown', '__proto__', 'x'.repeat(300)].map(async (id) => {
          const { token } = await registered();
          const url = `${scene.issuer}/reg/${id}`;
          const answer = await manage(method, url, token, bodyFor(method, id));
          return [answer.status, answer.text.replace(/"request_id":"[^"]+"/, '')];
        }),
      );
      for (const answer of answers) expect(answer).toEqual([401, expect.stringContaining('invalid_token')]);
      expect(new Set(answers.map(String)).size).toBe(1);
      expect((await machineToken(scene, machine)).status).toBe(200);
    },
  );

  test('RFC7592-2.2 an update replaces the metadata, rotates the token and keeps the secret', async () => {
    const client = await registered();
    const changed = { ...GOOD, client_id: client.id, client_name: 'Newer', client_secret: client.secret };
    const updated = await manage('PUT', client.url, client.token, changed);
    expect(updated.status).toBe(200);
    expect(updated.json['client_name']).toBe('Newer');
    expect(updated.json).not.toHaveProperty('client_secret');
    expect((await manage('GET', client.url, client.token)).status).toBe(401);
    const token = String(updated.json['registration_access_token']);
    expect((await manage('GET', client.url, token)).json['client_name']).toBe('Newer');
    const fields = { grant_type: 'refresh_token', refresh_token: 'x' };
    const still = await post(`${scene.issuer}/token`, fields, {
      Authorization: basic(client.id, client.secret),
    });
    expect(still.json['error']).not.toBe('invalid_client');
  });

  test.each([
    ['another id', { client_id: 'cli_other' }],
    ['no id', { client_id: undefined }],
    ['a wrong secret', { client_secret: 'gcs_wrong' }],
    ['the placeholder of the store', { client_secret: 'digest-only' }],
    ['a secret that is none', { client_secret: {} }],
    ['a token of its own', { registration_access_token: 'x' }],
    ['an issue date', { client_id_issued_at: 1 }],
    ['a bad redirect URI', { redirect_uris: ['http://evil.example/'] }],
    ['no redirect URI', { redirect_uris: [] }],
    ['a symmetric algorithm', { id_token_signed_response_alg: 'HS256' }],
  ])('RFC7592-2.2 an update with %s changes nothing', async (_, change) => {
    const client = await registered();
    const answer = await manage('PUT', client.url, client.token, {
      ...GOOD,
      client_id: client.id,
      ...change,
    });
    expect(answer.status).toBe(400);
    const after = await manage('GET', client.url, client.token);
    expect(after.status).toBe(200);
    expect(after.json['redirect_uris']).toEqual(GOOD.redirect_uris);
    expect(after.json['client_id']).toBe(client.id);
  });

  test('RFC7592-2.2 a client that gives up its secret is public from then on, and one that takes one is told it', async () => {
    const client = await registered();
    const bare = { ...GOOD, client_id: client.id };
    const open = await manage('PUT', client.url, client.token, {
      ...bare,
      token_endpoint_auth_method: 'none',
    });
    expect(open.status).toBe(200);
    expect(open.json).not.toHaveProperty('client_secret');
    const fields = { grant_type: 'refresh_token', refresh_token: 'x' };
    const url = `${scene.issuer}/token`;
    const withSecret = await post(url, fields, { Authorization: basic(client.id, client.secret) });
    await expect
      .poll(async () => (await post(url, { ...fields, client_id: client.id })).json['error'])
      .not.toBe('invalid_client');
    expect(withSecret.status).toBeGreaterThanOrEqual(400);
    const token = String(open.json['registration_access_token']);
    const closed = await manage('PUT', client.url, token, bare);
    expect(closed.status).toBe(200);
    expect(closed.json['client_secret']).toMatch(/^gcs_/);
    expect(closed.json['client_secret']).not.toBe(client.secret);
  });

  test('RFC7592-2.3 a deleted client is gone, with its token and whatever it held', async () => {
    const client = await registered();
    expect((await manage('DELETE', client.url, client.token)).status).toBe(204);
    for (const method of METHODS) {
      expect((await manage(method, client.url, client.token, bodyFor(method, client.id))).status).toBe(401);
    }
    const fields = { grant_type: 'refresh_token', refresh_token: 'x' };
    const headers = { Authorization: basic(client.id, client.secret) };
    await expect
      .poll(async () => (await post(`${scene.issuer}/token`, fields, headers)).json['error'])
      .toBe('invalid_client');
  });

  test('RFC7592-2.2 two updates at once leave one whole client and one token', async () => {
    const client = await registered();
    const names = Array.from({ length: 8 }, (_, index) => `Name ${index}`);
    const answers = await Promise.all(
      names.map((client_name) =>
        manage('PUT', client.url, client.token, { ...GOOD, client_id: client.id, client_name }),
      ),
    );
    for (const { status } of answers) expect([200, 400, 401]).toContain(status);
    const tokens = answers.flatMap(({ json }) => json['registration_access_token'] ?? []).map(String);
    const alive = await Promise.all(tokens.map((token) => manage('GET', client.url, token)));
    expect(alive.some(({ status }) => status === 200)).toBe(true);
  });
});
