import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { after } from '../standards/time.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runExample, type RunningExample } from '../support/example.ts';
import { makeApi, makeClient, ORDERS } from '../support/factories.ts';
import { freePort, startTestServer, type TestServer } from '../support/server.ts';

const OTHER = 'https://api.example/other';
const insecure = { [oauth.allowInsecureRequests]: true };

/** RFC 7009 and the stream: what the verifier promises. */
const REVOCATION_MS_MAX = 1_000;

let server: TestServer;
let reader: client.Configuration;
let writer: client.Configuration;
let expired: string;
let credentials: { CLIENT_ID: string; CLIENT_SECRET: string };

beforeAll(async () => {
  server = await startTestServer();
  await makeApi(server.services);
  await makeApi(server.services, { audience: OTHER });
  const made = await makeClient(server.services, 'machine', {
    apis: [
      { audience: ORDERS, scopes: ['orders:read'] },
      { audience: OTHER, scopes: ['orders:read'] },
    ],
  });
  credentials = { CLIENT_ID: made.id, CLIENT_SECRET: made.secret ?? '' };
  reader = await configure(made);
  writer = await configure(
    await makeClient(server.services, 'machine', {
      apis: [{ audience: ORDERS, scopes: ['orders:write'] }],
    }),
  );
  // Issued two hours ago, for one.
  expired = await after(-7_200, () => tokenOf(reader));
});
afterAll(() => server.stop());

function configure(made: { readonly id: string; readonly secret?: string | undefined }) {
  const authenticate = client.ClientSecretBasic(made.secret);
  const options = { execute: [client.allowInsecureRequests] };
  return client.discovery(new URL(server.issuer), made.id, undefined, authenticate, options);
}

async function tokenOf(
  config: client.Configuration,
  resource = ORDERS,
  options?: client.DPoPOptions,
): Promise<string> {
  const scope = config === writer ? 'orders:write' : 'orders:read';
  const tokens = await client.clientCredentialsGrant(config, { resource, scope }, options);
  return tokens.access_token;
}

describe.each(['express', 'koa', 'fastify', 'http'])('examples/api-%s.ts', (name) => {
  let api: RunningExample;
  let url: URL;

  beforeAll(async () => {
    const port = await freePort();
    url = new URL(`http://localhost:${port}/orders`);
    const env = { ...credentials, ISSUER: server.issuer, PORT: String(port) };
    api = await runExample(`examples/api-${name}.ts`, [], env, /listening/);
    expect(api.output()).toContain(`listening on ${url.href}`);
  });
  afterAll(() => api.stop());

  const viaOpenidClient = (token: string, options?: client.DPoPOptions) =>
    client.fetchProtectedResource(reader, token, url, 'GET', undefined, undefined, options);
  const viaOauth4webapi = (token: string, options: oauth.ProtectedResourceRequestOptions = {}) =>
    oauth.protectedResourceRequest(token, 'GET', url, undefined, undefined, { ...options, ...insecure });

  /** How the client understood the refusal. */
  async function expectRefused(token: string, status: number, parameters: Record<string, unknown>) {
    const error: unknown = await viaOauth4webapi(token).then(
      (response) => response.status,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(oauth.WWWAuthenticateChallengeError);
    const { cause, status: answered } = error as oauth.WWWAuthenticateChallengeError;
    expect(answered).toBe(status);
    expect(cause[0]).toMatchObject({ scheme: 'bearer', parameters });
  }

  test('accepts a token of this issuer for this API', async () => {
    const token = await tokenOf(reader);
    for (const response of [await viaOpenidClient(token), await viaOauth4webapi(token)]) {
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ orders: [], of: credentials.CLIENT_ID });
    }
  });

  test('refuses what is expired, for somebody else, or forged', async () => {
    await expectRefused(expired, 401, {
      error: 'invalid_token',
      error_description: 'The token has expired.',
    });
    await expectRefused(await tokenOf(reader, OTHER), 401, { error: 'invalid_token' });
    const [header = '', payload = '', signature = ''] = (await tokenOf(reader)).split('.');
    const forged = `${header}.${payload}.${signature.slice(0, -4)}AAAA`;
    await expectRefused(forged, 401, { error: 'invalid_token' });
  });

  test('says which scope is missing', async () => {
    await expectRefused(await tokenOf(writer), 403, { error: 'insufficient_scope', scope: 'orders:read' });
  });

  test('asks for a token where there is none, and names no error', async () => {
    const response = await fetch(url);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
    expect(response.headers.get('www-authenticate')).not.toContain('error');
    expect(response.headers.get('cache-control')).toBe('no-store');
  });

  test('takes a token that is bound to a key from its owner alone', async () => {
    const keys = await client.randomDPoPKeyPair('ES256');
    const DPoP = client.getDPoPHandle(reader, keys);
    const token = await tokenOf(reader, ORDERS, { DPoP });
    expect((await viaOpenidClient(token, { DPoP })).status).toBe(200);
    expect((await viaOauth4webapi(token, { DPoP: oauth.DPoP({}, keys) })).status).toBe(200);

    const thief = client.getDPoPHandle(reader, await client.randomDPoPKeyPair('ES256'));
    await expect(viaOpenidClient(token, { DPoP: thief })).rejects.toMatchObject({ status: 401 });
    await expect(viaOpenidClient(token)).rejects.toMatchObject({ status: 401 });
  });

  test('refuses a revoked token within a second', async () => {
    const token = await tokenOf(reader);
    const other = await tokenOf(reader);
    expect((await viaOpenidClient(token)).status).toBe(200);
    await client.tokenRevocation(reader, token);
    const revokedAt = performance.now();
    let status = 200;
    while (status === 200 && performance.now() - revokedAt < REVOCATION_MS_MAX) {
      status = (await fetch(url, { headers: { Authorization: `Bearer ${token}` } })).status;
      await sleep(20);
    }
    await expectRefused(token, 401, { error: 'invalid_token', error_description: 'The token was revoked.' });
    expect((await viaOpenidClient(other)).status).toBe(200);
  });
});

