import { createHash, randomUUID } from 'node:crypto';
import { request as tlsRequest } from 'node:https';

import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createVerifier } from '../../src/resource-server/create-verifier.ts';
import type { DpopOptions, Verifier } from '../../src/resource-server/verifier.ts';
import { makeCertificate, type TestCertificate } from '../support/certificates.ts';
import { sendRaw, type Answer } from '../standards/http.ts';
import { FRAMEWORKS, type ApiOptions, type RunningApi } from './frameworks.ts';

const ISSUER = 'https://login.example';
const AUDIENCE = 'https://api.example/orders';
const about = { resource: AUDIENCE, authorizationServers: [ISSUER] };
const insecure = { [oauth.allowInsecureRequests]: true };

const issuerKeys = await generateKeyPair('ES256');
const jwks = { keys: [{ ...(await exportJWK(issuerKeys.publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' }] };

/** An issuer that is scripted, so that its tokens can be bound to anything: metadata and keys, and nothing else. */
function fetchFromIssuer(input: string | URL | Request): Promise<Response> {
  const url = new URL(input instanceof Request ? input.url : input);
  if (url.pathname === '/jwks') return Promise.resolve(Response.json(jwks));
  if (!url.pathname.startsWith('/.well-known/')) return Promise.resolve(new Response('', { status: 404 }));
  return Promise.resolve(Response.json({ issuer: ISSUER, jwks_uri: `${ISSUER}/jwks` }));
}

const makeVerifier = (dpop: DpopOptions = {}): Verifier =>
  createVerifier({ issuer: ISSUER, audience: AUDIENCE, status: 'none', dpop, fetch: fetchFromIssuer });

function issue(cnf?: Record<string, string>): Promise<string> {
  return new SignJWT({ client_id: 'cli_shop', scope: 'orders:read', jti: randomUUID(), ...(cnf && { cnf }) })
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'k1' })
    .setIssuer(ISSUER)
    .setAudience(AUDIENCE)
    .setSubject('acc_ada')
    .setIssuedAt()
    .setExpirationTime('5m')
    .sign(issuerKeys.privateKey);
}

function startApi(
  name: string,
  options: Partial<ApiOptions> & Pick<ApiOptions, 'verifier'>,
): Promise<RunningApi> {
  const start = FRAMEWORKS[name];
  if (!start) throw new Error(`no ${name}`);
  return start({ about, ...options });
}

describe.each(Object.keys(FRAMEWORKS))('a token bound to a key, at an API on %s', (name) => {
  let api: RunningApi;
  let verifier: Verifier;
  let keys: oauth.CryptoKeyPair;
  let token: string;
  let url: URL;

  beforeAll(async () => {
    verifier = makeVerifier();
    api = await startApi(name, { verifier });
    keys = await oauth.generateKeyPair('ES256', { extractable: true });
    const client = oauth.DPoP({}, keys);
    token = await issue({ jkt: await client.calculateThumbprint() });
    url = new URL('/orders/1', api.origin);
  });
  afterAll(async () => {
    await api[Symbol.asyncDispose]();
    verifier.close();
  });

  const ask = (Authorization: string, DPoP?: string | string[]): Promise<Answer> =>
    sendRaw({
      port: api.port,
      path: url.pathname,
      headers: { Authorization, ...(DPoP === undefined ? {} : { DPoP }) },
    });

  test('DP-01 is accepted with one proof, and not with two', async () => {
    expect((await ask(`DPoP ${token}`, await proofOf(keys, token, url))).status).toBe(200);
    const two = [await proofOf(keys, token, url), await proofOf(keys, token, url)];
    for (const dpop of [two, two.join(', ')]) {
      const { status, json, headers } = await ask(`DPoP ${token}`, dpop);
      expect([status, json['error']]).toEqual([401, 'invalid_dpop_proof']);
      expect(headers.get('www-authenticate')).toMatch(/DPoP .*error="invalid_dpop_proof"/);
    }
  });

  test('DP-05 is accepted once with one proof', async () => {
    const proof = await proofOf(keys, token, url);
    const answers = await Promise.all(Array.from({ length: 16 }, () => ask(`DPoP ${token}`, proof)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect((await ask(`DPoP ${token}`, proof)).json['error']).toBe('invalid_dpop_proof');
  });

  test('DP-07 is worth nothing as a bearer token, without proof or with somebody else’s', async () => {
    const thief = await oauth.generateKeyPair('ES256', { extractable: true });
    const attempts = [
      await ask(`Bearer ${token}`),
      await ask(`Bearer ${token}`, await proofOf(keys, token, url)),
      await ask(`DPoP ${token}`),
      await ask(`DPoP ${token}`, await proofOf(thief, token, url)),
      await ask(`DPoP ${token}`, await proofOf(keys, await issue(), url)),
      await ask(`DPoP ${token}`, await proofOf(keys, token, new URL('/orders/2', url))),
      await ask(`DPoP ${await issue()}`, await proofOf(keys, token, url)),
      await ask(`DPoP ${token}`, token),
    ];
    for (const { status, headers } of attempts) {
      expect(status).toBe(401);
      expect(headers.get('www-authenticate')).toMatch(/DPoP /);
      expect(headers.get('access-control-expose-headers')).toContain('WWW-Authenticate, DPoP-Nonce');
    }
  });
});

describe('DP-10 an API that asks for nonces', () => {
  const nonceSecret = Buffer.alloc(32, 9);

  test('DP-10 is understood by oauth4webapi, and its nonce is good at the next process', async () => {
    using one = makeVerifier({ required: true, nonceSecret });
    using two = makeVerifier({ required: true, nonceSecret: new Uint8Array(nonceSecret) });
    const origin = 'https://api.example';
    await using first = await startApi('Express', { verifier: one, origin });
    await using second = await startApi('Fastify', { verifier: two, origin });
    const keys = await oauth.generateKeyPair('ES256', { extractable: true });
    const DPoP = oauth.DPoP({}, keys);
    const token = await issue({ jkt: await DPoP.calculateThumbprint() });
    const call = (api: RunningApi) =>
      oauth.protectedResourceRequest(token, 'GET', new URL('/orders/1', origin), undefined, undefined, {
        ...insecure,
        DPoP,
        // What a proxy does: the client knows the public address only.
        [oauth.customFetch]: (_url, { headers }) => fetch(`${api.origin}/orders/1`, { headers }),
      });

    const refused: unknown = await call(first).catch((error: unknown) => error);
    expect(oauth.isDPoPNonceError(refused)).toBe(true);
    expect((await call(first)).status).toBe(200);
    expect((await call(second)).status).toBe(200);
  });

  test('DP-07 and for bound tokens alone says so', async () => {
    using verifier = makeVerifier({ required: true });
    await using api = await startApi('Koa', { verifier });
    const headers = { Authorization: `Bearer ${await issue()}` };
    const { status, headers: answered } = await sendRaw({ port: api.port, path: '/orders/1', headers });
    expect(status).toBe(401);
    expect(answered.get('www-authenticate')).toMatch(/^DPoP error="invalid_token"/);
  });
});

describe('RFC 8705 §3 a token bound to a certificate', () => {
  const owner = makeCertificate('owner.example');
  const thief = makeCertificate('thief.example');
  const thumbprint = createHash('sha256').update(owner.der).digest('base64url');
  const server = makeCertificate('localhost');
  let token: string;
  let verifier: Verifier;

  beforeAll(async () => {
    token = await issue({ 'x5t#S256': thumbprint });
    verifier = makeVerifier();
  });
  afterAll(() => verifier.close());

  test.each(Object.keys(FRAMEWORKS))(
    'is accepted over TLS with that certificate alone, on %s',
    async (name) => {
      await using api = await startApi(name, { verifier, tls: server });
      expect(await statusByTls(api.port, token, owner)).toBe(200);
      expect(await statusByTls(api.port, token, thief)).toBe(401);
      expect(await statusByTls(api.port, token)).toBe(401);
      expect(await statusByTls(api.port, await issue(), thief)).toBe(200);
    },
  );

  test('is accepted behind a proxy that says which certificate it saw', async () => {
    await using api = await startApi('Express', {
      verifier,
      certificate: (req) => req.headers['x-client-cert'],
    });
    const statusWith = async (certificate?: string) => {
      const headers = {
        Authorization: `Bearer ${token}`,
        ...(certificate && { 'X-Client-Cert': certificate }),
      };
      return (await sendRaw({ port: api.port, path: '/orders/1', headers })).status;
    };
    expect(await statusWith(encodeURIComponent(owner.certificatePem))).toBe(200);
    expect(await statusWith(`:${owner.der.toString('base64')}:`)).toBe(200);
    for (const wrong of [encodeURIComponent(thief.certificatePem), 'garbage', '%', undefined]) {
      expect(await statusWith(wrong), wrong).toBe(401);
    }
  });
});

/** A proof as oauth4webapi makes it, taken out of the request it was made for. */
async function proofOf(keys: oauth.CryptoKeyPair, token: string, url: URL): Promise<string> {
  let proof: string | null = null;
  await oauth.protectedResourceRequest(token, 'GET', url, undefined, undefined, {
    ...insecure,
    DPoP: oauth.DPoP({}, keys),
    [oauth.customFetch]: (_url, { headers }) => {
      proof = new Headers(headers).get('dpop');
      return Promise.resolve(new Response(''));
    },
  });
  return proof ?? '';
}

function statusByTls(
  port: number,
  token: string,
  certificate?: TestCertificate,
): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  tlsRequest({
    host: '127.0.0.1',
    port,
    path: '/orders/1',
    agent: false,
    rejectUnauthorized: false,
    headers: { Authorization: `Bearer ${token}` },
    ...(certificate && { cert: certificate.certificatePem, key: certificate.keyPem }),
  })
    .on('error', reject)
    .on('response', (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    })
    .end();
  return promise;
}
