import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createInitialAccessToken } from '../../src/grants/create-initial-access-token.ts';
import { createVerifier } from '../../src/resource-server/create-verifier.ts';
import { TokenError } from '../../src/resource-server/token-error.ts';
import { revoke } from '../../src/revocation/revoke.ts';
import { makeCertificate } from '../support/certificates.ts';
import { ORDERS } from '../support/factories.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { form, post, send, sendRaw, type Answer } from './http.ts';
import {
  addClient,
  authorize,
  introspect,
  openScene,
  ORDERS_ACCESS,
  redeem,
  refresh,
  type RelyingParty,
  type Scene,
} from './scene.ts';

/** RFC 8705 behind a proxy that ends TLS: this test is the proxy, whose address is trusted. */
const HEADER = 'X-TLS-Client-Certificate';
const BOUND = { metadata: { tls_client_certificate_bound_access_tokens: true } };

describe('tokens bound to a certificate', () => {
  let scene: Scene;
  let machine: RelyingParty;
  let spa: RelyingParty;
  let web: RelyingParty;
  /** On the same database, but it trusts proxies elsewhere: to it this test is anybody. */
  let strangers: TestServer;
  /** The same without mutual TLS. */
  let without: TestServer;
  const own = makeCertificate('own');
  const other = makeCertificate('other');

  beforeAll(async () => {
    const env = { GUICHET_CLIENT_CERTIFICATE_HEADER: HEADER, GUICHET_TRUSTED_PROXIES: '127.0.0.0/8' };
    scene = await openScene({ env });
    const shared = { database: scene.server.database };
    strangers = await startTestServer({
      ...shared,
      env: { ...env, GUICHET_TRUSTED_PROXIES: '10.0.0.0/8', GUICHET_ISSUER: scene.issuer },
    });
    without = await startTestServer({ ...shared, env: { GUICHET_ISSUER: scene.issuer } });
    machine = await addClient(scene, 'machine', BOUND);
    spa = await addClient(scene, 'spa', BOUND);
    web = await addClient(scene, 'web', BOUND);
  });
  afterAll(async () => {
    await without.stop();
    await strangers.stop();
    await scene.stop();
  });

  const grant = { grant_type: 'client_credentials', resource: ORDERS, scope: 'orders:read' };

  function tokenRequest(certificate: string | string[] | undefined, client = machine): Promise<Answer> {
    return at(scene.port, certificate, client);
  }

  function at(port: number, certificate: string | string[] | undefined, client = machine): Promise<Answer> {
    return sendRaw({
      port,
      method: 'POST',
      path: '/token',
      headers: {
        Host: new URL(scene.issuer).host,
        'Content-Type': 'application/x-www-form-urlencoded',
        ...client.headers,
        ...(certificate === undefined ? {} : { [HEADER]: certificate }),
      },
      body: form({ ...grant, ...client.fields }).toString(),
    });
  }

  const accessOf = ({ json }: Answer): string => String(json['access_token']);
  const refreshOf = ({ json }: Answer): string => String(json['refresh_token']);
  const withCertificate = (client: RelyingParty, certificate = own) => ({
    ...client.headers,
    [HEADER]: certificate.header,
  });

  test('from the token endpoint to an API: with its certificate alone, and only until it is revoked', async () => {
    const token = accessOf(await tokenRequest(own.header));
    using verifier = createVerifier({ issuer: scene.issuer, audience: ORDERS, status: 'list' });
    const outcomeWith = (certificate?: Buffer) => {
      const request = { method: 'GET', url: `${ORDERS}/1`, ...(certificate ? { certificate } : {}) };
      return verifier.verify(token, request).then(
        ({ senderConstrained }) => senderConstrained,
        (error: unknown) => error instanceof TokenError && (error.reason ?? error.code),
      );
    };
    expect(await outcomeWith(own.der)).toBe(true);
    expect(await outcomeWith(other.der)).toBe('wrong_certificate');
    expect(await outcomeWith()).toBe('wrong_certificate');
    await revoke(scene.server.services, { client: machine.id }, 'test');
    using later = createVerifier({ issuer: scene.issuer, audience: ORDERS, status: 'list' });
    await expect(
      later.verify(token, { method: 'GET', url: ORDERS, certificate: own.der }),
    ).rejects.toMatchObject({
      reason: 'revoked',
    });
  });

  test.for([
    ['RFC 9440', own.header],
    ['escaped PEM', own.escaped],
    ['base64 alone', own.der.toString('base64')],
  ])('%s: the token carries the thumbprint', async ([, value]) => {
    const answer = await tokenRequest(value);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.json['token_type']).toBe('Bearer');
    expect(decodeJwt(accessOf(answer))['cnf']).toEqual({ 'x5t#S256': own.thumbprint });
  });

  test('without a certificate there is no token', async () => {
    expect(await tokenRequest(undefined)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
    expect(await tokenRequest('')).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
    expect(await tokenRequest('::')).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
  });

  test('the header counts from trusted proxies only', async () => {
    const { port } = strangers.services.config.listen;
    expect(await at(port, own.header)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
  });

  test('other spellings of the header are not the header', async () => {
    for (const name of ['X_TLS_Client_Certificate', 'Client-Cert', 'X-SSL-Client-Cert']) {
      const answer = await post(`${scene.issuer}/token`, grant, {
        ...machine.headers,
        [name]: own.header,
      });
      expect(answer.status, name).toBe(400);
    }
  });

  test.for([
    ['garbage', 'garbage'],
    ['no certificate between the colons', `:${Buffer.from('hello').toString('base64')}:`],
    ['an open byte sequence', own.header.slice(0, -1)],
    ['a key', encodeURIComponent(own.keyPem)],
    ['broken escapes', '%E0%A4%A'],
    ['a truncated certificate', `:${own.der.subarray(0, 100).toString('base64')}:`],
    ['two certificates', encodeURIComponent(`${own.certificatePem}${other.certificatePem}`)],
    ['more than is read', `:${'A'.repeat(9000)}:`],
  ])('%s is an OAuth error', async ([, value]) => {
    expect(await tokenRequest(value)).toMatchObject({ status: 400, json: { error: 'invalid_request' } });
  });

  test('two header lines are refused', async () => {
    expect(await tokenRequest([own.header, other.header])).toMatchObject({
      status: 400,
      json: { error: 'invalid_request', error_description: expect.stringContaining('more than one') },
    });
  });

  test('introspection tells the binding', async () => {
    const token = accessOf(await tokenRequest(own.header));
    const { json } = await introspect(scene, machine, token);
    expect(json).toMatchObject({ active: true, cnf: { 'x5t#S256': own.thumbprint } });
  });

  test('a client that is not registered so gets bearer tokens', async () => {
    const plain = await addClient(scene, 'machine');
    const answer = await tokenRequest(own.header, plain);
    expect(decodeJwt(accessOf(answer))).not.toHaveProperty('cnf');
  });

  test('userinfo asks for the certificate', async () => {
    const flow = await authorize(scene, web, { scope: 'openid offline_access', resource: undefined });
    const token = accessOf(await redeem(scene, flow, {}, withCertificate(web)));
    const ask = (headers: Record<string, string>) =>
      send(`${scene.issuer}/me`, { headers: { Authorization: `Bearer ${token}`, ...headers } });
    expect((await ask({ [HEADER]: own.header })).status).toBe(200);
    expect(await ask({})).toMatchObject({ status: 401, json: { error: 'invalid_token' } });
    expect(await ask({ [HEADER]: other.header })).toMatchObject({ status: 401 });
    expect(await ask({ [HEADER]: 'garbage' })).toMatchObject({ status: 400 });
    const { port } = without.services.config.listen;
    const elsewhere = await sendRaw({
      port,
      path: '/me',
      headers: { Host: new URL(scene.issuer).host, Authorization: `Bearer ${token}`, [HEADER]: own.header },
    });
    expect(elsewhere.status).toBe(401);
  });

  test('a code is redeemed with a certificate or not at all', async () => {
    const flow = await authorize(scene, web);
    expect(await redeem(scene, flow)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
  });

  test('a public client refreshes with the same certificate only, and repeats with it only', async () => {
    const flow = await authorize(scene, spa);
    const first = await redeem(scene, flow, {}, withCertificate(spa));
    expect(decodeJwt(accessOf(first))['cnf']).toEqual({ 'x5t#S256': own.thumbprint });
    const token = refreshOf(first);
    const refused = { status: 400, json: { error: 'invalid_grant' } };
    expect(await refresh(scene, spa, token)).toMatchObject(refused);
    expect(await refresh(scene, spa, token, {}, withCertificate(spa, other))).toMatchObject(refused);
    const second = await refresh(scene, spa, token, {}, withCertificate(spa));
    expect(second.status, second.text).toBe(200);
    expect(decodeJwt(accessOf(second))['cnf']).toEqual({ 'x5t#S256': own.thumbprint });
    expect(await refresh(scene, spa, token, {}, withCertificate(spa, other))).toMatchObject(refused);
    expect(await refresh(scene, spa, token)).toMatchObject(refused);
    const again = await refresh(scene, spa, token, {}, withCertificate(spa));
    expect(again.json).toEqual(second.json);
  });

  test('a confidential client may change its certificate between refreshes, but never go without', async () => {
    const flow = await authorize(scene, web);
    const first = await redeem(scene, flow, {}, withCertificate(web));
    const second = await refresh(scene, web, refreshOf(first), {}, withCertificate(web, other));
    expect(decodeJwt(accessOf(second))['cnf']).toEqual({ 'x5t#S256': other.thumbprint });
    expect((await refresh(scene, web, refreshOf(second))).status).toBe(400);
  });

  test('the metadata says so, where it is so', async () => {
    const path = '/.well-known/oauth-authorization-server';
    const { json } = await send(scene.issuer + path);
    expect(json['tls_client_certificate_bound_access_tokens']).toBe(true);
    expect(json['token_endpoint_auth_methods_supported']).toContain('self_signed_tls_client_auth');
    expect(json['token_endpoint_auth_methods_supported']).not.toContain('tls_client_auth');
    const headers = { Host: new URL(scene.issuer).host };
    const off = await sendRaw({ port: without.services.config.listen.port, path, headers });
    expect(off.json).not.toHaveProperty('tls_client_certificate_bound_access_tokens');
    expect(off.json['token_endpoint_auth_methods_supported']).not.toContain('self_signed_tls_client_auth');
  });

  test('a server without mutual TLS gives such a client nothing', async () => {
    const answer = await at(without.services.config.listen.port, own.header);
    expect(answer.status, answer.text).toBe(400);
    expect(answer.json).not.toHaveProperty('access_token');
  });

  test('a client registers for it where there is mutual TLS, and is told where there is not', async () => {
    const there = { ...scene, server: without };
    await expect(addClient(there, 'machine', BOUND)).rejects.toMatchObject({
      code: 'invalid_client_metadata',
      message: expect.stringContaining('GUICHET_CLIENT_CERTIFICATE_HEADER'),
    });
    const both = { metadata: { ...BOUND.metadata, dpop_bound_access_tokens: true } };
    await expect(addClient(scene, 'machine', both)).rejects.toMatchObject({
      code: 'invalid_client_metadata',
    });
  });

  test('an application registers itself for it', async () => {
    const { token } = await createInitialAccessToken(scene.server.services, {
      ttlSeconds: 3600,
      actor: 'test',
    });
    const register = (to: TestServer, metadata: object) =>
      sendRaw({
        port: to.services.config.listen.port,
        method: 'POST',
        path: '/reg',
        headers: {
          Host: new URL(scene.issuer).host,
          Authorization: `Bearer ${token}`,
          'Content-Type': 'application/json',
        },
        body: JSON.stringify({ redirect_uris: ['https://rp.example/new'], ...BOUND.metadata, ...metadata }),
      });
    const plain = await register(scene.server, {});
    expect(plain.status, plain.text).toBe(201);
    expect(plain.json).toMatchObject({ tls_client_certificate_bound_access_tokens: true });
    const certified = {
      token_endpoint_auth_method: 'self_signed_tls_client_auth',
      jwks: { keys: [own.jwk] },
    };
    const keyed = await register(scene.server, certified);
    expect(keyed.status, keyed.text).toBe(201);
    expect(keyed.json).not.toHaveProperty('client_secret');
    // RFC 7591 §3.2.1: the answer says what was registered, and this is not among it.
    const elsewhere = await register(without, {});
    expect(elsewhere.status, elsewhere.text).toBe(201);
    expect(elsewhere.json).not.toHaveProperty('tls_client_certificate_bound_access_tokens');
    expect(await register(without, certified)).toMatchObject({
      status: 400,
      json: { error: 'invalid_client_metadata' },
    });
  });

  describe('a certificate authenticates its client', () => {
    const auth = { token_endpoint_auth_method: 'self_signed_tls_client_auth' };

    test('when it is registered, and for nothing else', async () => {
      const client = await addClient(scene, 'machine', {
        apis: [ORDERS_ACCESS],
        metadata: { ...auth, ...BOUND.metadata, jwks: { keys: [own.jwk] } },
      });
      expect(client.secret).toBeUndefined();
      const answer = await tokenRequest(own.header, client);
      expect(answer.status, answer.text).toBe(200);
      expect(decodeJwt(accessOf(answer))['cnf']).toEqual({ 'x5t#S256': own.thumbprint });
      const refused = { status: 401, json: { error: 'invalid_client' } };
      expect(await tokenRequest(other.header, client)).toMatchObject(refused);
      expect(await tokenRequest(undefined, client)).toMatchObject(refused);
      expect(await at(strangers.services.config.listen.port, own.header, client)).toMatchObject(refused);
      expect((await at(without.services.config.listen.port, own.header, client)).status).toBe(400);
    });

    test.for([
      ['a certificate of another key', { ...other.jwk, x5c: own.jwk['x5c'] }],
      ['no certificate at all', { ...own.jwk, x5c: undefined }],
      ['garbage', { ...own.jwk, x5c: ['AAAA'] }],
      ['text', { ...own.jwk, x5c: 'AAAA' }],
    ] as const)('%s is not registered', async ([, jwk]) => {
      const metadata = { ...auth, jwks: { keys: [jwk] } };
      await expect(addClient(scene, 'machine', { metadata })).rejects.toMatchObject({
        code: 'invalid_client_metadata',
      });
    });
  });
});
