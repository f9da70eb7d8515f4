import { Provider, type Configuration } from 'oidc-provider';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { ISSUER, startSite, type Site } from './harness.ts';

/** What the front of the house promises about the library behind it, with the library's own defaults. */
const configuration: Configuration = {
  clients: [
    {
      client_id: 'cli_1',
      client_secret: 'a-secret-of-a-test',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    },
  ],
  features: {
    clientCredentials: { enabled: true },
    registration: { enabled: true },
    devInteractions: { enabled: false },
    introspection: { enabled: true },
  },
};

let site: Site;
const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
beforeAll(async () => {
  site = await startSite([], { app: new Provider(ISSUER, configuration) });
  warn.mockClear();
});
afterAll(() => site[Symbol.asyncDispose]());

const GRANT = 'grant_type=client_credentials&client_id=cli_1&client_secret=a-secret-of-a-test';

test('the library reads a body that we have read before it, and does not complain about a parser', async () => {
  const { status, json } = await site.post('/token', GRANT);
  expect(status).toBe(200);
  expect(json).toMatchObject({ token_type: 'Bearer' });
  const form = 'application/x-www-form-urlencoded';
  const chunked = await site.post('/token', GRANT, {
    headers: { 'content-type': form, 'transfer-encoding': 'chunked' },
  });
  expect(chunked.status).toBe(200);
  const registered = await site.post(
    '/reg',
    JSON.stringify({ redirect_uris: ['https://rp.example.com/cb'] }),
    {
      headers: { 'content-type': 'application/json' },
    },
  );
  expect(registered.status).toBe(201);
  expect((await site.post('/token', '')).status).toBe(400);
  expect(warn).not.toHaveBeenCalled();
});

test.each(['/TOKEN', '/token/', '/Token/', '/token/Introspection', '/%74oken'])(
  'POST %s, which the library would serve, is unknown',
  async (path) => {
    expect((await site.post(path, GRANT)).status).toBe(404);
  },
);

test('endpoint URLs are the issuer’s, whatever a request says', async () => {
  const headers = {
    host: 'id.example.com',
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'http',
    forwarded: 'host=evil.example',
  };
  const { json } = await site.get('/.well-known/openid-configuration', { headers });
  expect(json).toMatchObject({
    issuer: ISSUER,
    token_endpoint: `${ISSUER}/token`,
    jwks_uri: `${ISSUER}/jwks`,
  });
});

test.each([
  '',
  'null',
  '[]',
  '"x"',
  '{',
  '{"redirect_uris":null}',
  '['.repeat(50_000),
  '{"redirect_uris":["https://a/\\u0000"]}',
])('a registration of %.20s is the client’s fault', async (body) => {
  const { status } = await site.post('/reg', body, { headers: { 'content-type': 'application/json' } });
  expect(status).toBe(400);
});

test.each([
  {},
  { 'content-type': 'text/plain' },
  { 'content-type': 'multipart/form-data; boundary=x' },
  { 'content-type': 'application/x-www-form-urlencoded; charset=%%' },
  { 'content-type': 'x' },
])('a token request with %j is the client’s fault', async (headers) => {
  for (const encoding of [{}, { 'transfer-encoding': 'chunked' }]) {
    for (const body of ['', 'grant_type=x']) {
      const { status } = await site.post('/token', body, {
        headers: { host: 'id.example.com', 'content-type': '', ...headers, ...encoding },
      });
      expect([400, 415]).toContain(status);
    }
  }
});

test('the authorization endpoint has no CORS', async () => {
  const headers = {
    host: 'id.example.com',
    origin: 'https://evil.example',
    'access-control-request-method': 'GET',
  };
  for (const method of ['GET', 'OPTIONS']) {
    expect((await site.get('/auth?client_id=cli_1', { method, headers })).headers).not.toHaveProperty(
      'access-control-allow-origin',
    );
  }
});
