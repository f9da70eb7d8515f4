import { readFile } from 'node:fs/promises';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { disableClient } from '../../src/revocation/disable-client.ts';
import { planToJson } from '../../src/configuration/to-json.ts';
import { findDrift } from '../../src/configuration/drift.ts';
import { rotateSecret } from '../../src/clients/rotate-secret.ts';
import { findClient } from '../../src/clients/store.ts';
import { createClient } from '../../src/clients/create-client.ts';
import { compareSecret } from '../../src/clients/secret.ts';
import { openSecrets } from '../../src/upstream/secrets.ts';
import { findProvider } from '../../src/upstream/store.ts';
import { auditTypes } from '../support/rooms.ts';
import { openScene, secretNumber, type Scene } from './scene.ts';

const ORDERS = 'https://api.example.com/orders';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(() => scene?.[Symbol.asyncDispose]());

beforeEach(async () => {
  const { knex } = scene.rooms.db;
  for (const table of ['clients', 'trusted_issuers', 'identity_providers', 'apis', 'managed_things']) {
    await knex(table).delete();
  }
  scene.secrets.clear();
});

function file(body: object, name = 'shop'): string {
  return JSON.stringify({ version: 1, name, ...body });
}

const machine = (id: string, more: object = {}) => ({ client_id: id, kind: 'machine', ...more });

async function clientIds(): Promise<string[]> {
  return scene.rooms.db.knex('clients').where({ origin: 'operator' }).orderBy('id').pluck('id');
}

function actions(plan: { changes: readonly { action: string; key: string }[] }): string[] {
  return plan.changes.map(({ action, key }) => `${action} ${key}`);
}

describe('a file', () => {
  test('is applied once, and what is exported makes another server the same', async () => {
    const example = await readFile('examples/guichet.yaml', 'utf8');
    scene.secrets.set('CONTOSO_SECRET', 'theirs').set('NIGHTLY_SECRET', secretNumber(1));
    const { plan, secrets } = await scene.apply(example);
    expect(plan.changes.map(({ action }) => action)).toEqual(Array(9).fill('create'));
    expect(secrets.map(({ clientId }) => clientId)).toEqual(['shop']);
    const types = await auditTypes(scene.rooms.db);
    expect(types.at(-1)).toBe('configuration.applied');
    expect((await scene.apply(example)).plan.changes).toEqual([]);
    expect(await auditTypes(scene.rooms.db)).toEqual(types);
    const exported = await scene.export();
    await using other = await openScene();
    other.secrets.set('CONTOSO_SECRET', 'theirs');
    await other.apply(exported);
    expect(await other.export()).toBe(exported);
  });

  test('is compared member by member', async () => {
    const api = { audience: ORDERS, name: 'Orders', scopes: [{ name: 'read', description: 'See' }] };
    await scene.apply(
      file({ apis: [api], clients: [machine('nightly', { default_api: ORDERS }), machine('gone')] }),
    );
    const next = file({
      apis: [{ ...api, scopes: [{ name: 'read', description: 'See all' }], token_ttl_seconds: 60 }],
      clients: [
        machine('nightly', { contacts: ['a@example.com'], apis: [{ audience: ORDERS, scopes: ['read'] }] }),
      ],
    });
    const plan = await scene.plan(next);
    expect(planToJson(plan).changes).toEqual([
      {
        action: 'change',
        kind: 'api',
        key: ORDERS,
        differences: [
          { member: 'scopes.read', before: 'See', after: 'See all' },
          { member: 'token_ttl_seconds', before: 300, after: 60 },
        ],
        notes: [],
      },
      { action: 'delete', kind: 'client', key: 'gone', differences: [], notes: [] },
      {
        action: 'change',
        kind: 'client',
        key: 'nightly',
        differences: [
          { member: 'contacts', before: undefined, after: ['a@example.com'] },
          { member: `apis.${ORDERS}`, added: ['read'], removed: [] },
          { member: 'default_api', before: ORDERS, after: null },
        ],
        notes: [],
      },
    ]);
    await expect(scene.apply(next, { planDigest: '0'.repeat(64) })).rejects.toMatchObject({
      code: 'plan_changed',
    });
    await scene.apply(next, { planDigest: plan.digest });
    expect(await clientIds()).toEqual(['nightly']);
    expect(await auditTypes(scene.rooms.db)).toEqual(
      expect.arrayContaining(['client.deleted', 'api.updated']),
    );
  });

  test('is made whole or not at all, and the refusal says of what', async () => {
    const provider = (slug: string) => ({
      slug,
      kind: 'oidc',
      name: slug,
      domains: ['example.com'],
      settings: { issuer: 'https://login.example', client_id: 'x', auth_method: 'none' },
    });
    const text = file({
      apis: [{ audience: ORDERS, name: 'Orders' }],
      identity_providers: [provider('one'), provider('two')],
    });
    const types = await auditTypes(scene.rooms.db);
    await expect(scene.apply(text)).rejects.toMatchObject({
      code: 'domain_taken',
      message: expect.stringContaining('identity-provider two: '),
    });
    expect(await scene.export()).toMatch(/version: 1\n$/);
    expect(await auditTypes(scene.rooms.db)).toEqual(types);
  });

  test('that is applied by two at once is applied once', async () => {
    const text = file({ apis: [{ audience: ORDERS, name: 'Orders' }], clients: [machine('nightly')] });
    const both = await Promise.all([scene.apply(text), scene.apply(text)]);
    expect(new Set(both.map(({ plan }) => plan.changes.length))).toEqual(new Set([0, 2]));
  });

  test('must make sense as a whole', async () => {
    const text = [
      'version: 1',
      'apis:',
      `  - { audience: ${ORDERS}, name: Orders, scopes: [{ name: read, description: See }] }`,
      '  - { audience: "not a uri", name: "" }',
      'clients:',
      '  - client_id: shop',
      '    kind: web',
      '    redirect_uris: [https://shop.example/cb, http://shop.example/cb]',
      '    contacts: [nobody]',
      '    apis:',
      `      - { audience: ${ORDERS}, scopes: [write] }`,
      '  - { client_id: shop, kind: machine, default_api: https://nowhere.example }',
    ].join('\n');
    const refusal = await scene.plan(text).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'configuration_refused' });
    const { problems } = refusal as { problems: { path: string; line: number; message: string }[] };
    expect(problems.map(({ path, line }) => `${line} ${path}`)).toEqual([
      '4 apis[1].audience',
      '4 apis[1].name',
      '8 clients[0].redirect_uris[1]',
      '9 clients[0].contacts[0]',
      '11 clients[0].apis',
      '12 clients[1]',
      '12 clients[1].default_api',
    ]);
  });
});

