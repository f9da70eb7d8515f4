import { afterAll, beforeAll, expect, test } from 'vitest';

import { ADMIN_SCOPES } from '../../src/admin/scopes.ts';
import { openAdmin, type AdminScene } from './scene.ts';

let admin: AdminScene;

beforeAll(async () => {
  admin = await openAdmin();
});
afterAll(() => admin.stop());

const configuration = {
  version: 1,
  apis: [
    {
      audience: 'https://api.example/orders',
      name: 'Orders',
      scopes: [{ name: 'read', description: 'Read' }],
    },
  ],
  clients: [
    {
      client_id: 'nightly',
      kind: 'machine',
      client_name: 'Nightly',
      apis: [{ audience: 'https://api.example/orders', scopes: ['read'] }],
    },
  ],
};

test('a file is planned, applied as it was reviewed, exported, and drift is seen', async () => {
  const plan = await admin.call('POST', '/configuration/plan', { body: { configuration } });
  expect(plan.status).toBe(200);
  expect(
    plan.body.changes.map(({ action, key }: { action: string; key: string }) => `${action} ${key}`),
  ).toEqual(['create https://api.example/orders', 'create nightly']);
  const stale = { configuration, plan_digest: '0'.repeat(64) };
  expect((await admin.call('POST', '/configuration/apply', { body: stale })).status).toBe(409);
  const reviewed = { configuration, plan_digest: plan.body.digest };
  const applied = await admin.call('POST', '/configuration/apply', { body: reviewed });
  expect(applied.body).toMatchObject({ applied: { create: 2 }, secrets: [{ client_id: 'nightly' }] });
  const again = await admin.call('POST', '/configuration/apply', { body: { configuration } });
  expect(again.body).toMatchObject({ applied: { create: 0, change: 0 }, secrets: [] });

  const exported = await admin.call('GET', '/configuration');
  expect(exported.body.clients.map(({ client_id: id }: { client_id: string }) => id)).toContain('nightly');
  expect(JSON.stringify(exported.body)).not.toContain('gcs_');

  await admin.call('PATCH', '/clients/nightly', { body: { client_name: 'Daily' } });
  const { body } = await admin.call('GET', '/configuration/drift');
  expect(body.drift).toMatchObject([{ kind: 'client', key: 'nightly', state: 'changed' }]);
});

test('a file reads nothing of the server, and says where it is wrong', async () => {
  const logo = { file: '/etc/passwd' };
  const clients = [{ ...configuration.clients[0], client_id: 'branded', brand: { logo } }];
  const refused = await admin.call('POST', '/configuration/plan', {
    body: { configuration: { version: 1, clients } },
  });
  expect(refused.status).toBe(400);
  expect(refused.body.detail).toContain('clients[0]');
});

test('only who may change everything that a file can hold applies one', async () => {
  const scopes = ADMIN_SCOPES.map(({ name }) => name).filter((name) => name !== 'admin:roles:write');
  const token = await admin.tokenFor(scopes);
  const body = { configuration };
  expect((await admin.call('POST', '/configuration/plan', { token, body })).status).toBe(200);
  expect((await admin.call('POST', '/configuration/apply', { token, body })).status).toBe(403);
});

test('a file gives nobody a right to this API that whoever applies it lacks, nor changes who has it', async () => {
  const audience = `${admin.issuer}/admin/v1`;
  const scopes = ADMIN_SCOPES.map(({ name }) => name).filter((name) => name !== 'admin:keys:write');
  const token = await admin.tokenFor(scopes);
  const file = (things: object) => ({ configuration: { version: 1, name: 'reach', ...things } });
  const strong = { client_id: 'strong', kind: 'machine', client_name: 'Strong' };
  const access = (scope: string) => ({ ...strong, apis: [{ audience, scopes: [scope] }] });
  const role = (scope: string) => ({ api: audience, name: 'keeper', scopes: [scope] });
  const provider = {
    kind: 'oidc',
    slug: 'corp',
    name: 'Corp',
    groups: [{ group: 'staff', api: audience, role: 'owner' }],
    settings: { issuer: 'https://id.example', client_id: 'g', auth_method: 'none' },
  };
  const status = async (things: object, by: string = token): Promise<number> =>
    (await admin.call('POST', '/configuration/apply', { token: by, body: file(things) })).status;
  expect(await status({ clients: [access('admin:keys:write')] })).toBe(403);
  expect(await status({ roles: [role('admin:keys:write')] })).toBe(403);
  expect(await status({ identity_providers: [provider] })).toBe(403);
  expect(await status({ clients: [access('admin:keys:read')], roles: [role('admin:keys:read')] })).toBe(200);
  // It is there already, and with its key one could act as it does.
  expect(await status({ clients: [access('admin:keys:write')] }, admin.owner)).toBe(200);
  expect(await status({ clients: [strong] })).toBe(403);
});
