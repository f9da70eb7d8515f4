import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';

import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose';

import type { Account } from '../../src/accounts/account.ts';
import { rotateSecret } from '../../src/clients/rotate-secret.ts';
import { findDecision } from '../../src/decisions/store.ts';
import type { Decision } from '../../src/decisions/decision.ts';
import { disableClient } from '../../src/revocation/disable-client.ts';
import { cookiesOf, makeApp, mintCode, redeem, signIn, tokensOf, type App } from '../support/app.ts';
import { createWalker } from '../support/browser-walker.ts';
import { makeApi, makeClient, makePerson, ORDERS, PASSWORD } from '../support/factories.ts';
import { createNode, type Answer, type Node } from '../support/node.ts';
import { freePort, startTestServer, type TestServer } from '../support/server.ts';

/** A server with somebody signed in and clients of several kinds, and a memory of every secret that was sent to it. */
export interface DecisionScene {
  readonly server: TestServer;
  readonly node: Node;
  readonly person: Account;
  readonly cookie: string;
  readonly web: App;
  readonly machine: App;
  /** Registered with a key. */
  readonly signing: App;
  readonly disabled: App;
  readonly expiredSecret: string;
  readonly secrets: Set<string>;
  code(app?: App): Promise<string>;
  refreshToken(): Promise<string>;
  assertion(claims: JWTPayload): Promise<string>;
  proof(claims: JWTPayload): Promise<string>;
  /** What is kept of the request that was answered so. */
  decisionOf(answer: Answer): Promise<Decision | undefined>;
  stop(): Promise<void>;
}

export async function openDecisionScene(): Promise<DecisionScene> {
  const port = await freePort();
  const server = await startTestServer({ env: { GUICHET_PORT: String(port) } });
  const { services, issuer } = server;
  const node = createNode(port, issuer);
  await makeApi(services);
  await makeApi(services, { audience: 'https://api.example/bills', name: 'Bills' });
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = await exportJWK(publicKey);
  const keyed = {
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [{ ...jwk, kid: 'k1', alg: 'ES256', use: 'sig' }] },
  };
  const apis = [{ audience: ORDERS, scopes: ['orders:read'] }];
  const made = await makeClient(services, 'machine', { apis });
  const machine: App = {
    id: made.id,
    secret: made.secret,
    redirectUri: '',
    scope: 'orders:read',
    resource: ORDERS,
  };
  const rotated = await rotateSecret(services, machine.id, { overlapSeconds: 1, actor: 'test' });
  const overlapped = setTimeout(1100);
  const signer = await makeClient(services, 'machine', { apis, metadata: keyed });
  const signing: App = { ...machine, id: signer.id, secret: undefined };
  const disabled = await makeApp(services, { kind: 'machine' });
  await disableClient(services, disabled.id, 'test');
  const web = await makeApp(services, {
    scope: 'openid orders:read offline_access',
    metadata: { redirect_uris: ['https://a.example/cb', 'https://b.example/callback'] },
  });
  const ours: App = { ...web, redirectUri: 'https://a.example/cb' };
  const person = await makePerson(services);
  const walker = createWalker({ origin: issuer });
  const firstCode = await signIn(walker, ours, person, { prompt: 'consent' });
  const cookie = cookiesOf(walker, issuer);
  const secrets = new Set([PASSWORD, firstCode]);
  const keep = (value: string): string => {
    secrets.add(value);
    return value;
  };
  await overlapped;
  for (const secret of [made.secret, rotated.secret, web.secret]) if (secret !== undefined) keep(secret);
  const sign = (header: object, claims: JWTPayload) =>
    new SignJWT({ jti: randomUUID(), iat: Math.floor(Date.now() / 1000), ...claims })
      .setProtectedHeader({ alg: 'ES256', ...header })
      .sign(privateKey);

  return {
    server,
    node,
    person,
    cookie,
    web: ours,
    machine: { ...machine, secret: rotated.secret },
    signing,
    disabled,
    expiredSecret: made.secret ?? '',
    secrets,
    code: async (app = ours) => keep(await mintCode(node, app, cookie, { prompt: undefined })),
    async refreshToken() {
      const answer = await redeem(node, ours, keep(await mintCode(node, ours, cookie)));
      const tokens = tokensOf(answer);
      keep(tokens.access);
      return keep(tokens.refresh);
    },
    assertion: async (claims) => {
      const exp = Math.floor(Date.now() / 1000) + 60;
      return keep(
        await sign({ kid: 'k1' }, { iss: signing.id, sub: signing.id, aud: issuer, exp, ...claims }),
      );
    },
    proof: async (claims) =>
      keep(await sign({ typ: 'dpop+jwt', jwk }, { htm: 'POST', htu: `${issuer}/token`, ...claims })),
    async decisionOf({ headers }) {
      await services.decisions.flush();
      const requestId = String(headers['x-request-id']);
      return findDecision(services.db.knex, { requestId, now: services.clock.now() });
    },
    async stop() {
      node.close();
      await server.stop();
    },
  };
}

/** As long as one of ours. */
export function someSecret(): string {
  return randomBytes(32).toString('base64url');
}