describe('what a file does not say', () => {
  test('stays when others made it, and goes when the file had', async () => {
    await createClient(scene.rooms, { id: 'by-hand', metadata: { grant_types: [] }, actor: 'cli' });
    await scene.apply(file({ clients: [machine('a'), machine('b')] }));
    await scene.apply(file({ clients: [machine('a')] }));
    expect(await clientIds()).toEqual(['a', 'by-hand']);
    expect(actions(await scene.plan(file({ clients: [machine('a')] }), { prune: true }))).toEqual([
      'delete by-hand',
    ]);
  });

  test('is the business of other files', async () => {
    await scene.apply(file({ clients: [machine('a')] }, 'one'));
    await scene.apply(file({ clients: [machine('b')] }, 'two'), { prune: true });
    expect(await clientIds()).toEqual(['a', 'b']);
    const both = file({ clients: [machine('a'), machine('b')] }, 'two');
    await expect(scene.plan(both)).rejects.toThrow('is managed by the file named one');
    expect(actions((await scene.apply(both, { takeOver: true })).plan)).toEqual(['adopt a']);
    await scene.apply(file({}, 'one'));
    expect(await clientIds()).toEqual(['a', 'b']);
  });

  test('nobody enables: what an operator disabled stays so until the file or they say otherwise', async () => {
    const plain = file({ clients: [machine('a')] });
    await scene.apply(plain);
    await disableClient(scene.ctx, 'a', 'cli');
    expect((await scene.apply(plain)).plan.changes).toEqual([]);
    const said = (disabled: boolean) => file({ clients: [machine('a', { disabled })] });
    await scene.apply(said(false));
    expect((await findClient(scene.rooms.db.knex, 'a'))?.disabledAt).toBeNull();
    await scene.apply(said(true));
    await scene.apply(plain);
    expect((await findClient(scene.rooms.db.knex, 'a'))?.disabledAt).toBeNull();
  });

  test('about clients that registered themselves is theirs', async () => {
    await createClient(scene.rooms, { id: 'their-own', metadata: { grant_types: [] }, actor: 'cli' });
    await scene.rooms.db.knex('clients').where({ id: 'their-own' }).update({ origin: 'dynamic' });
    await expect(scene.plan(file({ clients: [machine('their-own')] }))).rejects.toThrow('registered itself');
    expect(await scene.export()).not.toContain('their-own');
  });
});

