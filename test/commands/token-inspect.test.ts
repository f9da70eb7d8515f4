import { setTimeout as sleep } from 'node:timers/promises';

import { CompactEncrypt, decodeJwt, importJWK, SignJWT, type JWTPayload } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { inspectToken } from '../../src/commands/token-inspect.ts';
import { deleteAccount } from '../../src/revocation/delete-account.ts';
import { deleteApi } from '../../src/revocation/delete-api.ts';
import { deleteClient } from '../../src/revocation/delete-client.ts';
import { disableAccount } from '../../src/revocation/disable-account.ts';
import { disableApi } from '../../src/revocation/disable-api.ts';
import { disableClient } from '../../src/revocation/disable-client.ts';
import { resetPassword } from '../../src/revocation/reset-password.ts';
import { revokeKey } from '../../src/revocation/revoke-key.ts';
import { revoke } from '../../src/revocation/revoke.ts';
import { jtiDigest } from '../../src/revocation/token.ts';
import { createInitialAccessToken } from '../../src/grants/create-initial-access-token.ts';
import {
  cookiesOf,
  makeApp,
  mintCode,
  obtainTokens,
  post,
  redeem,
  refresh,
  revokeAt,
  signIn,
  tokensOf,
  type App,
  type Tokens,
} from '../support/app.ts';
import { createWalker } from '../support/browser-walker.ts';
import { createCli, line, type Cli } from '../support/cli.ts';
import { makeApi, makePerson, ORDERS, PASSWORD } from '../support/factories.ts';
import { assertion, makeKey, proof } from '../support/keyed.ts';
import { createNode, type Node } from '../support/node.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { statusOf } from '../support/status.ts';

/** Each command is a process of half a second, several times that on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

const ISO = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

let server: TestServer;
let cli: Cli;
let node: Node;
let orders: { readonly id: string };

beforeAll(async () => {
  server = await startTestServer();
  const { config } = server.services;
  cli = createCli({
    GUICHET_DATABASE_URL: server.database.url,
    GUICHET_DATA_DIR: config.dataDir,
    GUICHET_ISSUER: config.issuer,
    GUICHET_PORT: String(config.listen.port),
  });
  node = createNode(config.listen.port, server.issuer);
  orders = await makeApi(server.services);
});
afterAll(async () => {
  node.close();
  await server.stop();
});

type Json = Record<string, unknown>;

/** What `--json` prints, without a process for each: those below that look at the text run the command. */
async function inspect(token: string, asked: { audience?: string; scope?: string } = {}): Promise<Json> {
  const context = { ...server.services, [Symbol.asyncDispose]: async () => {} };
  const { json } = await inspectToken(context, token, asked);
  return JSON.parse(JSON.stringify(json)) as Json;
}

async function inspectText(token: string, ...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await cli(['tokens', 'inspect', ...args], token);
  expect(exitCode, stdout + stderr).toBe(0);
  // Not even the part of it that makes it a credential.
  expect(stdout).not.toContain(token.split('.').at(-1));
  return stdout;
}

const makeMachine = (resource = ORDERS): Promise<App> =>
  makeApp(server.services, {
    kind: 'machine',
    resource,
    scope: 'orders:read',
    metadata: { client_name: 'Nightly' },
  });

async function machineToken(app: App, headers: Record<string, string> = {}): Promise<string> {
  const form = { grant_type: 'client_credentials', scope: 'orders:read', resource: app.resource ?? '' };
  const answer = await post(node, app, '/token', form, headers);
  expect(answer.status, answer.text).toBe(200);
  return tokensOf(answer).access;
}

interface Visit {
  readonly app: App;
  readonly person: { readonly id: string; readonly email: string | null };
  readonly cookie: string;
  readonly tokens: Tokens;
}

/** Somebody new signs in to an application of their own. */
async function visit(options: Parameters<typeof makeApp>[1] = {}): Promise<Visit> {
  const app = await makeApp(server.services, options);
  const person = await makePerson(server.services);
  const walker = createWalker({ origin: server.issuer });
  await signIn(walker, app, person);
  const cookie = cookiesOf(walker, server.issuer);
  return { app, person, cookie, tokens: await obtainTokens(node, app, cookie) };
}

