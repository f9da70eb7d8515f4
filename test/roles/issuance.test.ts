import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import type { Account } from '../../src/accounts/account.ts';
import { TOKEN_EXCHANGE } from '../../src/clients/exchange.ts';
import { updateClient } from '../../src/clients/update-client.ts';
import type { Api } from '../../src/resources/api.ts';
import { deleteRole } from '../../src/revocation/delete-role.ts';
import { enforceRoles } from '../../src/revocation/enforce-roles.ts';
import { unassignRole } from '../../src/revocation/unassign-role.ts';
import { updateRole } from '../../src/revocation/update-role.ts';
import { assignRole } from '../../src/roles/assign-role.ts';
import { createRole } from '../../src/roles/create-role.ts';
import type { Role, Subject } from '../../src/roles/role.ts';
import {
  approveDevice,
  authorizationPath,
  authorize,
  cookiesOf,
  introspect,
  makeApp,
  mintCode,
  obtainTokens,
  pollDevice,
  post,
  redeem,
  refresh,
  signIn,
  startDevice,
  tokensOf,
  type App,
} from '../support/app.ts';
import { createWalker, type Walker } from '../support/browser-walker.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { makeApi, makePerson, ORDERS } from '../support/factories.ts';
import { findAll, textOf } from '../support/html.ts';
import type { Answer } from '../support/node.ts';

const actor = 'test';
const BOTH = 'orders:read orders:write';
const PLAIN = 'https://api.example/plain';

/** Two processes: changes are made by a third, so that each of them has to hear of it. */
let cluster: Cluster;
let api: Api;
let shop: App;
let machine: App;
let made = 0;

beforeAll(async () => {
  cluster = await startCluster();
  api = await makeApi(cluster.services, { enforcesRoles: true });
  await makeApi(cluster.services, { audience: PLAIN, name: 'Plain' });
  shop = await makeApp(cluster.services, { scope: `offline_access ${BOTH}` });
  machine = await makeApp(cluster.services, { kind: 'machine', scope: BOTH });
});
afterAll(() => cluster.stop());

function makeRole(...scopes: string[]): Promise<Role> {
  made += 1;
  return createRole(cluster.services, { apiId: api.id, name: `role-${made}`, scopes, actor });
}

function give(role: Role, subject: Subject): Promise<boolean> {
  return assignRole(cluster.services, { roleId: role.id, subject, actor });
}

function take(role: Role, subject: Subject) {
  return unassignRole(cluster.services, { roleId: role.id, subject, actor });
}

interface SignedIn {
  readonly person: Account;
  readonly subject: { readonly accountId: string };
  readonly cookie: string;
  readonly walker: Walker;
}

/** Somebody with these roles, signed in at an application that has nothing to do with roles. */
async function signedIn(...roles: Role[]): Promise<SignedIn> {
  const person = await makePerson(cluster.services);
  const subject = { accountId: person.id };
  for (const role of roles) await give(role, subject);
  const walker = createWalker({ origin: cluster.issuer });
  door ??= await makeApp(cluster.services, { resource: null });
  await signIn(walker, door, person);
  return { person, subject, walker, cookie: cookiesOf(walker, cluster.issuer) };
}
let door: App | undefined;

function machineToken(app: App, node = 0, scope = BOTH): Promise<Answer> {
  const form = { grant_type: 'client_credentials', resource: ORDERS, ...(scope === '' ? {} : { scope }) };
  return post(cluster.nodes[node === 0 ? 0 : 1], app, '/token', form);
}

function claimsOf(answer: Answer): Record<string, unknown> {
  return decodeJwt(tokensOf(answer).access);
}

async function isActive(app: App, token: string, node = 1): Promise<unknown> {
  const { json } = await introspect(cluster.nodes[node === 0 ? 0 : 1], app, token);
  return json['active'];
}

