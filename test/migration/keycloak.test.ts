import { createPrivateKey } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { createLocalJWKSet, decodeJwt, jwtVerify, SignJWT, type JSONWebKeySet } from 'jose';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { findAccount } from '../../src/accounts/store.ts';
import { stepAt, totpCode } from '../../src/authenticators/totp.ts';
import { authorizationPath, redeem, tokensOf, type App } from '../support/app.ts';
import { createWalker } from '../support/browser-walker.ts';
import { createCli, line, type Cli } from '../support/cli.ts';
import { PASSWORD } from '../support/factories.ts';
import { createNode, type Node } from '../support/node.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { rowsOf } from './rows.ts';

vi.setConfig({ testTimeout: 60_000 });

const FIXTURE = path.join(import.meta.dirname, 'fixtures', 'acme-realm.json');
const API = 'https://api.acme.example';
const ORDERS_API = 'urn:keycloak:client:orders-api';
const SHOP_SECRET = 'Qh3kPz8WvT5nRj2mXc7LbYd9FgSa4EuK';

let server: TestServer;
let node: Node;
let cli: Cli;
let folder: string;

beforeAll(async () => {
  server = await startTestServer();
  node = createNode(Number(new URL(server.issuer).port), server.issuer);
  folder = await mkdtemp(path.join(os.tmpdir(), 'guichet-migration-'));
  const { config } = server.services;
  cli = createCli({
    GUICHET_DATABASE_URL: server.database.url,
    GUICHET_DATA_DIR: config.dataDir,
    GUICHET_ISSUER: config.issuer,
  });
});
afterAll(async () => {
  node.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

const importing = (...more: string[]) => [
  ...line`import keycloak ${FIXTURE} --realm-audience ${API} --redirect-uri shop-spa=https://app.example/callback --with-keys`,
  ...more,
];

interface Report {
  readonly changed: boolean;
  readonly imported: Record<string, { readonly imported: number; readonly already_there: number }>;
  readonly skipped: readonly {
    readonly what: string;
    readonly count: number;
    readonly examples: readonly string[];
  }[];
}

let first: Report;

test('a dry run says what would happen, and changes no row', async () => {
  const before = await rowsOf(server.database.db);
  const dry = (await cli.json(importing('--dry-run'))) as unknown as Report;
  expect(await rowsOf(server.database.db)).toEqual(before);
  first = (await cli.json(importing())) as unknown as Report;
  expect(dry.imported).toEqual(first.imported);
  expect(dry.skipped).toEqual(first.skipped);
  expect(first).toMatchObject({
    changed: true,
    imported: {
      apis: { imported: 2 },
      roles: { imported: 4 },
      clients: { imported: 5 },
      keys: { imported: 1 },
      people: { imported: 5 },
      authenticators: { imported: 1 },
    },
  });
});

test('what is not taken over is said, without a secret', () => {
  const said = Object.fromEntries(first.skipped.map(({ what, examples }) => [what, examples]));
  expect(said).toMatchObject({
    'a SAML client': ['https://sp.example/metadata'],
    'a redirect URI': expect.arrayContaining([expect.stringContaining('https://shop.example/*')]),
    'a URI after sign-out': [expect.stringContaining('https://shop.example/*')],
    'web origins of a client': ['shop'],
    'the implicit flow of a client': ['shop-spa'],
    'direct access grants of a client': ['shop-spa'],
    'the token lifetime of a client': ['shop'],
    'protocol mappers of a client': ['shop'],
    'a client secret': ['legacy'],
    'a role': ['shop floor'],
    'how a role is written': ['Manager'],
    'an identity provider': ['google'],
    'identities at google': [expect.stringMatching(/^5555/)],
    'the attribute department of people': [expect.stringMatching(/^1111/)],
    'the attribute birthdate of people': [expect.stringMatching(/^1111/)],
    'the required action TERMS_AND_CONDITIONS': [expect.stringMatching(/^2222/)],
    'a username': [expect.stringMatching(/^4444/)],
    'a person': [expect.stringMatching(/^7777/)],
    groups: [],
  });
  expect(JSON.stringify(first)).not.toMatch(/hunter2|in the clear|Qh3kPz8W|kRzQ7mXb|MIIE/);
});

test('a second run changes nothing, and says so', async () => {
  const before = await rowsOf(server.database.db);
  const again = (await cli.json(importing())) as unknown as Report;
  expect(await rowsOf(server.database.db)).toEqual(before);
  expect(again.changed).toBe(false);
  expect(again.imported).toMatchObject({
    apis: { imported: 0, already_there: 2 },
    clients: { imported: 0, already_there: 5 },
    people: { imported: 0, already_there: 5 },
    keys: { imported: 0, already_there: 1 },
  });
  expect((await cli(importing())).stdout).toContain('Nothing was changed');
});

const shop = (resource: string): App => ({
  id: 'shop',
  secret: SHOP_SECRET,
  redirectUri: 'https://shop.example/callback',
  scope: `openid ${resource === API ? 'manager member' : 'orders.read orders.write'}`,
  resource,
});

async function signIn(app: App, email: string) {
  const walker = createWalker({ origin: server.issuer });
  const form = await walker.visit(authorizationPath(app));
  return {
    walker,
    page: await walker.submit(form, { identifier: email, password: PASSWORD }, { form: '/sign-in' }),
  };
}

async function tokenOf(app: App, url: URL | undefined) {
  const answer = await redeem(node, app, url?.searchParams.get('code') ?? '');
  return decodeJwt(tokensOf(answer).access);
}

test('a person signs in with the old password to an old client with its old secret, and has the roles of their groups', async () => {
  const { page } = await signIn(shop(ORDERS_API), 'ada@acme.example');
  const token = await tokenOf(shop(ORDERS_API), page.leavesTo);
  // By the group: managers are Manager, which contains orders.write, which contains orders.read.
  expect(token).toMatchObject({
    sub: '11111111-1111-4111-8111-111111111111',
    aud: ORDERS_API,
    roles: ['orders.read', 'orders.write'],
    scope: expect.stringContaining('orders.write'),
  });
  const again = await signIn(shop(API), 'ada@acme.example');
  expect(await tokenOf(shop(API), again.page.leavesTo)).toMatchObject({ roles: ['manager', 'member'] });
  const account = await findAccount(server.services.db.knex, '11111111-1111-4111-8111-111111111111');
  expect(account?.profile).toMatchObject({ locale: 'en', phone_number_verified: true, given_name: 'Ada' });
});

test('whoever had to change the password has to; whoever had an authenticator app goes on with it', async () => {
  const bob = await signIn(shop(ORDERS_API), 'bob@acme.example');
  expect(bob.page.leavesTo).toBeUndefined();
  expect(bob.page.text).toMatch(/new password/i);
  const cleo = await signIn(shop(ORDERS_API), 'cleo@acme.example');
  expect(cleo.page.leavesTo).toBeUndefined();
  const code = totpCode(Buffer.from('kRzQ7mXb2TfLw9PcHd4V'), stepAt(server.services.clock.now()));
  const done = await cleo.walker.submit(cleo.page, { code });
  expect(done.text + (done.leavesTo?.href ?? '')).toMatch(/code=|access/);
});

test('a machine goes on with its secret and its roles; one that was disabled stays so', async () => {
  const nightly: App = { ...shop(ORDERS_API), id: 'nightly', secret: '0b1f6f0a-52a1-4a3e-8d3b-0f4c9a7f1e2d' };
  const body = { grant_type: 'client_credentials', scope: 'orders.read orders.write', resource: ORDERS_API };
  const answer = await node.call('POST', '/token', {
    headers: {
      authorization: `Basic ${Buffer.from(`${nightly.id}:${nightly.secret ?? ''}`).toString('base64')}`,
    },
    form: { ...body, scope: 'orders.read' },
  });
  expect(answer.status, answer.text).toBe(200);
  expect(decodeJwt(tokensOf(answer).access)).toMatchObject({ scope: 'orders.read', roles: ['orders.read'] });
  expect(await cli.json(line`clients show nightly`)).toMatchObject({
    apis: [{ audience: ORDERS_API, scopes: ['orders.read'] }],
  });
  expect(String((await cli.json(line`clients show legacy`))['disabled_at'])).toMatch(/^2/);
});

test('what the old server signed is verified with our JWKS, and is no token of ours', async () => {
  const realm = JSON.parse(await readFile(FIXTURE, 'utf8')) as {
    components: Record<string, { config: { privateKey: [string] } }[]>;
  };
  const der = realm.components['org.keycloak.keys.KeyProvider']?.[0]?.config.privateKey[0] ?? '';
  const key = createPrivateKey({ key: Buffer.from(der, 'base64'), type: 'pkcs8', format: 'der' });
  const answer = await node.call('GET', '/jwks');
  const jwks = answer.json as unknown as JSONWebKeySet;
  expect(answer.text).not.toContain('"d"');
  const foreign = jwks.keys.at(-1);
  expect(foreign).toMatchObject({ alg: 'RS256', use: 'sig', kty: 'RSA' });
  const sign = (issuer: string) =>
    new SignJWT({ sub: 'ada', scope: 'openid', aud: API })
      .setProtectedHeader({ alg: 'RS256', kid: foreign?.kid ?? '', typ: 'at+jwt' })
      .setIssuer(issuer)
      .setIssuedAt()
      .setExpirationTime('5m')
      .sign(key);
  const old = 'https://keycloak.example/realms/acme';
  const verified = await jwtVerify(await sign(old), createLocalJWKSet(jwks), { issuer: old });
  expect(verified.payload.sub).toBe('ada');
  const forged = await node.call('GET', '/me', {
    headers: { authorization: `Bearer ${await sign(server.issuer)}` },
  });
  expect(forged.status).toBe(401);
  const { rows } = await server.database.db.knex.raw<{ rows: { kid: string }[] }>(
    `SELECT kid FROM signing_keys WHERE kid = ? AND sealed_private IS NULL AND state = 'retired'`,
    [foreign?.kid ?? ''],
  );
  expect(rows).toHaveLength(1);
  await cli.json(line`keys revoke --kid ${foreign?.kid ?? ''}`);
  await vi.waitFor(async () => {
    const after = (await node.call('GET', '/jwks')).json as unknown as JSONWebKeySet;
    expect(after.keys.map(({ kid }) => kid)).not.toContain(foreign?.kid);
  });
});

const NASTY = 'a\0b\ud800';
const HOSTILE: readonly [string, unknown][] = [
  ['no object', [1, 2]],
  ['no realm', {}],
  ['clients of another type', { realm: 'x', clients: 7 }],
  ['roles of another type', { realm: 'x', roles: { realm: [{ name: { a: 1 } }] } }],
];

test.for(HOSTILE)('hostile: %s is refused with a sentence', async ([, document]) => {
  const file = path.join(folder, 'hostile.json');
  await writeFile(file, JSON.stringify(document));
  const { exitCode, stderr } = await cli(line`import keycloak ${file}`);
  expect({ exitCode, stderr }).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('(invalid_export)'),
  });
});