describe('secrets', () => {
  const nightly = (...names: string[]) =>
    file({ clients: [machine('nightly', { secrets: names.map((env) => ({ env })) })] });

  async function accepts(value: string): Promise<boolean> {
    const client = await findClient(scene.rooms.db.knex, 'nightly');
    return compareSecret(client ?? { secrets: [] }, value, scene.rooms.secrets, scene.rooms.clock.now());
  }

  test('come by reference and are rotated by a second one; one that was ended stays out', async () => {
    const [first, second] = [secretNumber(1), secretNumber(2)];
    scene.secrets.set('FIRST', first).set('SECOND', second);
    const made = await scene.apply(nightly('FIRST'));
    expect([made.secrets, await accepts(first)]).toEqual([[], true]);
    await scene.apply(nightly('SECOND', 'FIRST'));
    expect([await accepts(first), await accepts(second)]).toEqual([true, true]);
    const plan = await scene.plan(nightly('SECOND'));
    expect(plan.changes[0]?.differences).toEqual([
      { member: 'secrets', added: [], removed: [`${first.slice(0, 8)}…`] },
    ]);
    expect(JSON.stringify(planToJson(plan))).not.toContain(first);
    await scene.apply(nightly('SECOND'));
    expect([await accepts(first), await accepts(second)]).toEqual([false, true]);

    await rotateSecret(scene.rooms, 'nightly', { overlapSeconds: 0, actor: 'cli' });
    expect((await scene.apply(nightly('SECOND'))).plan.changes).toEqual([]);
    expect(await accepts(second)).toBe(false);
  });

  test('that are not set are made for a new client, once, and those of others are left alone', async () => {
    const made = await scene.apply(nightly('UNSET'));
    const [secret] = made.secrets;
    expect(await accepts(secret?.secret ?? '')).toBe(true);
    expect((await scene.apply(nightly('UNSET'))).secrets).toEqual([]);
    scene.secrets.set('WEAK', 'hunter2');
    await expect(scene.plan(nightly('WEAK'))).rejects.toThrow('clients[0].secrets[0] does not hold a secret');
    const { rows } = await scene.rooms.db.pool.query(
      'SELECT managed_things::text AS text FROM managed_things',
    );
    expect(JSON.stringify(rows)).not.toContain(secret?.secret);
  });

  test('of providers are sealed, replaced when they differ, and missed when there are none', async () => {
    const text = file({
      identity_providers: [
        {
          slug: 'contoso',
          kind: 'oidc',
          name: 'Contoso',
          settings: { issuer: 'https://login.example', client_id: 'x' },
          secrets: { client_secret: { env: 'CONTOSO' } },
        },
      ],
    });
    expect((await scene.plan(text)).missing).toEqual([
      'identity-provider contoso needs env CONTOSO, which is not set.',
    ]);
    await expect(scene.apply(text)).rejects.toMatchObject({ code: 'secret_missing' });
    scene.secrets.set('CONTOSO', 'one');
    await scene.apply(text);
    scene.secrets.delete('CONTOSO');
    expect((await scene.plan(text)).changes).toEqual([]);
    scene.secrets.set('CONTOSO', 'two');
    expect((await scene.plan(text)).changes[0]?.differences).toEqual([
      { member: 'secrets', added: ['env CONTOSO'], removed: [] },
    ]);
    await scene.apply(text);
    const provider = await findProvider(scene.rooms.db.knex, 'contoso');
    expect(provider && openSecrets(scene.rooms.seal, provider)).toEqual({ clientSecret: 'two' });
  });
});

test('what was changed by hand has drifted, and it is known who did it', async () => {
  const text = file({ apis: [{ audience: ORDERS, name: 'Orders' }], clients: [machine('a'), machine('b')] });
  await scene.apply(text);
  expect(await findDrift(scene.ctx)).toEqual([]);
  scene.rooms.clock.advance(60_000);
  await disableClient(scene.ctx, 'a', 'account:usr_ada');
  await scene.rooms.db.knex('clients').where({ id: 'b' }).delete();
  expect(await findDrift(scene.ctx, { source: 'other' })).toEqual([]);
  expect(await findDrift(scene.ctx, { source: 'shop' })).toMatchObject([
    {
      key: 'a',
      state: 'changed',
      differences: [{ member: 'disabled', before: false, after: true }],
      latest: { actor: 'account:usr_ada', type: 'client.disabled', at: scene.rooms.clock.now() },
    },
    { key: 'b', state: 'deleted', latest: undefined },
  ]);
  await scene.apply(text);
  expect((await findDrift(scene.ctx)).map(({ key }) => key)).toEqual(['a']);
});
