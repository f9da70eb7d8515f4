import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { findAccountByIdentifier } from '../../src/accounts/store.ts';
import { rolesOf } from '../../src/roles/assignment-store.ts';
import { authorizationPath, introspect, makeApp, redeem, tokensOf, type App } from '../support/app.ts';
import { createWalker, refreshOf } from '../support/browser-walker.ts';
import { createCli, line, type Cli } from '../support/cli.ts';
import { makeApi, makeClient, makePerson, ORDERS } from '../support/factories.ts';
import { createNode, type Node } from '../support/node.ts';
import { startOpenIdProvider, type OpenIdProvider } from '../support/openid-provider.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

vi.setConfig({ testTimeout: 60_000 });

let server: TestServer;
let node: Node;
let theirs: OpenIdProvider;
let app: App;
let cli: Cli;

beforeAll(async () => {
  [server, theirs] = await Promise.all([startTestServer(), startOpenIdProvider()]);
  node = createNode(Number(new URL(server.issuer).port), server.issuer);
  await makeApi(server.services);
  app = await makeApp(server.services, { scope: 'openid orders:read orders:write' });
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
  await theirs.close();
});

test('an operator makes, gives, narrows, takes and deletes a role', async () => {
  const person = await makePerson(server.services);
  const email = person.email ?? '';
  const { id: client } = await makeClient(server.services, 'machine');
  expect(await cli.json(line`apis update ${ORDERS} --enforce-roles`)).toMatchObject({
    enforces_roles: true,
    tokens_revoked: 0,
  });
  const made = await cli.json(
    line`roles create keeper --api ${ORDERS} --scope orders:write --scope orders:read --description Keepers`,
  );
  expect(made).toMatchObject({ api: ORDERS, name: 'keeper', scopes: ['orders:read', 'orders:write'] });
  await cli.json(line`roles give keeper --api ${ORDERS} --user ${email}`);
  await cli.json(line`roles give ${String(made['id'])} --client ${client}`);
  expect(await cli.json(line`roles show keeper --api ${ORDERS}`)).toMatchObject({
    holders: 2,
    assignments: [{ source: 'operator', given_by: 'cli' }, {}],
    next: null,
  });
  expect((await cli(line`users show ${email}`)).stdout).toContain(`keeper  ${ORDERS}`);
  expect(await cli.json(line`clients show ${client}`)).toMatchObject({
    roles: [{ api: ORDERS, name: 'keeper', source: 'operator' }],
  });
  expect(
    await cli.json(line`roles update keeper --api ${ORDERS} --name reader --scope orders:read`),
  ).toMatchObject({ name: 'reader', scopes: ['orders:read'], tokens_revoked: 0 });
  expect(await cli.json(line`roles list --api ${ORDERS}`)).toMatchObject({ roles: [{ name: 'reader' }] });
  await cli.json(line`roles take reader --api ${ORDERS} --user ${email}`);
  expect(await cli(line`roles take reader --api ${ORDERS} --user ${email}`)).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('does not have this role'),
  });
  expect((await cli(line`roles give reader --client ${client}`)).exitCode).toBe(2);
  expect((await cli(line`roles give reader --api ${ORDERS}`)).exitCode).toBe(2);
  await cli.json(line`roles delete reader --api ${ORDERS}`);
  expect(await cli.json(line`clients show ${client}`)).toMatchObject({ roles: [] });
});

/** Through the provider, which says that somebody is in these groups. The access token at the end. */
async function comeWith(sub: string, groups: unknown): Promise<string> {
  theirs.claims = { sub, groups, email: `${sub}@contoso.example`, email_verified: true };
  const walker = createWalker({ origin: server.issuer });
  const page = await walker.visit(authorizationPath(app));
  const passing = await walker.submit(page, {}, { form: '/upstream/contoso' });
  const request = refreshOf(passing) ?? new URL('about:blank');
  const { leavesTo } = await walker.visit(theirs.answer(request).href);
  return tokensOf(await redeem(node, app, leavesTo?.searchParams.get('code') ?? '')).access;
}

const scopeOf = (token: string) => decodeJwt(token)['scope'];

test('groups elsewhere are worth roles here, for as long as somebody is in them', async () => {
  await cli.json(
    line`identity-providers create oidc --name Contoso --issuer ${theirs.url} --client-id ${theirs.clientId}`,
    theirs.clientSecret,
  );
  for (const [role, scope, group] of [
    ['reader', 'orders:read', 'Sales'],
    ['writer', 'orders:write', 'Managers'],
  ] as const) {
    await cli.json(line`roles create ${role} --api ${ORDERS} --scope ${scope}`);
    await cli.json(line`identity-providers map-group contoso ${group} --api ${ORDERS} --role ${role}`);
  }
  expect(await cli.json(line`identity-providers groups contoso`)).toEqual({
    groups_attribute: 'groups',
    groups: [
      { group: 'Managers', role: 'writer', api: ORDERS },
      { group: 'Sales', role: 'reader', api: ORDERS },
    ],
  });

  const both = await comeWith('ada', ['Sales', 'Managers', 7, 'Elsewhere']);
  expect(scopeOf(both)).toBe('orders:read orders:write');
  const other = await comeWith('bea', 'Sales');
  expect(scopeOf(other)).toBe('orders:read');
  // What an operator gives is none of the provider's business.
  await cli.json(line`roles give reader --api ${ORDERS} --user ada@contoso.example`);
  const fewer = await comeWith('ada', ['Elsewhere']);
  expect(scopeOf(fewer)).toBe('orders:read');
  expect((await introspect(node, app, both)).json).toEqual({ active: false });
  expect((await introspect(node, app, other)).json).toMatchObject({ active: true });
  const ada = await findAccountByIdentifier(server.services.db.knex, 'ada@contoso.example');
  const events = await server.services.db
    .knex('audit_events')
    .select('type', 'actor')
    .where({ account_id: ada?.id })
    .whereLike('type', 'role.%')
    .orderBy('id');
  expect(events.map(({ type, actor }: { type: string; actor: string }) => `${type} ${actor}`)).toEqual([
    'role.given identity-provider:contoso',
    'role.given identity-provider:contoso',
    'role.given cli',
    'role.taken identity-provider:contoso',
    'role.taken identity-provider:contoso',
  ]);

  await cli.json(line`identity-providers update contoso --groups teams`);
  expect(scopeOf(await comeWith('bea', ['Sales']))).toBeUndefined();
  await cli.json(line`identity-providers update contoso --groups groups`);
  const again = await comeWith('bea', ['Sales', 'Managers']);
  await cli.json(line`identity-providers disable contoso`);
  expect((await introspect(node, app, again)).json).toEqual({ active: false });
  const bea = await findAccountByIdentifier(server.services.db.knex, 'bea@contoso.example');
  expect(await rolesOf(server.services.db.knex, { accountId: bea?.id ?? '' })).toEqual([]);
  expect(await rolesOf(server.services.db.knex, { accountId: ada?.id ?? '' })).toMatchObject([
    { name: 'reader', source: 'operator' },
  ]);
});
