/**
 * T6 and T7: the library lets every confidential client introspect everything, and refuses JWTs at introspection and revocation
 * once it has authenticated the client. What finishes its work stands on that order, and on the error it raises.
 */
import { CompactEncrypt, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Clock } from '../../src/clock.ts';
import { ownKeysOf, verifyOwnToken } from '../../src/revocation/own-token.ts';
import { makeApi } from '../support/factories.ts';
import { makeKey } from '../support/keyed.ts';
import { createNode, type Answer, type Node } from '../support/node.ts';
import { createWalker } from '../support/browser-walker.ts';
import { makePerson } from '../support/factories.ts';
import {
  cookiesOf,
  introspect,
  makeApp,
  obtainTokens,
  post,
  revokeAt,
  signIn,
  type App,
  type Tokens,
} from '../support/app.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const INVOICES = 'https://api.example/invoices';

let server: TestServer;
let node: Node;
let app: App;
let stranger: App;
let cookie: string;
let jwt: Tokens;
let opaque: Tokens;
let userinfoApp: App;

beforeAll(async () => {
  server = await startTestServer();
  node = createNode(Number(new URL(server.issuer).port), server.issuer);
  await makeApi(server.services);
  await makeApi(server.services, { audience: INVOICES, name: 'Invoices' });
  app = await makeApp(server.services);
  userinfoApp = await makeApp(server.services, { resource: null });
  stranger = await makeApp(server.services);
  const walker = createWalker({ origin: server.issuer });
  await signIn(walker, app, await makePerson(server.services));
  cookie = cookiesOf(walker, server.issuer);
  jwt = await obtainTokens(node, app, cookie);
  opaque = await obtainTokens(node, userinfoApp, cookie);
});
afterAll(async () => {
  node.close();
  await server.stop();
});

/** Another client's secret in place of its own. */
const impostor = (): App => ({ ...app, secret: stranger.secret });

describe('introspection', () => {
  test('authenticates the client before it looks at a JWT', async () => {
    const answer = await introspect(node, impostor(), jwt.access);
    expect(answer.status).toBe(401);
    expect(answer.json['error']).toBe('invalid_client');
  });

  test('answers about a JWT in JSON, whatever the client says it accepts', async () => {
    const answer = await post(
      node,
      app,
      '/token/introspection',
      { token: jwt.access },
      { accept: 'text/html' },
    );
    expect(answer.headers['content-type']).toContain('application/json');
    expect(answer.json).toMatchObject({ active: true, client_id: app.id, token_type: 'Bearer' });
  });

  test('tells the client of the token and the API it is for, and nobody else', async () => {
    const forApi = (audience: string) => makeCredentials(audience);
    const [orders, invoices] = [await forApi(app.resource ?? ''), await forApi(INVOICES)];
    expect((await introspect(node, app, jwt.access)).json['active']).toBe(true);
    expect((await introspect(node, orders, jwt.access)).json['active']).toBe(true);
    for (const other of [stranger, invoices]) {
      expect((await introspect(node, other, jwt.access)).json).toEqual({ active: false });
    }
  });

  test('tells about opaque and refresh tokens only whom they were issued to', async () => {
    const orders = await makeCredentials(app.resource ?? '');
    for (const token of [opaque.access, opaque.refresh]) {
      expect((await introspect(node, userinfoApp, token)).json['active']).toBe(true);
      for (const other of [stranger, orders])
        expect((await introspect(node, other, token)).json).toEqual({ active: false });
    }
  });

  test('knows no JWT but access tokens of this server that it has in its ledger', async () => {
    for (const [name, token] of Object.entries(await strangeJwts())) {
      const { status, json } = await introspect(node, app, token);
      expect({ name, status, json }).toEqual({ name, status: 200, json: { active: false } });
    }
  });

  test('a signature that was verified before is none of another token, and lets nothing live on', async () => {
    const { keys, clock } = server.services;
    const verify = (token: string, context: { clock?: Clock; issuer?: string } = {}) =>
      verifyOwnToken(token, { ownKeys, issuer: server.issuer, clock, ...context });
    const ownKeys = ownKeysOf(keys);
    const first = await verify(jwt.access);
    expect(first).toMatchObject({ client_id: app.id });
    expect(await verify(jwt.access)).toEqual(first);
    const expired = { now: () => new Date(Number(first?.exp) * 1000) };
    expect(await verify(jwt.access, { clock: expired })).toBeUndefined();
    expect(await verify(jwt.access, { issuer: 'https://other.example' })).toBeUndefined();
    const [head = '', body = '', signature = ''] = jwt.access.split('.');
    const [otherHead, otherBody] = (await obtainTokens(node, app, cookie)).access.split('.');
    expect(await verify(`${otherHead}.${otherBody}.${signature}`)).toBeUndefined();
    expect(await verify(`${head}.${body}.${'A'.repeat(86)}`)).toBeUndefined();
  });

  async function makeCredentials(audience: string): Promise<App> {
    const { createClient } = await import('../../src/clients/create-client.ts');
    const { CLIENT_KINDS } = await import('../../src/clients/kinds.ts');
    const { client, secret } = await createClient(server.services, {
      metadata: { client_name: 'An API', ...CLIENT_KINDS.api },
      actsForAudience: audience,
      actor: 'test',
    });
    return { ...app, id: client.id, secret };
  }
});