/** Whatever we like, signed by a key of the server. */
async function signAsServer(header: { typ?: string }, claims: JWTPayload): Promise<string> {
  const jwk = server.services.keys.jwks().find((key) => key.alg === 'ES256');
  if (!jwk) throw new Error('no key');
  const signer = new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid: jwk.kid, ...header });
  return signer.sign(await importJWK(jwk, 'ES256'));
}

const seconds = () => Math.floor(Date.now() / 1000);

describe('a token that lives', () => {
  test('an access token of a person is told with everything it names', async () => {
    const { app, person, tokens } = await visit();
    const found = await inspect(tokens.access);
    const { idx, uri } = statusOf(tokens.access);
    expect(found).toMatchObject({
      kind: 'jwt',
      active: true,
      state: 'active',
      what: 'access_token',
      signature: 'valid',
      signed_by: { alg: 'ES256', state: 'active', since: expect.stringMatching(ISO) },
      client: { id: app.id, name: 'A web client', state: 'enabled' },
      user: { id: person.id, name: `Ada Lovelace, ${person.email}`, state: 'enabled' },
      api: { id: orders.id, name: 'Orders', audience: ORDERS, state: 'enabled' },
      scopes: [{ name: 'orders:read', description: 'Read your orders' }],
      sender_constraint: null,
      grant: { state: 'alive' },
      session: { state: 'alive' },
      status_list: { uri, index: idx, bit: 0 },
      revoked_by: null,
      verifiers: { introspection: true, status_list: true, signature_only: true },
    });
    expect(found['signed_by']).toMatchObject({ kid: (found['header'] as Json)['kid'] });
    const text = await inspectText(tokens.access);
    expect(text).toMatch(/^Access token \(JWT, RFC 9068\)\.\n\n {2}state +alive until /);
    for (const part of [
      'Orders',
      ORDERS,
      'orders:read: Read your orders',
      'Ada Lovelace',
      'whoever holds it',
      `index ${idx}`,
    ])
      expect(text).toContain(part);
  });

  test('a client that acts for itself has no user, and a DPoP key is named', async () => {
    const [app, key] = [await makeMachine(), await makeKey()];
    const dpop = await proof(key, { method: 'POST', url: `${server.issuer}/token` });
    const token = await machineToken(app, { dpop });
    expect(await inspect(token)).toMatchObject({
      active: true,
      user: null,
      client: { id: app.id, name: 'Nightly' },
      sender_constraint: { method: 'dpop', thumbprint: key.thumbprint },
    });
    const text = await inspectText(token);
    expect(text).toContain('the client acts for itself');
    expect(text).toContain(key.thumbprint);
    expect(text).toContain('with a DPoP proof');
  });

  test('whether an API accepts it is answered with the reason', async () => {
    const token = await machineToken(await makeMachine());
    expect((await inspect(token))['acceptance']).toBeUndefined();
    expect(await inspect(token, { audience: ORDERS, scope: 'orders:read' })).toMatchObject({
      acceptance: { accepted: true, objections: [] },
    });
    const { acceptance } = await inspect(token, {
      audience: 'https://other.example',
      scope: 'orders:read orders:write',
    });
    expect(acceptance).toMatchObject({
      accepted: false,
      objections: [
        expect.stringContaining(`it is for ${ORDERS}, not for`),
        expect.stringContaining('lacks the scope orders:write'),
      ],
    });
    expect(await inspectText(token, '--scope', 'orders:write')).toContain(
      'An API refuses it for orders:write',
    );
    expect(await inspectText('nonsense', '--audience', ORDERS)).toContain('no token of this server');
  });
});