test('examples/api-express.ts tells where its metadata is, and who issues its tokens (RFC 9728)', async () => {
  const port = await freePort();
  const env = { ...credentials, ISSUER: server.issuer, PORT: String(port) };
  const api = await runExample('examples/api-express.ts', [], env, /listening/);
  const challenge = (await fetch(`http://localhost:${port}/orders`)).headers.get('www-authenticate') ?? '';
  const [, address = ''] = /resource_metadata="([^"]+)"/.exec(challenge) ?? [];
  expect(address).toBe('https://api.example/.well-known/oauth-protected-resource/orders');
  const response = await fetch(`http://localhost:${port}${new URL(address).pathname}`);
  const about = await oauth.processResourceDiscoveryResponse(new URL(ORDERS), response);
  expect(about.authorization_servers).toEqual([server.issuer]);
  await api.stop();
});

describe('examples/api-shared-replay.ts', () => {
  let database: TestDatabase;
  let apis: RunningExample[];
  let ports: number[];
  const ORIGIN = 'https://orders.example';

  beforeAll(async () => {
    database = await createTestDatabase();
    await createTable(database);
    ports = [await freePort(), await freePort()];
    const env = { ...credentials, ISSUER: server.issuer, DATABASE_URL: database.url, ORIGIN };
    apis = await Promise.all(
      ports.map((port) =>
        runExample('examples/api-shared-replay.ts', [], { ...env, PORT: String(port) }, /listening/),
      ),
    );
  });
  afterAll(async () => {
    await Promise.all(apis.map((api) => api.stop()));
    await database.drop();
  });

  test('DP-05 sixteen replays of a proof at two processes at once succeed exactly once', async () => {
    const DPoP = client.getDPoPHandle(reader, await client.randomDPoPKeyPair('ES256'));
    const token = await tokenOf(reader, ORDERS, { DPoP });
    for (let round = 0; round < 3; round += 1) {
      const headers = await recordHeaders(token, DPoP);
      const answers = await Promise.all(
        Array.from({ length: 16 }, (_, index) =>
          fetch(`http://localhost:${ports[index % 2]}/orders`, { headers }),
        ),
      );
      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 401)).toHaveLength(15);
      const refused = answers.find(({ status }) => status === 401);
      expect(refused?.headers.get('www-authenticate')).toMatch(/^DPoP error="invalid_dpop_proof"/);
    }
  });

  /** As the head of the example says. */
  async function createTable({ url }: TestDatabase): Promise<void> {
    const text = readFileSync('examples/api-shared-replay.ts', 'utf8');
    const connection = new Client({ connectionString: url });
    await connection.connect();
    for (const [statement] of text.matchAll(/CREATE [^;]+;/g)) await connection.query(statement);
    await connection.end();
  }

  /** The headers that openid-client makes for the API's public address, before a proxy passes them on. */
  async function recordHeaders(token: string, DPoP: client.DPoPHandle): Promise<Record<string, string>> {
    const config = await configure({ id: credentials.CLIENT_ID, secret: credentials.CLIENT_SECRET });
    let recorded: Record<string, string> = {};
    config[client.customFetch] = (_url, { headers }) => {
      recorded = { ...headers };
      return Promise.resolve(new Response('', { status: 200 }));
    };
    const address = new URL('/orders', ORIGIN);
    await client.fetchProtectedResource(config, token, address, 'GET', undefined, undefined, { DPoP });
    return recorded;
  }
});
