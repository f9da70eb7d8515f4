import {
  createRemoteJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  generateKeyPair,
  jwtVerify,
  SignJWT,
  type JWTPayload,
} from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { removeScopes } from '../../src/revocation/remove-scopes.ts';
import { ORDERS } from '../support/factories.ts';
import { form, post, send, type Answer } from './http.ts';
import {
  addApi,
  addClient,
  authorizationRequest,
  BILLS,
  introspect,
  issue,
  machineToken,
  openScene,
  refresh,
  type RelyingParty,
  type Scene,
  type Tokens,
} from './scene.ts';
import { after } from './time.ts';

let scene: Scene;
let web: RelyingParty;
let machine: RelyingParty;
let tokens: Tokens;

beforeAll(async () => {
  scene = await openScene();
  web = await addClient(scene, 'web');
  machine = await addClient(scene, 'machine');
  tokens = await issue(scene, web, { scope: 'openid profile email orders:read offline_access' });
});
afterAll(() => scene.stop());

const jwks = () => createRemoteJWKSet(new URL(`${scene.issuer}/jwks`));

async function verified(token: string, audience = ORDERS): Promise<JWTPayload> {
  const { payload } = await jwtVerify(token, jwks(), { issuer: scene.issuer, audience, typ: 'at+jwt' });
  return payload;
}

test('AT-01 the header says at+jwt, an asymmetric algorithm and a key of the JWKS', async () => {
  const header = decodeProtectedHeader(tokens.access);
  expect(header).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: expect.any(String) });
  const { json } = await send(`${scene.issuer}/jwks`);
  const keys = json['keys'] as Record<string, unknown>[];
  expect(keys.map(({ kid }) => kid)).toContain(header.kid);
  for (const key of keys) {
    for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth'])
      expect(key).not.toHaveProperty(secret);
  }
});

test.each(['RS256', 'EdDSA'] as const)(
  'AT-01 an API may have its tokens signed with %s',
  async (signingAlg) => {
    const audience = `https://api.example/${signingAlg}`;
    await addApi(scene, { audience, signingAlg, tokenTtlSeconds: 120 });
    const client = await addClient(scene, 'machine', { apis: [{ audience, scopes: ['orders:read'] }] });
    const { json } = await machineToken(scene, client, { resource: audience });
    const token = String(json['access_token']);
    expect(decodeProtectedHeader(token).alg).toBe(signingAlg);
    const { exp = 0, iat = 0 } = await verified(token, audience);
    expect(exp - iat).toBe(120);
    expect(json['expires_in']).toBe(120);
  },
);

test('AT-02 every claim that RFC 9068 demands is there', async () => {
  const payload = await verified(tokens.access);
  expect(payload.iss).toBe(scene.as.issuer);
  expect(payload.sub).toBe(scene.person.id);
  expect(payload['client_id']).toBe(web.id);
  expect(payload.jti).toMatch(/^[\w-]{22,}$/);
  expect(Math.abs((payload.iat ?? 0) - Date.now() / 1000)).toBeLessThan(60);
  expect(payload.exp).toBe((payload.iat ?? 0) + 3600);
  expect(payload.aud).toBe(ORDERS);
});

test('AT-03 each resource has a token of its own, and none is for two', async () => {
  const both = await machineToken(scene, machine, { resource: ORDERS });
  const other = await machineToken(scene, machine, { resource: BILLS, scope: 'bills:read' });
  expect((await verified(String(both.json['access_token']))).aud).toBe(ORDERS);
  expect((await verified(String(other.json['access_token']), BILLS)).aud).toBe(BILLS);
  const client = await addClient(scene, 'machine', { defaultAudience: BILLS });
  const plain = await machineToken(scene, client, { resource: undefined, scope: 'bills:read' });
  expect((await verified(String(plain.json['access_token']), BILLS)).aud).toBe(BILLS);
});

test('AT-03 a client without a default API has to name one', async () => {
  const { status, json } = await machineToken(scene, machine, { resource: undefined, scope: undefined });
  expect([status, json['error']]).toEqual([400, 'invalid_target']);
});

test.each([
  'not a uri',
  'https://api.example/orders#x',
  '/orders',
  `${ORDERS}/`,
  ORDERS.toUpperCase(),
  '__proto__',
])('AT-03 the resource %j is nobody’s', async (resource) => {
  const { status, json } = await machineToken(scene, machine, { resource });
  expect([status, json['error']]).toEqual([400, 'invalid_target']);
});