describe('why a token is dead', () => {
  test('it was revoked by the command line, alone', async () => {
    const token = await machineToken(await makeMachine());
    await cli.json(line`tokens revoke --token-stdin`, token);
    const found = await inspect(token);
    expect(found).toMatchObject({
      active: false,
      state: 'revoked',
      revoked_by: { actor: 'cli', target: 'jti', target_id: decodeJwt(token).jti, occasion: null },
      status_list: { bit: 1 },
      verifiers: { introspection: false, status_list: false, signature_only: true },
    });
    expect(found['summary']).toMatch(/^dead: revoked \S+Z by cli alone$/);
    expect(found['verifiers']).toMatchObject({
      in_words: expect.stringMatching(
        /follows the stream refuses it since .*one that checks the signature only accepts it until/,
      ),
    });
  });

  test('it was revoked by its id in the ledger, once', async () => {
    const token = await machineToken(await makeMachine());
    const id = jtiDigest(decodeJwt(token).jti ?? '').toString('hex');
    expect(await cli.json(line`tokens revoke --id ${id}`)).toMatchObject({ tokens_revoked: 1 });
    expect(await inspect(token)).toMatchObject({ state: 'revoked', revoked_by: { actor: 'cli' } });
    expect(await cli.json(line`tokens revoke --id ${id}`)).toMatchObject({ tokens_revoked: 0 });
    for (const unknown of ['0'.repeat(64), 'nonsense']) {
      expect(await cli(line`tokens revoke --id ${unknown}`)).toMatchObject({ exitCode: 1 });
    }
  });

  test('its client revoked it', async () => {
    const app = await makeMachine();
    const token = await machineToken(app);
    await revokeAt(node, app, token);
    expect(await inspect(token)).toMatchObject({
      summary: expect.stringContaining(`by client ${app.id} (Nightly) alone`),
    });
  });

  test.each<[string, (found: Visit) => Promise<unknown>, (found: Visit) => Json, string]>([
    [
      'everything of its client was revoked',
      ({ app }) => cli.json(line`tokens revoke --client ${app.id}`),
      ({ app }) => ({ actor: 'cli', target: 'client', target_id: app.id, occasion: null }),
      '(A web client)',
    ],
    [
      'its client was disabled',
      ({ app }) => disableClient(server.services, app.id, 'cli'),
      ({ app }) => ({ actor: 'cli', target: 'client', target_id: app.id, occasion: 'client.disabled' }),
      'when the client was disabled',
    ],
    [
      'its client was deleted',
      ({ app }) => deleteClient(server.services, app.id, 'cli'),
      () => ({ target: 'client', occasion: 'client.deleted' }),
      'not registered any more',
    ],
    [
      'its person was disabled',
      ({ person }) => disableAccount(server.services, person.id, 'cli'),
      ({ person }) => ({ target: 'account', target_id: person.id, occasion: 'account.disabled' }),
      'when the account was disabled',
    ],
    [
      'its person was deleted',
      ({ person }) => deleteAccount(server.services, person.id, 'cli'),
      () => ({ target: 'account', occasion: 'account.deleted' }),
      'when the account was deleted',
    ],
    [
      'the password was reset',
      ({ person }) => resetPassword(server.services, person.id, `${PASSWORD} indeed`, 'cli'),
      () => ({ target: 'account', occasion: 'account.password-set' }),
      'when the password was set anew',
    ],
    [
      'a refresh token of its grant was revoked',
      ({ app, tokens }) => revokeAt(node, app, tokens.refresh),
      ({ app }) => ({ actor: `client:${app.id}`, target: 'grant' }),
      'together with everything of grant',
    ],
    [
      'everything of before was revoked',
      () => revoke(server.services, { issuedBefore: new Date(Date.now() + 1000) }, 'cli'),
      () => ({ actor: 'cli', target: 'issuedBefore' }),
      'together with everything issued before',
    ],
  ])('%s', async (_why, end, cause, words) => {
    const found = await visit();
    await end(found);
    expect(await inspect(found.tokens.access)).toMatchObject({ state: 'revoked', revoked_by: cause(found) });
    const text = await inspectText(found.tokens.access);
    expect(text).toMatch(/state +dead: revoked /);
    expect(text).toContain(words);
  });

  test('its session was ended', async () => {
    const { tokens } = await visit();
    const { session } = await inspect(tokens.access);
    await cli.json(line`sessions end ${(session as { id: string }).id}`);
    expect(await inspect(tokens.access)).toMatchObject({
      revoked_by: { actor: 'cli', target: 'session' },
      session: { state: 'ended' },
    });
  });

  test.each<[string, typeof disableApi, string]>([
    ['disabled', disableApi, 'api.disabled'],
    ['deleted', deleteApi, 'api.deleted'],
  ])('its API was %s', async (state, end, occasion) => {
    const audience = `https://api.example/${state}`;
    const api = await makeApi(server.services, { audience, name: 'Invoices' });
    const token = await machineToken(await makeMachine(audience));
    await end(server.services, api.id, 'cli');
    expect(await inspect(token)).toMatchObject({
      revoked_by: { actor: 'cli', target: 'api', target_id: api.id, occasion },
      api: { id: api.id, audience, state },
      summary: expect.stringContaining(`(${audience})`.slice(state === 'deleted' ? 1 : 0, -1)),
    });
  });

  test('its key was revoked', async () => {
    const token = await machineToken(await makeMachine());
    const { kid } = (await inspect(token))['signed_by'] as { kid: string };
    await revokeKey(server.services, kid, 'cli');
    expect(await inspect(token)).toMatchObject({
      state: 'revoked',
      key_state: 'revoked',
      revoked_by: { target: 'key', target_id: kid, occasion: 'key.revoked' },
      signed_by: { kid, state: 'revoked' },
      verifiers: {
        signature_only: false,
        in_words: expect.stringContaining('as soon as it has fetched the JWKS'),
      },
    });
  });

  test('it expired', async () => {
    const audience = 'https://api.example/short';
    await makeApi(server.services, { audience, name: 'Short', tokenTtlSeconds: 1 });
    const token = await machineToken(await makeMachine(audience));
    await sleep(1500);
    expect(await inspect(token)).toMatchObject({
      active: false,
      state: 'expired',
      summary: expect.stringMatching(/^dead: expired /),
      verifiers: { introspection: false, status_list: false, signature_only: false },
    });
  });

  test('nobody recorded it', async () => {
    const claims = {
      iss: server.issuer,
      aud: ORDERS,
      jti: 'x',
      client_id: 'x',
      sub: 'x',
      exp: seconds() + 60,
    };
    expect(await inspect(await signAsServer({ typ: 'at+jwt' }, claims))).toMatchObject({
      active: false,
      state: 'not-recorded',
      what: 'access_token',
      summary: expect.stringContaining('somebody has its signing key'),
      verifiers: { introspection: false, signature_only: true },
    });
  });

  test('an issuer of another name signed it with our key', async () => {
    const token = await signAsServer({ typ: 'at+jwt' }, { iss: 'https://old.example', exp: seconds() + 60 });
    expect(await inspect(token)).toMatchObject({
      state: 'not-ours',
      summary: expect.stringContaining('as https://old.example and not as'),
    });
  });
});

