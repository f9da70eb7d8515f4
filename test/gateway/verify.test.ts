import { createHash, randomUUID } from 'node:crypto';

import { calculateJwkThumbprint, decodeJwt, decodeProtectedHeader, importJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { revokeKey } from '../../src/revocation/revoke-key.ts';
import { revoke } from '../../src/revocation/revoke.ts';
import { disableClient } from '../../src/revocation/disable-client.ts';
import { makeCertificate } from '../support/certificates.ts';
import { ORDERS } from '../support/factories.ts';
import { createTestDatabase } from '../support/database.ts';
import { startDatabaseProxy } from '../support/database-proxy.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { confusedTokens, makeSigner, type Signer } from '../standards/forge.ts';
import { form, sendRaw, type Answer, type RawRequest } from '../standards/http.ts';
import {
  addApi,
  addClient,
  BILLS,
  issue,
  machineToken,
  openScene,
  revokeToken,
  type RelyingParty,
  type Scene,
} from '../standards/scene.ts';
import { dpopToken } from './dpop-token.ts';

const HEADER = 'X-Client-Certificate';
const env = { GUICHET_CLIENT_CERTIFICATE_HEADER: HEADER, GUICHET_TRUSTED_PROXIES: '127.0.0.0/8' };

let scene: Scene;
let machine: RelyingParty;
/** A second process on the same database. */
let second: TestServer;
/** To it, this test is not a trusted gateway. */
let strangers: TestServer;

beforeAll(async () => {
  scene = await openScene({ env });
  machine = await addClient(scene, 'machine');
  const shared = { database: scene.server.database };
  second = await startTestServer({ ...shared, env: { ...env, GUICHET_ISSUER: scene.issuer } });
  strangers = await startTestServer({
    ...shared,
    env: { ...env, GUICHET_TRUSTED_PROXIES: '10.0.0.0/8', GUICHET_ISSUER: scene.issuer },
  });
});
afterAll(async () => {
  await strangers.stop();
  await second.stop();
  await scene.stop();
});

type Headers = NonNullable<RawRequest['headers']>;
type Query = Readonly<Record<string, string>> | readonly (readonly [string, string])[];

/** As a gateway asks. */
function verify(
  headers: Headers,
  query: Query = { audience: ORDERS },
  { server, method }: { server?: TestServer; method?: string } = {},
): Promise<Answer> {
  return sendRaw({
    port: (server ?? scene.server).services.config.listen.port,
    path: `/verify?${form(query)}`,
    headers: { Host: new URL(scene.issuer).host, ...headers },
    ...(method === undefined ? {} : { method }),
  });
}

const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
const challengeOf = ({ headers }: Answer) => headers.get('www-authenticate') ?? '';

async function machineAccess(changes: Record<string, string> = {}): Promise<string> {
  const answer = await machineToken(scene, machine, changes);
  return String(answer.json['access_token']);
}

describe('a good token', () => {
  test('passes, and who it is about is told in headers', async () => {
    const token = await machineAccess();
    const answer = await verify(bearer(token));
    expect(answer.status, answer.text).toBe(200);
    expect(answer.text).toBe('');
    const claims = decodeJwt(token);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'x-auth-subject': machine.id,
      'x-auth-client-id': machine.id,
      'x-auth-audience': ORDERS,
      'x-auth-scope': 'orders:read',
      'x-auth-token-id': claims.jti,
      'x-auth-expires': String(claims.exp),
      'cache-control': 'no-store',
    });
  });

  test('of a person names the person', async () => {
    const web = await addClient(scene, 'web');
    const { access } = await issue(scene, web);
    const answer = await verify(bearer(access));
    expect(answer.headers.get('x-auth-subject')).toBe(scene.person.id);
    expect(answer.headers.get('x-auth-client-id')).toBe(web.id);
  });

  test('HEAD is answered like GET, anything else with 405', async () => {
    const token = await machineAccess();
    expect(await verify(bearer(token), undefined, { method: 'HEAD' })).toMatchObject({ status: 200 });
    const refused = await verify(bearer(token), undefined, { method: 'POST' });
    expect(refused.status).toBe(405);
    expect(refused.headers.get('x-auth-subject')).toBeNull();
  });

  test('identity headers of the client never come back', async () => {
    const spoofed = { 'X-Auth-Subject': 'usr_root', 'X-Auth-Scope': 'admin', 'X-Auth-Token-Id': 'x' };
    const answer = await verify({ ...bearer(await machineAccess({ scope: '' })), ...spoofed });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('x-auth-subject')).toBe(machine.id);
    expect(answer.headers.get('x-auth-scope')).toBe('');
    const denied = await verify(spoofed);
    expect([...denied.headers.keys()].filter((name) => name.startsWith('x-auth-'))).toEqual([]);
  });
});

