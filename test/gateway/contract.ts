import { createHash, randomUUID } from 'node:crypto';
import https from 'node:https';

import { importJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { makeCertificate, type TestCertificate } from '../support/certificates.ts';
import { startDatabaseProxy, type DatabaseProxy } from '../support/database-proxy.ts';
import { ORDERS } from '../support/factories.ts';
import { startUpstream, type GatewayProcess, type Upstream } from '../support/gateway-process.ts';
import { freePort } from '../support/server.ts';
import { makeSigner } from '../standards/forge.ts';
import {
  addClient,
  BILLS,
  machineToken,
  openScene,
  revokeToken,
  type RelyingParty,
  type Scene,
} from '../standards/scene.ts';
import { dpopToken } from './dpop-token.ts';

/** What a gateway is configured with. */
export interface Setting {
  readonly scene: Scene;
  /** Where the gateway reaches Guichet and the API, and where it listens. */
  readonly guichetPort: number;
  readonly apiPort: number;
  readonly port: number;
  readonly certificate: TestCertificate;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Contract {
  readonly scene: Scene;
  readonly guichet: DatabaseProxy;
  readonly upstream: Upstream;
  readonly machine: RelyingParty;
  readonly call: (headers?: Headers, options?: CallOptions) => Promise<Reply>;
  readonly access: (changes?: Record<string, string>, client?: RelyingParty) => Promise<string>;
  /** Signed with our own key, and recorded nowhere. */
  readonly minted: (claims: Record<string, unknown>) => Promise<string>;
}

type Headers = Readonly<Record<string, string | string[]>>;

interface CallOptions {
  readonly method?: string;
  readonly path?: string;
  readonly body?: string;
  readonly certificate?: TestCertificate;
}

export const bearer = (token: string): { Authorization: string } => ({ Authorization: `Bearer ${token}` });

/**
 * What every shipped gateway must do, driven through the real program: clients → gateway (TLS) → API, with Guichet asked about
 * each request. `further` adds what only one of them does.
 */
export function gatewayContract(
  name: string,
  start: ((setting: Setting) => Promise<GatewayProcess>) | undefined,
  further: (contract: () => Contract) => void = () => undefined,
): void {
  describe.skipIf(start === undefined)(name, () => {
    let scene: Scene;
    let guichet: DatabaseProxy;
    let upstream: Upstream;
    let gateway: GatewayProcess;
    let machine: RelyingParty;
    let port: number;
    const certificate = makeCertificate('own');
    const other = makeCertificate('other');

    beforeAll(async () => {
      scene = await openScene({
        env: { GUICHET_CLIENT_CERTIFICATE_HEADER: 'Client-Cert', GUICHET_TRUSTED_PROXIES: '127.0.0.1' },
      });
      machine = await addClient(scene, 'machine');
      upstream = await startUpstream();
      // A wire that can be cut between the gateway and Guichet.
      guichet = await startDatabaseProxy({
        host: '127.0.0.1',
        port: scene.port,
        user: '',
        password: '',
        database: '',
      });
      port = await freePort();
      const guichetPort = Number(new URL(guichet.url).port);
      if (start) gateway = await start({ scene, guichetPort, apiPort: upstream.port, port, certificate });
    });
    afterAll(async () => {
      await gateway.stop();
      await guichet.close();
      await upstream.stop();
      await scene.stop();
    });

    function call(headers: Headers = {}, options: CallOptions = {}): Promise<Reply> {
      const { method = 'GET', path = '/orders/7?full=1', body, certificate: shown } = options;
      const { promise, resolve, reject } = Promise.withResolvers<Reply>();
      const request = https.request(
        {
          host: '127.0.0.1',
          servername: 'localhost',
          port,
          method,
          path,
          agent: false,
          rejectUnauthorized: false,
          headers: { Host: `localhost:${port}`, ...headers },
          ...(shown ? { cert: shown.certificatePem, key: shown.keyPem } : {}),
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
          );
        },
      );
      request.on('error', reject).end(body);
      return promise;
    }

    async function access(changes: Record<string, string> = {}, client = machine): Promise<string> {
      const { json, text } = await machineToken(scene, client, changes);
      if (typeof json['access_token'] !== 'string') throw new Error(text);
      return json['access_token'];
    }

    async function minted(claims: Record<string, unknown>): Promise<string> {
      const jwk = scene.server.services.keys.jwks().find(({ alg }) => alg === 'ES256');
      if (!jwk) throw new Error('no key');
      const now = Math.floor(Date.now() / 1000);
      const usual = {
        iss: scene.issuer,
        aud: ORDERS,
        sub: machine.id,
        client_id: machine.id,
        scope: 'orders:read',
      };
      return new SignJWT({ ...usual, jti: randomUUID(), iat: now, exp: now + 600, ...claims })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: jwk.kid })
        .sign(await importJWK(jwk));
    }

    /** Refused, and nothing of it reached the API. */
    async function expectRefused(status: number | number[], reply: Promise<Reply>): Promise<Reply> {
      const before = upstream.seen.length;
      const { status: got, headers, text } = await reply;
      expect([status].flat(), text).toContain(got);
      expect(upstream.seen.length - before).toBe(0);
      return { status: got, headers, text };
    }

    const challenge = ({ headers }: Reply) => String(headers['www-authenticate']);

    test('a good token passes, and the API learns whose it is but not the token', async () => {
      const token = await access();
      const reply = await call({ ...bearer(token), 'X-Own': 'kept' });
      expect([reply.status, reply.text], reply.text).toEqual([200, 'orders\n']);
      const seen = upstream.seen.at(-1);
      expect(seen).toMatchObject({ method: 'GET', url: '/orders/7?full=1' });
      expect(seen?.headers).toMatchObject({
        'x-auth-subject': machine.id,
        'x-auth-client-id': machine.id,
        'x-auth-audience': ORDERS,
        'x-auth-scope': 'orders:read',
        'x-auth-token-id': expect.any(String),
        'x-auth-expires': expect.stringMatching(/^\d+$/),
        'x-own': 'kept',
      });
      expect(seen?.headers).not.toHaveProperty('authorization');
      expect(reply.headers).not.toHaveProperty('www-authenticate');
    });

    test('a request with a body passes whole', async () => {
      const reply = await call(bearer(await access()), { method: 'POST', body: 'x'.repeat(100_000) });
      expect(reply.status, reply.text).toBe(200);
      expect(upstream.seen.at(-1)).toMatchObject({ method: 'POST', headers: { 'content-length': '100000' } });
    });

    test('without a token: 401, and how to authenticate', async () => {
      const reply = await expectRefused(401, call());
      expect(challenge(reply)).toMatch(/^Bearer, DPoP algs="/);
      expect(reply.headers).not.toHaveProperty('dpop-nonce');
    });

    test('a revoked token is refused with the next request', async () => {
      const token = await access();
      expect((await call(bearer(token))).status).toBe(200);
      await revokeToken(scene, machine, token);
      const reply = await expectRefused(401, call(bearer(token)));
      expect(challenge(reply)).toContain('error="invalid_token"');
    });

    test('an expired token is refused', async () => {
      const now = Math.floor(Date.now() / 1000);
      const reply = await expectRefused(401, call(bearer(await minted({ iat: now - 600, exp: now - 60 }))));
      expect(challenge(reply)).toMatch(/error="invalid_token".*expired/);
    });

    test('a token that nobody recorded is refused, and so is one for another API', async () => {
      await expectRefused(401, call(bearer(await minted({}))));
      await expectRefused(401, call(bearer(await access({ resource: BILLS, scope: 'bills:read' }))));
      await expectRefused(401, call(bearer('garbage')));
      await expectRefused(
        401,
        call(bearer(makeSigner().sign({ alg: 'ES256', typ: 'at+jwt' }, { sub: 'usr_root' }))),
      );
    });

    test('a token without the scope is refused with 403, and the scope is named', async () => {
      const reply = await expectRefused(403, call(bearer(await access({ scope: 'orders:write' }))));
      expect(challenge(reply)).toMatch(/error="insufficient_scope".*scope="orders:read"/);
    });

    test('credentials that cannot be right are a bad request', async () => {
      const reply = await expectRefused(400, call({ Authorization: 'Bearer a b' }));
      expect(challenge(reply)).toContain('error="invalid_request"');
    });

    test('identity headers of a client never reach the API', async () => {
      const spoofed = Object.fromEntries(
        [
          'X-Auth-Subject',
          'x_auth_subject',
          'X-Auth_Subject',
          'X_Auth-Subject',
          'X-AUTH-SCOPE',
          'X-Auth-Token-Id',
        ].map((header) => [header, 'usr_root']),
      );
      expect((await call({ ...spoofed, ...bearer(await access()) })).status).toBe(200);
      const seen = upstream.seen.at(-1)?.headers;
      expect(Object.values(seen ?? {}).flat()).not.toContain('usr_root');
      expect(seen?.['x-auth-subject']).toBe(machine.id);
      await expectRefused(401, call(spoofed));
    });

    test('what the gateway demands cannot be changed by a client', async () => {
      const token = bearer(await access({ scope: 'orders:write' }));
      const lies = {
        'X-Guichet-Audience': BILLS,
        'X-Guichet-Scope': 'orders:write',
        'X-Original-URL': '/verify',
      };
      await expectRefused(403, call({ ...token, ...lies }));
      await expectRefused(403, call(token, { path: '/orders?audience=x&scope=orders:write' }));
      const good = bearer(await access());
      expect((await call({ ...good, ...lies })).status).toBe(200);
      expect((await call(good, { path: '/verify?audience=nowhere' })).status).toBe(200);
    });

    describe('DPoP', () => {
      const signer = makeSigner();
      const { kty, crv, x, y } = signer.jwk;
      const prove = (claims: object) =>
        signer.sign(
          { alg: 'ES256', typ: 'dpop+jwt', jwk: { kty, crv, x, y } },
          { jti: randomUUID(), iat: Math.floor(Date.now() / 1000), ...claims },
        );
      const ath = (token: string) => createHash('sha256').update(token).digest('base64url');

      const bound = () => dpopToken(scene, machine, prove({ htm: 'POST', htu: `${scene.issuer}/token` }));

      const here = (path = '/orders/7') => `https://localhost:${port}${path}`;
      const present = (token: string, claims: object) => ({
        Authorization: `DPoP ${token}`,
        DPoP: prove({ htm: 'GET', htu: here(), ath: ath(token), ...claims }),
      });

      test('a proof for this request passes, once', async () => {
        const token = await bound();
        const headers = present(token, {});
        const reply = await call(headers);
        expect(reply.status, reply.text).toBe(200);
        expect(upstream.seen.at(-1)?.headers).not.toHaveProperty('dpop');
        await expectRefused(401, call(headers));
      });

      test('a proof for another address or method does not, whatever the client says it asked for', async () => {
        const token = await bound();
        const lies = {
          'X-Original-URL': here('/orders/8'),
          'X-Original-URI': '/orders/8',
          'X-Original-Method': 'DELETE',
          'X-Forwarded-Uri': '/orders/8',
          'X-Forwarded-Method': 'DELETE',
          'X-Forwarded-Host': `localhost:${port}`,
          'X-Forwarded-Proto': 'https',
        };
        for (const claims of [
          { htu: here('/orders/8') },
          { htm: 'DELETE' },
          { htm: 'DELETE', htu: here('/orders/8') },
        ]) {
          const reply = await expectRefused(401, call({ ...present(token, claims), ...lies }));
          expect(challenge(reply)).toContain('DPoP error="invalid_dpop_proof"');
        }
        expect((await call({ ...present(token, {}), ...lies })).status).toBe(200);
      });

      test('a bound token is no bearer token', async () => {
        await expectRefused(401, call(bearer(await bound())));
      });
    });

    test('a token bound to a certificate passes over TLS with that certificate only', async () => {
      const client = await addClient(scene, 'machine', {
        metadata: { tls_client_certificate_bound_access_tokens: true },
      });
      const headers = { ...client.headers, 'Client-Cert': certificate.header };
      const token = bearer(await access({}, { ...client, headers }));
      const reply = await call(token, { certificate });
      expect(reply.status, reply.text).toBe(200);
      expect(upstream.seen.at(-1)?.headers).not.toHaveProperty('client-cert');
      await expectRefused(401, call(token));
      await expectRefused(401, call(token, { certificate: other }));
      await expectRefused(401, call({ ...token, 'Client-Cert': certificate.header }));
      await expectRefused(401, call({ ...token, 'Client-Cert': certificate.header }, { certificate: other }));
      // Who has no bound token may show any certificate.
      expect((await call(bearer(await access()), { certificate: other })).status).toBe(200);
    });

    further(() => ({ scene, guichet, upstream, machine, call, access, minted }));

    test('when the API is down the answer is 502 and says nothing of it', async () => {
      const token = bearer(await access());
      const { port: apiPort } = upstream;
      await upstream.stop();
      const reply = await call(token);
      expect([502, 503]).toContain(reply.status);
      expect(reply.text + JSON.stringify(reply.headers)).not.toMatch(/127\.0\.0\.1|x-auth|usr_|cli_/i);
      upstream = await startUpstream(apiPort);
    });

    test('when Guichet is down nothing passes, and when it is back everything does', async () => {
      const token = bearer(await access());
      expect((await call(token)).status).toBe(200);
      await guichet.cut();
      const reply = await expectRefused([502, 503, 504], call(token));
      expect(reply.text + JSON.stringify(reply.headers)).not.toMatch(/127\.0\.0\.1|x-auth/i);
      await guichet.restore();
      await expect.poll(async () => (await call(token)).status, { timeout: 15_000 }).toBe(200);
    });

    test('when Guichet hangs the answer comes soon, and is no', async () => {
      const token = bearer(await access());
      guichet.silence();
      const started = performance.now();
      await expectRefused([502, 503, 504], call(token));
      expect(performance.now() - started).toBeLessThan(6000);
      await guichet.cut();
      await guichet.restore();
      await expect.poll(async () => (await call(token)).status, { timeout: 15_000 }).toBe(200);
    });
  });
}
