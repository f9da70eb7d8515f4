/** T16: what the library leaves without bounds: the life and audience of assertions, the patience with a slow application. */
import { setTimeout as sleep } from 'node:timers/promises';

import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createWalker } from '../support/browser-walker.ts';
import { makeApi, makePerson } from '../support/factories.ts';
import { ASSERTION_TYPE, assertion, makeKey, type Keyed } from '../support/keyed.ts';
import { startLogoutReceiver } from '../support/logout-receiver.ts';
import { createNode, type Node } from '../support/node.ts';
import { makeApp, redeem, signIn, tokensOf, type App } from '../support/app.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let node: Node;
let key: Keyed;

beforeAll(async () => {
  server = await startTestServer();
  node = createNode(Number(new URL(server.issuer).port), server.issuer);
  key = await makeKey();
  await makeApi(server.services);
});
afterAll(async () => {
  node.close();
  await server.stop();
});

describe('a client assertion', () => {
  let machine: App;
  beforeAll(async () => {
    machine = await makeApp(server.services, {
      kind: 'machine',
      metadata: { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [key.publicJwk] } },
    });
  });

  async function present(claims: Record<string, unknown>): Promise<number> {
    const client_assertion = await assertion(key, { clientId: machine.id, issuer: server.issuer }, claims);
    const form = {
      grant_type: 'client_credentials',
      client_assertion,
      client_assertion_type: ASSERTION_TYPE,
    };
    return (await node.call('POST', '/token', { form })).status;
  }
  const now = () => Math.floor(Date.now() / 1000);

  test('lives for five minutes at most', async () => {
    expect(await present({ exp: now() + 300 })).toBe(200);
    expect(await present({ exp: now() + 360 })).toBe(401);
    expect(await present({ exp: now() + 10 * 365 * 86_400 })).toBe(401);
  });

  test('is for this issuer, and says so in one word', async () => {
    expect(await present({ aud: server.issuer })).toBe(200);
    const others = [
      [server.issuer],
      [server.issuer, 'https://other.example'],
      `${server.issuer}/token`,
      `${server.issuer}/`,
      'https://other.example',
      undefined,
    ];
    for (const aud of others) expect([aud, await present({ aud })]).toEqual([aud, 401]);
  });
});

describe('an application that listens for sign-outs', () => {
  async function signInAt(backchannel_logout_uri: string) {
    const app = await makeApp(server.services, { metadata: { backchannel_logout_uri } });
    const person = await makePerson(server.services);
    const walker = createWalker({ origin: server.issuer });
    const tokens = tokensOf(await redeem(node, app, await signIn(walker, app, person)));
    const signOut = async () => {
      const page = await walker.submit(await walker.visit('/session/end'), {}, { name: 'logout' });
      expect(page.url.pathname).toBe('/session/end/success');
    };
    return { app, person, tokens, signOut };
  }

  test('and never answers keeps nobody from signing out', async () => {
    const receiver = await startLogoutReceiver({ answer: () => undefined });
    try {
      const { signOut } = await signInAt(receiver.uri('slow'));
      await Promise.race([
        signOut(),
        sleep(4000).then(() => Promise.reject(new Error('the person waits for the application'))),
      ]);
      await receiver.until((received) => received.length > 0);
    } finally {
      await receiver.close();
    }
  });

  test('and is down for a moment is told again, in the same words', async () => {
    const receiver = await startLogoutReceiver({
      answer: (_name, attempt, response) => response.writeHead(attempt === 1 ? 503 : 200).end(),
    });
    try {
      const { app, person, tokens, signOut } = await signInAt(receiver.uri('down'));
      await signOut();
      await receiver.until((received) => received.length >= 2);
      const jwks = createRemoteJWKSet(new URL(`${server.issuer}/jwks`));
      const [first, second] = await Promise.all(
        receiver.received.map(({ token }) =>
          jwtVerify(token, jwks, { issuer: server.issuer, audience: app.id, typ: 'logout+jwt' }),
        ),
      );
      expect(first?.payload).toMatchObject({
        sub: person.id,
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
      });
      expect(first?.payload).not.toHaveProperty('nonce');
      expect(second?.payload.jti).toBe(first?.payload.jti);
      expect(second?.payload['sid']).toBe(first?.payload['sid']);
      // Also for an application that did not say that it needs it.
      expect(decodeJwt(tokens.id)['sid']).toBe(first?.payload['sid']);
    } finally {
      await receiver.close();
    }
  });

  test('and answered is not told again', async () => {
    const receiver = await startLogoutReceiver();
    try {
      const { app, signOut } = await signInAt(receiver.uri('up'));
      await signOut();
      const delivered = () =>
        server.database.db
          .knex('logout_deliveries')
          .where({ client_id: app.id })
          .whereNotNull('delivered_at');
      await receiver.until((received) => received.length > 0);
      while ((await delivered()).length === 0) await sleep(20);
      expect(receiver.received).toHaveLength(1);
    } finally {
      await receiver.close();
    }
  });
});