describe('kinds of tokens', () => {
  test('an ID token is for its client, and no API', async () => {
    const { app, person, tokens } = await visit();
    expect(await inspect(tokens.id, { audience: ORDERS })).toMatchObject({
      what: 'id_token',
      active: false,
      signature: 'valid',
      client: { id: app.id },
      user: { id: person.id },
      acceptance: { accepted: false },
    });
    expect(await inspectText(tokens.id)).toContain('no API may accept it');
  });

  test('a refresh token lives, is spent, dies with its grant', async () => {
    const { app, tokens } = await visit();
    expect(await inspect(tokens.refresh)).toMatchObject({
      kind: 'opaque',
      what: 'refresh_token',
      state: 'active',
      model: 'RefreshToken',
      client: { id: app.id, name: 'A web client' },
      scopes: [{ name: 'openid' }, { name: 'orders:read', description: 'Read your orders' }],
      grant: { state: 'alive' },
    });
    const next = tokensOf(await refresh(node, app, tokens.refresh));
    expect(await inspect(tokens.refresh)).toMatchObject({
      state: 'spent',
      summary: expect.stringMatching(/^dead: spent \S+Z/),
    });
    await cli.json(line`tokens revoke --client ${app.id}`);
    expect(await inspect(next.refresh)).toMatchObject({
      state: 'revoked',
      active: false,
      revoked_by: { actor: 'cli', target: 'client' },
      grant: { state: 'ended' },
    });
  });

  test('an opaque access token is for userinfo', async () => {
    const { tokens } = await visit({ resource: null });
    expect(await inspect(tokens.access, { audience: ORDERS })).toMatchObject({
      what: 'opaque_access_token',
      state: 'active',
      acceptance: { accepted: false },
    });
    expect(await inspectText(tokens.access)).toContain('for userinfo at this server');
  });

  test('a code is good for one use', async () => {
    const { app, cookie } = await visit();
    const code = await mintCode(node, app, cookie);
    expect(await inspect(code)).toMatchObject({ what: 'authorization_code', state: 'active' });
    await redeem(node, app, code);
    expect(await inspect(code)).toMatchObject({ what: 'authorization_code', state: 'spent' });
  });

  test('a token to register clients with', async () => {
    const { token } = await createInitialAccessToken(server.services, { ttlSeconds: 60, actor: 'cli' });
    expect(await inspect(token)).toMatchObject({ what: 'initial_access_token', state: 'active' });
  });

  test('a status list token', async () => {
    const token = await machineToken(await makeMachine());
    const list = await (await fetch(statusOf(token).uri)).text();
    expect(await inspect(list)).toMatchObject({
      what: 'status_list_token',
      signature: 'valid',
      active: false,
    });
    expect(await inspectText(list)).toContain('it lets nobody in');
  });

  test('a logout token', async () => {
    const claims = { iss: server.issuer, aud: 'x', sub: 'y', exp: seconds() + 60, events: {} };
    expect(await inspect(await signAsServer({ typ: 'logout+jwt' }, claims))).toMatchObject({
      what: 'logout_token',
      active: false,
      client: { id: 'x', state: 'deleted' },
    });
  });

  test('what others sign is told by what it looks like, and not believed', async () => {
    const [app, key] = [await makeMachine(), await makeKey()];
    const signed = await assertion(key, { clientId: app.id, issuer: server.issuer });
    expect(await inspect(signed)).toMatchObject({
      what: 'client_assertion',
      state: 'not-ours',
      signature: 'foreign',
      client: { id: app.id, name: 'Nightly' },
      user: null,
    });
    expect(await inspect(await proof(key, { method: 'GET', url: ORDERS }))).toMatchObject({
      what: 'dpop_proof',
    });
    const foreign = await assertion(key, { clientId: 'x', issuer: 'y' }, { iss: 'https://else.example' });
    expect(await inspect(foreign)).toMatchObject({
      what: 'foreign_jwt',
      summary: expect.stringContaining('https://else.example issued it'),
    });
    const encrypted = await new CompactEncrypt(new Uint8Array(3))
      .setProtectedHeader({ alg: 'dir', enc: 'A128GCM' })
      .encrypt(new Uint8Array(16));
    expect(await inspect(encrypted)).toMatchObject({ kind: 'unknown', what: 'encrypted_jwt' });
  });
});