describe('a client that acts for itself', () => {
  test('gets what it asks for, may ask for, and has a role for; and the answer says so', async () => {
    const app = await makeApp(cluster.services, { kind: 'machine', scope: BOTH });
    const reader = await makeRole('orders:read');
    await give(reader, { clientId: app.id });
    const answer = await machineToken(app);
    expect(answer.json).toMatchObject({ scope: 'orders:read' });
    expect(claimsOf(answer)).toMatchObject({ scope: 'orders:read', roles: [reader.name] });
  });

  test('without a role gets invalid_scope; of an API that does not enforce them, everything', async () => {
    const app = await makeApp(cluster.services, { kind: 'machine', scope: BOTH, resource: PLAIN });
    const answer = await machineToken(machine);
    expect([answer.status, answer.json['error']]).toEqual([400, 'invalid_scope']);
    const form = { grant_type: 'client_credentials', resource: PLAIN, scope: BOTH };
    const plain = await post(cluster.nodes[0], app, '/token', form);
    expect(plain.json).toMatchObject({ scope: BOTH });
    expect(claimsOf(plain)).not.toHaveProperty('roles');
  });

  test('that asks for no scope gets a token without one', async () => {
    const answer = await machineToken(machine, 0, '');
    expect(answer.status).toBe(200);
    expect(claimsOf(answer)).toMatchObject({ roles: [] });
    expect(answer.json).not.toHaveProperty('scope');
  });

  test('does not gain by a role what it may not ask for', async () => {
    const access = [{ audience: ORDERS, scopes: ['orders:read'] }];
    const app = await makeApp(cluster.services, { kind: 'machine', scope: BOTH });
    await updateClient(cluster.services, app.id, { apis: access }, actor);
    const role = await makeRole('orders:read', 'orders:write');
    await give(role, { clientId: app.id });
    await vi.waitFor(async () => {
      expect((await machineToken(app)).json).toMatchObject({ error: 'invalid_scope' });
    });
    const answer = await machineToken(app, 0, 'orders:read');
    // A role is named only when the token has all of it.
    expect(claimsOf(answer)).toMatchObject({ scope: 'orders:read', roles: [] });
  });
});

describe('a person', () => {
  test('gives an application what their roles carry, with the code, and at every refresh', async () => {
    const { cookie } = await signedIn(await makeRole('orders:read'));
    const answer = await redeem(cluster.nodes[0], shop, await mintCode(cluster.nodes[0], shop, cookie));
    expect(answer.json).toMatchObject({ scope: 'orders:read' });
    const again = await refresh(cluster.nodes[1], shop, tokensOf(answer).refresh);
    expect(again.json).toMatchObject({ scope: 'orders:read' });
  });

  test('without a role is answered access_denied, or signed in all the same', async () => {
    const { cookie } = await signedIn();
    const { location } = await authorize(cluster.nodes[0], shop, cookie);
    expect(location?.searchParams.get('error')).toBe('access_denied');
    expect(location?.searchParams.has('code')).toBe(false);
    const scope = `openid ${BOTH}`;
    const tokens = await obtainTokens(cluster.nodes[0], shop, cookie, { scope });
    expect(decodeJwt(tokens.access)).toMatchObject({ aud: ORDERS, roles: [] });
    expect(String(decodeJwt(tokens.access)['scope'] ?? '')).toBe('');
  });

  test('is asked to allow what they can give, and nothing else', async () => {
    const { walker } = await signedIn(await makeRole('orders:read'));
    const app = await makeApp(cluster.services, { firstParty: false, scope: `openid ${BOTH}` });
    for (const overrides of [{}, { prompt: 'consent' }]) {
      const page = await walker.visit(authorizationPath(app, overrides));
      const items = findAll(page.document, 'li').map(textOf);
      expect(items).toContain('Read your orders');
      expect(items).not.toContain('Place orders');
      const done = await walker.submit(page, {}, { value: 'allow' });
      const code = done.leavesTo?.searchParams.get('code') ?? '';
      const { json } = await redeem(cluster.nodes[0], app, code);
      expect(json).toMatchObject({ scope: 'orders:read' });
    }
  });

  test('lets a device do what their roles carry, or nothing', async () => {
    const [reader, app] = [
      await makeRole('orders:read'),
      await makeApp(cluster.services, { kind: 'device', scope: BOTH }),
    ];
    const { walker } = await signedIn(reader);
    const started = await startDevice(cluster.nodes[0], app);
    await approveDevice(walker, started);
    const polled = await pollDevice(cluster.nodes[0], app, started);
    expect(polled.json).toMatchObject({ scope: 'orders:read' });

    const nobody = await signedIn();
    const refused = await startDevice(cluster.nodes[0], app);
    await expect(approveDevice(nobody.walker, refused)).rejects.toThrow();
    const answer = await pollDevice(cluster.nodes[0], app, refused);
    expect(answer.json).toMatchObject({ error: 'access_denied' });
  });

  test('is who an exchanged token is about, whatever roles the client has', async () => {
    const reader = await makeRole('orders:read');
    const { cookie } = await signedIn(reader);
    const gateway = await makeExchanger();
    await give(await makeRole('orders:write'), { clientId: gateway.id });
    const { access } = await obtainTokens(cluster.nodes[0], gateway, cookie, { scope: `openid ${BOTH}` });
    const exchanged = await exchange(gateway, access);
    expect(exchanged.json).toMatchObject({ scope: 'orders:read' });
    expect(claimsOf(exchanged)).toMatchObject({ roles: [reader.name] });
  });
});