describe('refusals', () => {
  test('without a token: 401 and how to authenticate, no error', async () => {
    const answer = await verify({});
    expect(answer.status).toBe(401);
    expect(challengeOf(answer)).toMatch(/^Bearer, DPoP algs="ES256[^"]*"$/);
    expect(answer.json).toMatchObject({ error: 'missing_token' });
  });

  test('a revoked token is refused with the next request, at every process', async () => {
    const token = await machineAccess();
    expect((await verify(bearer(token))).status).toBe(200);
    expect((await verify(bearer(token), undefined, { server: second })).status).toBe(200);
    await revokeToken(scene, machine, token);
    for (const server of [scene.server, second]) {
      const answer = await verify(bearer(token), undefined, { server });
      expect(answer.status).toBe(401);
      expect(challengeOf(answer)).toMatch(/^Bearer error="invalid_token", error_description="[^"]+"/);
    }
  });

  test('a token whose client was disabled is refused', async () => {
    const client = await addClient(scene, 'machine');
    const { json } = await machineToken(scene, client);
    const token = String(json['access_token']);
    expect((await verify(bearer(token))).status).toBe(200);
    await disableClient(scene.server.services, client.id, 'test');
    expect((await verify(bearer(token))).status).toBe(401);
  });

  test('a token that nobody recorded is refused, although our key signed it', async () => {
    const token = await machineAccess();
    await scene.server.services.db.knex('tokens').where({ client_id: machine.id }).delete();
    expect((await verify(bearer(token))).status).toBe(401);
  });

  test('a token that does not say where its status is kept is looked up as well', async () => {
    const { status, ...claims } = decodeJwt(await machineAccess());
    const jwk = scene.server.services.keys.jwks().find(({ alg }) => alg === 'ES256');
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: String(jwk?.kid) })
      .sign(await importJWK(jwk ?? {}));
    expect(status).toBeDefined();
    expect((await verify(bearer(token))).status).toBe(200);
    await revoke(scene.server.services, { jti: String(claims.jti) }, 'test');
    const refused = await verify(bearer(token));
    expect(refused.status).toBe(401);
    expect(challengeOf(refused)).toMatch(/^Bearer error="invalid_token"/);
  });

  test('a token whose key was revoked is refused', async () => {
    const audience = 'https://api.example/keyed';
    await addApi(scene, { audience, signingAlg: 'EdDSA' });
    const client = await addClient(scene, 'machine', { apis: [{ audience, scopes: ['orders:read'] }] });
    const { json } = await machineToken(scene, client, { resource: audience });
    const token = String(json['access_token']);
    expect((await verify(bearer(token), { audience })).status).toBe(200);
    await revokeKey(scene.server.services, String(decodeProtectedHeader(token).kid), 'test');
    expect((await verify(bearer(token), { audience })).status).toBe(401);
    expect((await verify(bearer(token), { audience }, { server: second })).status).toBe(401);
  });

  test('a token for another API is refused', async () => {
    const token = await machineAccess({ resource: BILLS, scope: 'bills:read' });
    expect((await verify(bearer(token), { audience: BILLS })).status).toBe(200);
    expect(await verify(bearer(token))).toMatchObject({ status: 401, json: { error: 'invalid_token' } });
  });

  test('forged, altered and foreign tokens are refused', async () => {
    const token = await machineAccess();
    const [head = '', payload = '', signature = ''] = token.split('.');
    const stranger = makeSigner();
    const claims = decodeJwt(token);
    const jwks = scene.server.services.keys.jwks();
    const forged = [
      'garbage',
      `${head}.${payload}.`,
      `${head}.${payload}.${signature.slice(0, -4)}AAAA`,
      stranger.sign({ alg: 'ES256', typ: 'at+jwt', kid: jwks[0]?.kid }, claims),
      stranger.sign({ alg: 'ES256', typ: 'at+jwt', kid: 'unknown' }, claims),
      stranger.sign({ alg: 'ES256', typ: 'at+jwt', jwk: stranger.jwk }, claims),
      stranger.sign({ alg: 'none', typ: 'at+jwt' }, claims),
      ...confusedTokens(stranger.jwk, claims),
    ];
    for (const bad of forged) expect((await verify(bearer(bad))).status, bad).toBe(401);
  });

  test('scopes: all of them, one of them', async () => {
    const token = await machineAccess();
    const ask = (query: Record<string, string>) => verify(bearer(token), { audience: ORDERS, ...query });
    expect((await ask({ scope: 'orders:read' })).status).toBe(200);
    expect((await ask({ any_scope: 'orders:write orders:read' })).status).toBe(200);
    const refused = await ask({ scope: 'orders:read orders:write' });
    expect(refused.status).toBe(403);
    expect(challengeOf(refused)).toContain('error="insufficient_scope"');
    expect(challengeOf(refused)).toContain('scope="orders:read orders:write"');
    expect((await ask({ any_scope: 'orders:write' })).status).toBe(403);
  });

  test('step-up: another or a fresher sign-in is asked for', async () => {
    const { access } = await issue(scene, await addClient(scene, 'web'));
    const ask = (query: Record<string, string>) => verify(bearer(access), { audience: ORDERS, ...query });
    expect((await ask({ max_age: '300' })).status).toBe(200);
    const refused = await ask({ acr_values: 'phr', max_age: '300' });
    expect(refused.status).toBe(401);
    expect(challengeOf(refused)).toMatch(/insufficient_user_authentication.*acr_values="phr".*max_age="300"/);
  });

  test('the protected-resource metadata is named', async () => {
    const url = 'https://api.example/.well-known/oauth-protected-resource';
    const answer = await verify({}, { audience: ORDERS, resource_metadata: url });
    expect(challengeOf(answer)).toMatch(
      new RegExp(`^Bearer resource_metadata="${url}", DPoP algs="[^"]+", resource_metadata="${url}"$`),
    );
  });

  test('two tokens in one request are one too many', async () => {
    const token = await machineAccess();
    const answer = await verify({ Authorization: [`Bearer ${token}`, `Bearer ${token}`] });
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } });
  });
});