test('hostile: what is inside a realm is refused one by one, and never ends the import', async () => {
  const before = await rowsOf(server.database.db);
  const adminApi = `${server.issuer}/admin/v1`;
  const deep = '['.repeat(50_000) + ']'.repeat(50_000);
  const groups = Array.from({ length: 500 }).reduce<unknown>(
    (inner) => ({ name: 'g', subGroups: [inner] }),
    {},
  );
  const document = {
    realm: NASTY,
    groups: [groups, 7, null],
    roles: {
      realm: [
        { name: NASTY },
        { name: '__proto__' },
        { name: 'constructor', composites: { realm: ['constructor'] } },
      ],
      client: { ['__proto__']: [{ name: 'x' }], [adminApi]: [{ name: 'admin:users:write' }] },
    },
    clients: [
      { clientId: NASTY, secret: SHOP_SECRET },
      // What opens this server is given to nobody by a file.
      { clientId: adminApi, bearerOnly: true },
      { clientId: 'intruder', serviceAccountsEnabled: true, standardFlowEnabled: false, secret: SHOP_SECRET },
      { clientId: '../../etc/passwd', serviceAccountsEnabled: true, secret: SHOP_SECRET },
      { clientId: 'usr_admin', serviceAccountsEnabled: true, secret: 'a'.repeat(4000) },
      { clientId: 'x', redirectUris: ['javascript:alert(1)'], publicClient: true },
    ],
    components: {
      'org.keycloak.keys.KeyProvider': [{ providerId: 'rsa', name: 'k', config: { certificate: ['AAAA'] } }],
    },
    users: [
      7,
      null,
      { id: NASTY, username: 'x' },
      { id: 'cli_x', username: 'x' },
      { id: 'u1', username: NASTY, email: NASTY },
      { serviceAccountClientId: 'intruder', clientRoles: { [adminApi]: ['admin:users:write'] } },
      {
        id: 'u2',
        username: 'ok2',
        credentials: [{ type: 'password', secretData: '{', credentialData: deep }],
      },
    ],
  };
  const file = path.join(folder, 'hostile.json');
  await writeFile(file, JSON.stringify(document).replace('"groups"', `"deep":${deep},"groups"`));
  const { exitCode, stdout, stderr } = await cli(line`import keycloak ${file} --json`);
  expect(exitCode, stderr).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    imported: { clients: { imported: 1 }, people: { imported: 0 } },
  });
  expect(await cli.json(line`clients show intruder`)).toMatchObject({ apis: [] });
  expect(await rowsOf(server.database.db)).toMatchObject({
    accounts: before['accounts'],
    roles: before['roles'],
    role_assignments: before['role_assignments'],
  });
  await writeFile(file, 'not json');
  expect((await cli(line`import keycloak ${file}`)).exitCode).toBe(1);
  expect((await cli(line`import keycloak ${path.join(folder, 'none.json')}`)).exitCode).toBe(2);
});