describe('revocation', () => {
  test('authenticates the client before it looks at a JWT', async () => {
    const tokens = await obtainTokens(node, app, cookie);
    expect((await revokeAt(node, impostor(), tokens.access)).status).toBe(401);
    expect((await introspect(node, app, tokens.access)).json['active']).toBe(true);
  });

  test('ends a JWT, says nothing more than yes, and says it again', async () => {
    const tokens = await obtainTokens(node, app, cookie);
    const answers: Answer[] = [
      await revokeAt(node, app, tokens.access),
      await revokeAt(node, app, tokens.access),
    ];
    expect(answers.map(({ status, text }) => ({ status, text }))).toEqual([
      { status: 200, text: '' },
      { status: 200, text: '' },
    ]);
    expect((await introspect(node, app, tokens.access)).json).toEqual({ active: false });
  });

  test('of somebody else’s JWT is refused, and it lives on', async () => {
    const tokens = await obtainTokens(node, app, cookie);
    expect((await revokeAt(node, stranger, tokens.access)).json).toMatchObject({ error: 'invalid_request' });
    expect((await introspect(node, app, tokens.access)).json['active']).toBe(true);
  });

  test('of a JWT that is nothing to us is a success without effect', async () => {
    for (const [name, token] of Object.entries(await strangeJwts())) {
      expect({ name, status: (await revokeAt(node, app, token)).status }).toEqual({ name, status: 200 });
    }
    expect((await introspect(node, app, jwt.access)).json['active']).toBe(true);
  });
});

/** Everything that looks like a JWT and is no access token of ours. */
async function strangeJwts(): Promise<Record<string, string>> {
  const key = await makeKey();
  const [header = '', payload = '', signature = ''] = jwt.access.split('.');
  const claims = {
    iss: server.issuer,
    aud: app.resource ?? '',
    jti: 'invented',
    client_id: app.id,
    sub: 'x',
  };
  const sign = (typ: string) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ })
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(key.privateKey);
  const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
  const encrypted = new CompactEncrypt(Buffer.from(payload, 'base64url'))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', typ: 'at+jwt' })
    .encrypt(new Uint8Array(32));
  return {
    'an ID token': jwt.id,
    'signed by somebody else': await sign('at+jwt'),
    unsigned: `${none}.${payload}.`,
    'with its signature cut off': `${header}.${payload}.`,
    'with other claims': `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`,
    encrypted: await encrypted,
  };
}