test('while the database is away nothing passes, and the gateway is told to come again', async () => {
  const database = await createTestDatabase();
  const proxy = await startDatabaseProxy(database.connection);
  const apart = await openScene({ env, database: { ...database, url: proxy.url } });
  const client = await addClient(apart, 'machine');
  const { json } = await machineToken(apart, client);
  const host = { Host: new URL(apart.issuer).host, ...bearer(String(json['access_token'])) };
  const ask = () => verify(host, undefined, { server: apart.server });
  expect((await ask()).status).toBe(200);
  await proxy.cut();
  const away = await ask();
  expect(away.status).toBe(503);
  expect(away.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(away.headers.get('x-auth-subject')).toBeNull();
  await proxy.restore();
  await expect.poll(async () => (await ask()).status, { timeout: 15_000 }).toBe(200);
  await apart.stop();
  await proxy.close();
  await database.drop();
});

describe('what the gateway asks', () => {
  test.for<[string, Query, Headers]>([
    ['no audience', {}, {}],
    ['an API that is none', { audience: 'https://api.example/nowhere' }, {}],
    ['a parameter that is misspelt', { audience: ORDERS, scopes: 'orders:write' }, {}],
    [
      'a parameter twice',
      [
        ['audience', ORDERS],
        ['audience', BILLS],
      ],
      {},
    ],
    ['an empty scope', { audience: ORDERS, scope: '' }, {}],
    ['a scope that is none', { audience: ORDERS, scope: 'a"b' }, {}],
    ['a max_age that is none', { audience: ORDERS, max_age: '-1' }, {}],
    ['a resource_metadata that breaks out', { audience: ORDERS, resource_metadata: 'https://a/" x="' }, {}],
    ['query and header that differ', { audience: ORDERS }, { 'X-Guichet-Audience': BILLS }],
    ['two headers that differ', {}, { 'X-Guichet-Audience': [ORDERS, BILLS] }],
    ['a scope header beside another scope', { audience: ORDERS, scope: 'a' }, { 'X-Guichet-Scope': 'b' }],
    ['too many scopes', { audience: ORDERS, scope: 'a '.repeat(51) }, {}],
  ])('%s: 400, whatever the token', async ([, query, headers]) => {
    const token = await machineAccess();
    const answer = await verify({ ...bearer(token), ...headers }, query);
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } });
    expect(answer.headers.get('x-auth-subject')).toBeNull();
  });

  test('may come in headers', async () => {
    const headers = { ...bearer(await machineAccess()), 'X-Guichet-Audience': ORDERS };
    expect((await verify({ ...headers, 'X-Guichet-Scope': 'orders:read' }, {})).status).toBe(200);
    expect((await verify({ ...headers, 'X-Guichet-Scope': 'orders:write' }, {})).status).toBe(403);
  });

  test('may be made under any name: some gateways send the host of the address that they call', async () => {
    const foreign = { Host: 'guichet.internal:3000', 'X-Forwarded-Host': 'api.example' };
    expect((await verify({ ...bearer(await machineAccess()), ...foreign })).status).toBe(200);
    const refused = await verify(foreign);
    expect(refused.status).toBe(401);
    expect(JSON.stringify([...refused.headers, refused.json])).not.toMatch(
      /guichet\.internal|api\.example[^/]/,
    );
    const { status } = await sendRaw({ port: scene.port, method: 'GET', path: '/jwks', headers: foreign });
    expect(status).toBe(421);
  });
});

