import { afterAll, beforeAll, expect, test } from 'vitest';

import { createCli, line, type Cli } from '../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
let database: TestDatabase;
let cli: Cli;

beforeAll(async () => {
  database = await createTestDatabase();
  cli = createCli({ GUICHET_DATABASE_URL: database.url });
  const now = new Date();
  await database.db.knex('identity_providers').insert({
    id: 'idp_1',
    slug: 'staff',
    name: 'Staff',
    kind: 'oidc',
    settings: '{}',
    has_button: false,
    mapping: '{}',
    provisioning: 'link-only',
    trusts_email: false,
    trusts_mfa: false,
    created_at: now,
    updated_at: now,
  });
});
afterAll(() => database.drop());

const issuer = 'https://ci.example.com';
let trustedId: string;
let id: string;

// One after the other: a command is a process, so there are few, and each begins where the last has ended.
test('an operator trusts an issuer', async () => {
  const trusted = await cli.json(
    line`trusted-issuers create ${issuer} --identity-provider staff --alg ES256 --one-time`,
  );
  expect(trusted).toMatchObject({ issuer, one_time: true, algs: ['ES256'], identity_provider_id: 'idp_1' });
  trustedId = String(trusted['id']);
  expect(await cli.json(line`trusted-issuers list`)).toMatchObject({ trusted_issuers: [{ issuer }] });
});

test('and says whose tokens a client may exchange', async () => {
  await cli.json(line`apis create --audience https://api.example/orders --name Orders`);
  const created = await cli.json(
    line`clients create --name Gateway --kind machine --grant-type token-exchange --impersonation
      --exchange-api https://api.example/orders --exchange-issuer ${issuer}`,
  );
  const exchange = {
    apis: ['https://api.example/orders'],
    client_ids: [],
    trusted_issuer_ids: [trustedId],
  };
  expect(created).toMatchObject({ grant_types: [GRANT], exchange: { impersonation: true, ...exchange } });
  id = String(created['client_id']);
  const shown = await cli(line`clients update ${id} --no-impersonation --exchange-client ${id}`);
  expect(shown.stdout).toContain(`tokens for https://api.example/orders\n`);
  expect(shown.stdout).toContain(`if issued to ${id}\n`);
});

test('and takes it back', async () => {
  expect(await cli.json(line`clients update ${id} --no-exchange`)).toMatchObject({
    exchange: { impersonation: false, apis: [], client_ids: [], trusted_issuer_ids: [] },
  });
  expect(await cli.json(line`trusted-issuers delete ${issuer}`)).toMatchObject({ tokens_revoked: 0 });
  const again = await cli(line`clients update ${id} --exchange-issuer ${issuer}`);
  expect(again).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('trusted_issuer_not_found') as unknown,
  });
});
