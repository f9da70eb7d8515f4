import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { findAccount } from '../../src/accounts/store.ts';
import { authorizationPath, redeem, tokensOf, type App } from '../support/app.ts';
import { createWalker } from '../support/browser-walker.ts';
import { createCli, line, type Cli } from '../support/cli.ts';
import { PASSWORD } from '../support/factories.ts';
import { createNode, type Node } from '../support/node.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { rowsOf } from './rows.ts';

vi.setConfig({ testTimeout: 60_000 });

const FOLDER = path.join(import.meta.dirname, 'fixtures', 'auth0');
const ORDERS = 'https://orders.acme.example';
const SHOP = 'Zb7Kq2LmX9vRt4NwHs8PdYc3JfGe6UaB';
const SHOP_SECRET = 'hT3kQ9zV-wR5nXj2mLc7Yb8dFgS4aEuK_pWv6Bx1Zs0MqNrJiOtUyGfDlHeCkPq2';

let server: TestServer;
let node: Node;
let cli: Cli;

beforeAll(async () => {
  server = await startTestServer();
  node = createNode(Number(new URL(server.issuer).port), server.issuer);
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
});

const importing = (...more: string[]) => [...line`import auth0 ${FOLDER}`, ...more];

test('a dry run changes no row and says what the import then does; a second import changes nothing', async () => {
  const before = await rowsOf(server.database.db);
  const dry = await cli.json(importing('--dry-run'));
  expect(await rowsOf(server.database.db)).toEqual(before);
  const done = await cli.json(importing());
  expect(done).toMatchObject({ imported: dry['imported'], skipped: dry['skipped'], changed: true });
  expect(done).toMatchObject({
    imported: {
      apis: { imported: 1 },
      roles: { imported: 1 },
      clients: { imported: 3 },
      people: { imported: 3 },
      role_assignments: { imported: 1 },
    },
  });
  const skipped = done['skipped'] as { what: string; examples: string[] }[];
  expect(Object.fromEntries(skipped.map(({ what, examples }) => [what, examples]))).toMatchObject({
    'an API': ['stock-api'],
    'the token lifetime of an API': [ORDERS],
    'a role': ['empty'],
    'how a role is written': ['Order Manager: order-manager'],
    'a redirect URI': [expect.stringContaining('https://*.shop.example/callback')],
    'the grant implicit': [SHOP],
    'the grant password': [expect.stringMatching(/^Cc4/)],
    'how ID tokens are signed': [expect.stringMatching(/^Cc4/)],
    'web origins of a client': [SHOP],
    'a connection': ['google-oauth2'],
    'people of google-oauth2': ['google-oauth2|1083', 'google-oauth2|2000'],
    'app_metadata of people': [expect.stringMatching(/^auth0/)],
    'a person': expect.arrayContaining(['google-oauth2|2000']),
  });
  expect(JSON.stringify(done)).not.toMatch(/\$2b\$|hT3kQ9zV/);
  const after = await rowsOf(server.database.db);
  expect(await cli.json(importing())).toMatchObject({
    changed: false,
    imported: { people: { already_there: 3 } },
  });
  expect(await rowsOf(server.database.db)).toEqual(after);
});

test('a person signs in with the old password to an old client with its old secret, and has their roles', async () => {
  const app: App = {
    id: SHOP,
    secret: undefined,
    redirectUri: 'https://shop.example/callback',
    scope: 'openid orders:read orders:write',
    resource: ORDERS,
  };
  const walker = createWalker({ origin: server.issuer });
  const form = await walker.visit(authorizationPath(app));
  const fields = { identifier: 'ada@acme.example', password: PASSWORD };
  const page = await walker.submit(form, fields, { form: '/sign-in' });
  const code = page.leavesTo?.searchParams.get('code') ?? '';
  const answer = await redeem(node, app, code, { client_secret: SHOP_SECRET });
  expect(answer.status, answer.text).toBe(200);
  expect(decodeJwt(tokensOf(answer).access)).toMatchObject({
    sub: 'auth0|5dea9f9c82dd7c0e76e4ec93',
    roles: ['order-manager'],
    scope: expect.stringContaining('orders:write'),
  });
  const euclid = await findAccount(server.services.db.knex, 'auth0|euclid');
  expect(euclid).toMatchObject({ disabledAt: expect.any(Date), emailVerified: false });
});

test('one file of the deploy CLI will do; what is none is refused with a sentence', async () => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'guichet-auth0-'));
  const file = path.join(folder, 'tenant.json');
  await writeFile(
    file,
    JSON.stringify({ resourceServers: [{ identifier: 'stock-api', scopes: [{ value: 'stock:read' }] }] }),
  );
  const audience = 'https://stock.acme.example';
  await cli.json(line`import auth0 ${file} --audience ${`stock-api=${audience}`}`);
  expect(await cli.json(line`apis show ${audience}`)).toMatchObject({ signing_alg: 'RS256' });
  for (const document of [[1], { clients: 7 }, { clients: [{ client_id: 'a\0', callbacks: [7] }] }]) {
    await writeFile(file, JSON.stringify(document));
    const { exitCode, stderr } = await cli(line`import auth0 ${file}`);
    expect([1, 2], stderr).toContain(exitCode);
    expect(stderr).not.toContain('internal_error');
  }
  await rm(folder, { recursive: true });
});
