import * as jose from 'jose';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { makeApi, makeClient, ORDERS } from '../support/factories.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
const access = { apis: [{ audience: ORDERS, scopes: ['orders:read'] }] };
const http = { execute: [client.allowInsecureRequests] };

beforeAll(async () => {
  server = await startTestServer();
  await makeApi(server.services);
});
afterAll(() => server.stop());

describe('client credentials, through openid-client', () => {
  test.each(['client_secret_basic', 'client_secret_post'])('with %s', async (method) => {
    const made = await makeClient(server.services, 'machine', {
      ...access,
      metadata: { token_endpoint_auth_method: method },
    });
    const authenticate =
      method === 'client_secret_basic' ? client.ClientSecretBasic : client.ClientSecretPost;
    const config = await client.discovery(
      new URL(server.issuer),
      made.id,
      undefined,
      authenticate(made.secret),
      http,
    );
    const tokens = await client.clientCredentialsGrant(config, { scope: 'orders:read', resource: ORDERS });

    const { payload, protectedHeader } = await verify(tokens.access_token);
    expect(protectedHeader).toMatchObject({ typ: 'at+jwt', alg: 'ES256' });
    expect(payload).toMatchObject({ sub: made.id, client_id: made.id, scope: 'orders:read', aud: ORDERS });
    expect(payload).not.toHaveProperty('email');
    expect(tokens.expires_in).toBe(3600);
  });

  test('with private_key_jwt, and the token introspected and revoked', async () => {
    const { publicKey, privateKey } = await jose.generateKeyPair('ES256', { extractable: true });
    const jwk = { ...(await jose.exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
    const made = await makeClient(server.services, 'machine', {
      ...access,
      metadata: { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [jwk] } },
    });
    expect(made.secret).toBeUndefined();
    const config = await client.discovery(
      new URL(server.issuer),
      made.id,
      undefined,
      client.PrivateKeyJwt({ key: privateKey, kid: 'k1' }),
      http,
    );
    const { access_token: token } = await client.clientCredentialsGrant(config, { scope: 'orders:read' });
    expect((await client.tokenIntrospection(config, token)).active).toBe(true);
    await client.tokenRevocation(config, token);
    expect(await client.tokenIntrospection(config, token)).toEqual({ active: false });
  });

  test('with a DPoP key the token is bound to it', async () => {
    const made = await makeClient(server.services, 'machine', access);
    const config = await client.discovery(new URL(server.issuer), made.id, made.secret, undefined, http);
    const keyPair = await client.randomDPoPKeyPair('ES256');
    const handle = client.getDPoPHandle(config, keyPair);
    const tokens = await client.clientCredentialsGrant(config, { scope: 'orders:read' }, { DPoP: handle });

    const { payload } = await verify(tokens.access_token);
    const jkt = await jose.calculateJwkThumbprint(await jose.exportJWK(keyPair.publicKey));
    expect(payload['cnf']).toEqual({ jkt });
    expect(tokens.token_type).toBe('dpop');
    const introspected = await client.tokenIntrospection(config, tokens.access_token);
    expect(introspected).toMatchObject({ active: true, cnf: { jkt }, token_type: 'DPoP' });
  });

  test('the algorithm and the lifetime are those of the API', async () => {
    await makeApi(server.services, {
      audience: 'https://eddsa.example',
      signingAlg: 'EdDSA',
      tokenTtlSeconds: 60,
    });
    const made = await makeClient(server.services, 'machine', {
      apis: [{ audience: 'https://eddsa.example', scopes: ['orders:read'] }],
    });
    const config = await client.discovery(new URL(server.issuer), made.id, made.secret, undefined, http);
    const tokens = await client.clientCredentialsGrant(config, {});
    const { payload, protectedHeader } = await verify(tokens.access_token, 'https://eddsa.example');
    expect(protectedHeader.alg).toBe('EdDSA');
    expect(Number(payload.exp) - Number(payload.iat)).toBe(60);
    expect(payload).not.toHaveProperty('scope');
  });

  test('both secrets work while one is being rotated', async () => {
    const { rotateSecret } = await import('../../src/clients/rotate-secret.ts');
    const made = await makeClient(server.services, 'machine', access);
    const rotated = await rotateSecret(server.services, made.id, { overlapSeconds: 3600, actor: 'test' });
    for (const secret of [made.secret, rotated.secret]) {
      const config = await client.discovery(new URL(server.issuer), made.id, secret, undefined, http);
      await expect(client.clientCredentialsGrant(config, { scope: 'orders:read' })).resolves.toHaveProperty(
        'access_token',
      );
    }
  });
});

describe('what a client may not', () => {
  test.each([
    ['a scope it is not registered for', { scope: 'orders:read orders:write' }, 'invalid_scope'],
    ['an API it is not registered for', { resource: 'https://unknown.example' }, 'invalid_target'],
    ['a grant type that is off', { grant_type: 'password' }, 'unsupported_grant_type'],
  ])('ask for %s', async (_name, parameters, error) => {
    const made = await makeClient(server.services, 'machine', access);
    const response = await post('/token', made, { grant_type: 'client_credentials', ...parameters });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error });
  });

  test('introspect a token of another client, unless it is the API', async () => {
    const [owner, stranger, api] = [
      await makeClient(server.services, 'machine', access),
      await makeClient(server.services, 'machine', access),
      await makeClient(server.services, 'api', { actsForAudience: ORDERS }),
    ];
    const issued = await post('/token', owner, { grant_type: 'client_credentials' });
    const { access_token: token } = (await issued.json()) as { access_token: string };
    const ask = async (by: typeof owner) => (await post('/token/introspection', by, { token })).json();
    expect(await ask(stranger)).toEqual({ active: false });
    expect(await ask(api)).toMatchObject({ active: true, client_id: owner.id });
    await post('/token/revocation', stranger, { token });
    expect(await ask(owner)).toMatchObject({ active: true });
  });
});

function verify(token: string, audience: string = ORDERS) {
  const keys = jose.createRemoteJWKSet(new URL('/jwks', server.issuer));
  return jose.jwtVerify(token, keys, { issuer: server.issuer, audience, typ: 'at+jwt' });
}

function post(
  path: string,
  by: { id: string; secret?: string },
  body: Record<string, string>,
): Promise<Response> {
  return fetch(new URL(path, server.issuer), {
    method: 'POST',
    headers: { Authorization: `Basic ${btoa(`${by.id}:${by.secret}`)}` },
    body: new URLSearchParams(body),
  });
}