describe('what comes in is nobody’s friend', () => {
  const encode = (value: string) => Buffer.from(value).toString('base64url');
  const jwtOf = (claims: string) => `${encode('{"alg":"none"}')}.${encode(claims)}.AAAA`;

  test('garbage is answered, whatever it is made of', async () => {
    for (const text of [
      'nonsense',
      '\0',
      'a\0.b.c',
      'a.b.c.d.e',
      '🎟',
      '\u202e',
      'x'.repeat(200_000),
      '....',
    ]) {
      expect(await inspect(text), text.slice(0, 20)).toMatchObject({
        kind: 'unknown',
        active: false,
        what: 'unknown',
      });
    }
    const deep = jwtOf(`{"deep":${'['.repeat(5500)}${']'.repeat(5500)}}`);
    expect(await inspect(deep)).toMatchObject({ kind: 'unknown', active: false });
    expect(await cli(line`tokens inspect`, 'x'.repeat(300_000))).toMatchObject({ exitCode: 2 });
    expect(await cli(line`tokens inspect`, '')).toMatchObject({ exitCode: 2 });
    expect(await cli(['tokens', 'inspect', 'a-token-as-argument'], 'x')).toMatchObject({ exitCode: 2 });
  });

  test('claims of any shape are answered', async () => {
    for (const claims of [
      '{"exp":1e300,"iat":-1e300,"iss":7,"sub":{},"aud":[1]}',
      '{"__proto__":{"iss":"x"},"exp":"never"}',
      `{"deep":${'['.repeat(40)}${']'.repeat(40)}}`,
    ]) {
      const run = await cli(line`tokens inspect`, jwtOf(claims));
      expect([run.exitCode, run.stdout.length < 100_000], run.stderr).toEqual([0, true]);
      const { stdout } = await cli(line`tokens inspect --json`, jwtOf(claims));
      expect(JSON.parse(stdout)).toMatchObject({ active: false, state: 'not-ours' });
    }
  });

  test('a claim can neither begin a line of ours nor drive the terminal', async () => {
    const claims = {
      'x\n  state      alive': 'y\n  state      alive',
      z: '\u001b[2J\u202e',
      n: 'ß'.repeat(2000),
    };
    const text = await inspectText(jwtOf(JSON.stringify(claims)));
    expect(text.split('\n').filter((each) => /^\s+state/.test(each))).toHaveLength(1);
    expect(text).toContain('nothing of it is to be believed');
    expect(['\u001b', '\u202e', 'ß'.repeat(500)].filter((part) => text.includes(part))).toEqual([]);
  });
});