test('AT-03 a thousand resources in one request are refused, and at once', async () => {
  const spa = await addClient(scene, 'spa');
  const many = Array.from({ length: 1000 }, () => ['resource', ORDERS] as const);
  const asked = form(authorizationRequest(spa).fields);
  const credentials = form({ grant_type: 'client_credentials' });
  for (const [path, fields, headers] of [
    ['/request', asked, {}],
    ['/device/auth', asked, {}],
    ['/token', credentials, machine.headers],
  ] as const) {
    const started = performance.now();
    const { status } = await post(scene.issuer + path, [...fields, ...many] as [string, string][], headers);
    expect(status, path).toBe(400);
    // Checked each against all, they took a second and a half.
    expect(performance.now() - started, path).toBeLessThan(500);
  }
});

test('AT-04 the scope is what was asked for, granted and known to that API', async () => {
  expect((await verified(tokens.access))['scope']).toBe('orders:read');
  const { json } = await machineToken(scene, machine, { scope: 'orders:write orders:read orders:write' });
  const scope = String((await verified(String(json['access_token'])))['scope']).split(' ');
  expect(scope.toSorted()).toEqual(['orders:read', 'orders:write']);
  const none = await machineToken(scene, machine, { scope: undefined });
  expect(await verified(String(none.json['access_token']))).not.toHaveProperty('scope');
});

test('AT-04 a scope that was taken from the API is in no token from then on', async () => {
  const { services } = scene.server;
  const audience = 'https://api.example/shrinking';
  const api = await addApi(scene, { audience });
  const access = [{ audience, scopes: ['orders:read', 'orders:write'] }];
  const client = await addClient(scene, 'web', { apis: access });
  const scope = 'openid orders:read orders:write offline_access';
  const held = await issue(scene, client, { resource: audience, scope });
  await removeScopes(services, api.id, ['orders:write'], 'test');
  await vi.waitUntil(async () => (await services.apis.findById(api.id))?.scopes.length === 1);

  const { json } = await refresh(scene, client, held.refresh);
  expect((await verified(String(json['access_token']), audience))['scope']).toBe('orders:read');
});

test('AT-05 a client that acts for itself is the subject', async () => {
  const payload = await verified(String((await machineToken(scene, machine)).json['access_token']));
  expect(payload.sub).toBe(machine.id);
  expect(payload['client_id']).toBe(machine.id);
});

describe('AT-06 userinfo, our own resource server, takes no other token', () => {
  const me = (token: string, scheme = 'Bearer'): Promise<Answer> =>
    send(`${scene.issuer}/me`, { headers: { Authorization: `${scheme} ${token}` } });

  test('AT-06 not a JWT for an API, an ID token, a refresh token, a code or a machine’s', async () => {
    const machines = String((await machineToken(scene, machine)).json['access_token']);
    const withoutOpenid = await issue(scene, web, { scope: 'orders:read', prompt: undefined });
    const others = [tokens.access, tokens.id, tokens.refresh, machines, withoutOpenid.access, 'garbage', ''];
    for (const token of others) {
      const { status, headers, json } = await me(token);
      expect([400, 401]).toContain(status);
      expect(headers.get('www-authenticate')).toMatch(/^(Bearer|DPoP) /);
      expect(json).not.toHaveProperty('sub');
    }
  });

  test('AT-06 not one signed by somebody else, nor an expired one', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    const forged = await new SignJWT({ ...decodeJwt(tokens.access), aud: scene.issuer, scope: 'openid' })
      .setProtectedHeader({ ...decodeProtectedHeader(tokens.access), alg: 'ES256' })
      .sign(privateKey);
    expect((await me(forged)).status).toBe(401);
    const { access } = await issue(scene, web, { scope: 'openid', resource: undefined });
    expect((await me(access)).status).toBe(200);
    expect((await me(access, 'bearer')).status).toBe(200);
    expect((await me(access, 'Basic')).status).toBeGreaterThanOrEqual(400);
    expect((await after(3661, () => me(access))).status).toBe(401);
  });
});

test('AT-07 the token says when and how the person signed in', async () => {
  const payload = await verified(tokens.access);
  expect(payload['auth_time']).toBeLessThanOrEqual(payload.iat ?? 0);
  expect(payload['acr']).toBe('urn:guichet:acr:password');
  expect(payload['amr']).toEqual(['pwd']);
  const renewed = await refresh(scene, web, tokens.refresh);
  const later = await verified(String(renewed.json['access_token']));
  expect(later['auth_time']).toBe(payload['auth_time']);
});

test('AT-08 the token says nothing about the person that the API was not made for', async () => {
  const known = new Set([
    'jti',
    'sub',
    'iat',
    'exp',
    'scope',
    'client_id',
    'iss',
    'aud',
    'auth_time',
    'acr',
    'amr',
    // Where its status is found: a place in a list.
    'status',
  ]);
  expect(Object.keys(await verified(tokens.access)).filter((claim) => !known.has(claim))).toEqual([]);
  const { json } = await introspect(scene, web, tokens.access);
  const told = Object.keys(json).filter((member) => !known.has(member));
  expect(told.toSorted()).toEqual(['active', 'token_type']);
});