describe('DPoP', () => {
  const signer = makeSigner();
  const ORIGINAL = 'https://api.example/orders/7?full=1';

  function prove(claims: object = {}, token?: string, by: Signer = signer): string {
    const { kty, crv, x, y } = by.jwk;
    const ath = token === undefined ? {} : { ath: createHash('sha256').update(token).digest('base64url') };
    const iat = Math.floor(Date.now() / 1000);
    const target = { htm: 'DELETE', htu: 'https://api.example/orders/7' };
    return by.sign(
      { alg: 'ES256', typ: 'dpop+jwt', jwk: { kty, crv, x, y } },
      { ...target, jti: randomUUID(), iat, ...ath, ...claims },
    );
  }

  const boundToken = () => dpopToken(scene, machine, prove({ htm: 'POST', htu: `${scene.issuer}/token` }));

  const nginx = { 'X-Original-Method': 'DELETE', 'X-Original-URL': ORIGINAL };
  const traefik = {
    'X-Forwarded-Method': 'DELETE',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Host': 'api.example',
    'X-Forwarded-Uri': '/orders/7?full=1',
  };
  const mixed = {
    'X-Original-Method': 'DELETE',
    'X-Original-URI': '/orders/7',
    'X-Forwarded-Proto': 'https',
    'X-Forwarded-Host': 'api.example',
  };
  const dpop = (token: string, proof: string) => ({ Authorization: `DPoP ${token}`, DPoP: proof });

  test.for<[string, Headers]>([
    ['X-Original-*', nginx],
    ['X-Forwarded-*', traefik],
    ['both, in agreement', { ...nginx, ...traefik }],
    ['a path and a host', mixed],
  ])('the proof is checked against the original request: %s', async ([, original]) => {
    const token = await boundToken();
    const answer = await verify({ ...dpop(token, prove({}, token)), ...original });
    expect(answer.status, answer.text).toBe(200);
    for (const claims of [{ htu: 'https://api.example/orders/8' }, { htm: 'GET' }, { htu: scene.issuer }]) {
      const refused = await verify({ ...dpop(token, prove(claims, token)), ...original });
      expect(refused).toMatchObject({ status: 401, json: { error: 'invalid_dpop_proof' } });
      expect(challengeOf(refused)).toMatch(/^DPoP error="invalid_dpop_proof"/);
    }
  });

  test.for<[string, Headers]>([
    ['nothing is said of it', {}],
    ['the method is missing', { 'X-Original-URL': ORIGINAL }],
    ['the host is missing', { 'X-Forwarded-Method': 'DELETE', 'X-Forwarded-Uri': '/orders/7' }],
    ['it is contradictory', { ...nginx, 'X-Forwarded-Method': 'GET' }],
    ['it is somewhere else', { ...traefik, 'X-Original-URL': 'https://api.example/orders/8' }],
    ['it is said twice', { ...nginx, 'X-Original-URL': [ORIGINAL, ORIGINAL] }],
    ['it is no URL', { ...nginx, 'X-Original-URL': '/orders/7' }],
    ['it has a user', { ...nginx, 'X-Original-URL': 'https://api.example@evil.example/orders/7' }],
  ])('a bound token is refused when %s', async ([, original]) => {
    const token = await boundToken();
    const answer = await verify({ ...dpop(token, prove({}, token)), ...original });
    expect(answer).toMatchObject({
      status: 400,
      json: { error: expect.stringMatching(/^invalid_request$/) },
    });
  });

  test('from anybody but a trusted gateway the original request is not believed', async () => {
    const token = await boundToken();
    const answer = await verify({ ...dpop(token, prove({}, token)), ...nginx }, undefined, {
      server: strangers,
    });
    expect(answer).toMatchObject({
      status: 400,
      json: { error_description: expect.stringContaining('GUICHET_TRUSTED_PROXIES') },
    });
  });

  test('a proof is good once, whichever process is asked', async () => {
    const token = await boundToken();
    const headers = { ...dpop(token, prove({}, token)), ...nginx };
    expect((await verify(headers)).status).toBe(200);
    expect((await verify(headers)).status).toBe(401);
    expect((await verify(headers, undefined, { server: second })).status).toBe(401);
  });

  test('of many at once with one proof, one passes', async () => {
    const token = await boundToken();
    const headers = { ...dpop(token, prove({}, token)), ...nginx };
    const answers = await Promise.all(
      Array.from({ length: 16 }, (_, index) =>
        verify(headers, undefined, { server: index % 2 ? second : scene.server }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  test('a bound token is no bearer token, and a thief has no key', async () => {
    const token = await boundToken();
    const jkt = await calculateJwkThumbprint(signer.jwk);
    expect(decodeJwt(token)['cnf']).toEqual({ jkt });
    expect(await verify({ ...bearer(token), ...nginx })).toMatchObject({ status: 401 });
    const stolen = prove({}, token, makeSigner());
    expect(await verify({ ...dpop(token, stolen), ...nginx })).toMatchObject({ status: 401 });
    expect(await verify({ ...dpop(token, prove()), ...nginx })).toMatchObject({ status: 401 });
  });

  test('a bearer token does not care for the original request', async () => {
    const token = await machineAccess();
    expect((await verify({ ...bearer(token), 'X-Original-URL': 'nonsense' })).status).toBe(200);
  });
});

describe('a token bound to a certificate', () => {
  test('passes with that certificate only, and only as the gateway tells', async () => {
    const [own, other] = [makeCertificate('own'), makeCertificate('other')];
    const client = await addClient(scene, 'machine', {
      metadata: { tls_client_certificate_bound_access_tokens: true },
    });
    const { json } = await machineToken(scene, {
      ...client,
      headers: { ...client.headers, [HEADER]: own.header },
    });
    const token = bearer(String(json['access_token']));
    expect((await verify({ ...token, [HEADER]: own.header })).status).toBe(200);
    expect((await verify({ ...token, [HEADER]: own.escaped })).status).toBe(200);
    expect((await verify(token)).status).toBe(401);
    expect((await verify({ ...token, [HEADER]: other.header })).status).toBe(401);
    expect((await verify({ ...token, [HEADER]: 'garbage' })).status).toBe(400);
    expect((await verify({ ...token, [HEADER]: [own.header, own.header] })).status).toBe(400);
    const elsewhere = await verify({ ...token, [HEADER]: own.header }, undefined, { server: strangers });
    expect(elsewhere.status).toBe(401);
  });
});