async function makeExchanger(): Promise<App> {
  const grants = ['authorization_code', 'refresh_token', 'client_credentials', TOKEN_EXCHANGE];
  return makeApp(cluster.services, { scope: `openid ${BOTH}`, metadata: { grant_types: grants } });
}

function exchange(app: App, subject: string, resource = ORDERS): Promise<Answer> {
  return post(cluster.nodes[0], app, '/token', {
    grant_type: TOKEN_EXCHANGE,
    subject_token: subject,
    subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    resource,
  });
}

describe('a role that is lost', () => {
  test('takes the tokens along, and the refresh token gives narrower ones until it is back', async () => {
    const [reader, writer] = [await makeRole('orders:read'), await makeRole('orders:write')];
    const { cookie, subject } = await signedIn(reader, writer);
    const other = await signedIn(writer);
    const theirs = await obtainTokens(cluster.nodes[0], shop, other.cookie);
    const first = await obtainTokens(cluster.nodes[0], shop, cookie);
    expect(decodeJwt(first.access)['scope']).toBe(BOTH);
    expect(await take(writer, subject)).toMatchObject({ tokens: 1 });
    expect(await isActive(shop, first.access)).toBe(false);
    expect(await isActive(shop, theirs.access)).toBe(true);
    const narrower = await refresh(cluster.nodes[1], shop, first.refresh);
    expect(narrower.json).toMatchObject({ scope: 'orders:read' });
    await take(reader, subject);
    const none = await refresh(cluster.nodes[0], shop, tokensOf(narrower).refresh);
    expect([none.status, none.json['error']]).toEqual([400, 'invalid_scope']);
    await give(writer, subject);
    // The refusal has spent nothing.
    const back = await vi.waitFor(async () => {
      const answer = await refresh(cluster.nodes[0], shop, tokensOf(narrower).refresh);
      expect(answer.json).toMatchObject({ scope: 'orders:write' });
      return answer;
    });
    expect(await isActive(shop, tokensOf(back).access)).toBe(true);
  });

  test('takes along what came of a token in exchange, for another API too', async () => {
    const role = await makeRole('orders:read');
    const { cookie, subject } = await signedIn(role);
    const gateway = await makeExchanger();
    await updateClient(
      cluster.services,
      gateway.id,
      { apis: [{ audience: PLAIN, scopes: ['orders:read'] }] },
      actor,
    );
    const { access } = await obtainTokens(cluster.nodes[0], gateway, cookie);
    const heir = await vi.waitFor(async () => {
      const answer = await exchange(gateway, access, PLAIN);
      expect(answer.status).toBe(200);
      return tokensOf(answer).access;
    });
    expect(await take(role, subject)).toMatchObject({ tokens: 2 });
    expect([await isActive(gateway, access), await isActive(gateway, heir)]).toEqual([false, false]);
  });

  test('takes along what a machine got in exchange for a token of a machine', async () => {
    const role = await makeRole('orders:read');
    const gateway = await makeExchanger();
    await give(role, { clientId: gateway.id });
    const { access } = tokensOf(await machineToken(gateway, 0, 'orders:read'));
    const heir = tokensOf(await exchange(gateway, access)).access;
    expect(decodeJwt(heir)).toMatchObject({ sub: gateway.id, scope: 'orders:read', roles: [role.name] });
    expect(await take(role, { clientId: gateway.id })).toMatchObject({ tokens: 2 });
    expect(await isActive(gateway, heir)).toBe(false);
  });

  test('is no loss where another role carries the same', async () => {
    const [one, two] = [await makeRole('orders:read'), await makeRole('orders:read')];
    const { cookie, subject } = await signedIn(one, two);
    const { access } = await obtainTokens(cluster.nodes[0], shop, cookie);
    expect(await take(one, subject)).toMatchObject({ tokens: 0 });
    expect(await isActive(shop, access)).toBe(true);
  });

  test.each(['narrowed', 'deleted'])('by everybody, because it was %s', async (how) => {
    const role = await makeRole('orders:read', 'orders:write');
    const { cookie } = await signedIn(role);
    const batch = await makeApp(cluster.services, { kind: 'machine', scope: BOTH });
    await give(role, { clientId: batch.id });
    const { access } = await obtainTokens(cluster.nodes[0], shop, cookie);
    const own = tokensOf(await machineToken(batch)).access;
    const bystander = await signedIn(await makeRole('orders:read'));
    const theirs = await obtainTokens(cluster.nodes[0], shop, bystander.cookie);
    const { services } = cluster;
    const revoked =
      how === 'deleted'
        ? await deleteRole(services, role.id, { actor })
        : (await updateRole(services, role.id, { scopes: ['orders:read'] }, { actor })).revoked;
    expect(revoked.tokens).toBe(2);
    expect(await isActive(shop, access)).toBe(false);
    expect(await isActive(batch, own)).toBe(false);
    expect(await isActive(shop, theirs.access)).toBe(true);
    const { json } = await machineToken(batch, 1);
    expect(json).toMatchObject(how === 'deleted' ? { error: 'invalid_scope' } : { scope: 'orders:read' });
  });

  test('never outruns a token that is being issued: the ledger takes none that the roles no longer carry', async () => {
    const app = await makeApp(cluster.services, { kind: 'machine', scope: BOTH });
    const role = await makeRole('orders:read', 'orders:write');
    const subject = { clientId: app.id };
    for (let round = 0; round < 5; round += 1) {
      await give(role, subject);
      await vi.waitFor(async () => expect((await machineToken(app)).status).toBe(200));
      const asking = Array.from({ length: 16 }, (_, no) => machineToken(app, no % 2));
      const [answers] = await Promise.all([Promise.all(asking), take(role, subject)]);
      const tokens = answers.filter(({ status }) => status === 200).map((answer) => tokensOf(answer).access);
      const alive = await Promise.all(tokens.map((token) => isActive(app, token)));
      expect(alive.filter(Boolean)).toEqual([]);
      const refusals = new Set(answers.map(({ status, json }) => `${status} ${String(json['error'] ?? '')}`));
      expect([...refusals].filter((each) => !/^(200 |400 invalid_scope|503 )/.test(each))).toEqual([]);
    }
  });
});

test('an API that begins to enforce roles ends the tokens that were not made by them', async () => {
  const audience = 'https://api.example/later';
  const later = await makeApi(cluster.services, { audience });
  const app = await makeApp(cluster.services, { kind: 'machine', resource: audience });
  const form = { grant_type: 'client_credentials', resource: audience, scope: 'orders:read' };
  const ask = (node: 0 | 1) => post(cluster.nodes[node], app, '/token', form);
  const { access } = tokensOf(await ask(0));
  const began = await enforceRoles(cluster.services, later.id, true, actor);
  expect(began).toMatchObject({ api: { enforcesRoles: true }, revoked: { tokens: 1 } });
  expect(await isActive(app, access)).toBe(false);
  await vi.waitFor(async () => expect((await ask(1)).json).toMatchObject({ error: 'invalid_scope' }));
  await enforceRoles(cluster.services, later.id, false, actor);
  await vi.waitFor(async () => expect((await ask(1)).status).toBe(200));
});
