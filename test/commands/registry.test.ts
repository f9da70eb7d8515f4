import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { createCli, line, type Cli } from '../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const ORDERS = 'https://api.example/orders';
const PASSWORD = 'correct horse battery staple';

/** Each command is a process of half a second, several times that on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

let database: TestDatabase;
let folder: string;
let cli: Cli;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(path.join(os.tmpdir(), 'guichet-cli-'));
  cli = createCli({ GUICHET_DATABASE_URL: database.url, GUICHET_DATA_DIR: folder });
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

describe.sequential('apis', () => {
  test('create, show, list, update, disable, enable, delete', async () => {
    const created = await cli.json(
      line`apis create --audience ${ORDERS} --name Orders --scope ${'read=See = all'} --scope write --ttl 600`,
    );
    expect(created).toMatchObject({
      audience: ORDERS,
      scopes: [
        { name: 'read', description: 'See = all' },
        { name: 'write', description: 'write' },
      ],
      token_ttl_seconds: 600,
      signing_alg: 'ES256',
      disabled_at: null,
    });
    expect(await cli.json(line`apis show ${ORDERS}`)).toEqual(created);
    expect(await cli.json(line`apis show ${String(created['id'])}`)).toEqual(created);
    expect(await cli.json(line`apis list`)).toEqual({ apis: [created], next: null });
    const updated = await cli.json(
      line`apis update ${ORDERS} --remove-scope write --scope ${'read=See orders'} --alg RS256`,
    );
    expect(updated).toMatchObject({
      scopes: [{ name: 'read', description: 'See orders' }],
      signing_alg: 'RS256',
    });
    expect(await cli.json(line`apis disable ${ORDERS}`)).toMatchObject({
      audience: ORDERS,
      tokens_revoked: 0,
    });
    expect(await cli.json(line`apis enable ${ORDERS}`)).toMatchObject({ disabled_at: null });
    expect(await cli.json(line`apis delete ${ORDERS}`)).toMatchObject({ audience: ORDERS });
    expect(await cli.json(line`apis list`)).toEqual({ apis: [], next: null });
  });

  test('a refusal is exit code 1, its reason on standard error, or in the document', async () => {
    const refused = await cli(line`apis create --audience orders --name Orders`);
    expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
    expect(refused.stderr).toContain('invalid_audience');
    const asJson = await cli(line`apis show ${ORDERS} --json`);
    expect(asJson.exitCode).toBe(1);
    expect(JSON.parse(asJson.stdout)).toMatchObject({ error: 'api_not_found' });
  });
});

describe.sequential('clients', () => {
  beforeAll(async () => {
    await cli.json(
      line`apis create --audience ${ORDERS} --name Orders --scope read=See --scope write=Change`,
    );
    await cli.json(line`apis create --audience urn:stock --name Stock --scope count=Count`);
  });

  test('create shows a secret once; show, list and the audit log never do', async () => {
    const created = await cli.json(
      line`clients create --name Shop --kind web --redirect-uri https://shop.example/cb
        --post-logout-redirect-uri https://shop.example/ --backchannel-logout-uri https://shop.example/bye
        --api ${ORDERS} --scopes ${'read write'} --api urn:stock --scopes count --default-api ${ORDERS} --first-party`,
    );
    expect(created).toMatchObject({
      client_name: 'Shop',
      redirect_uris: ['https://shop.example/cb'],
      post_logout_redirect_uris: ['https://shop.example/'],
      backchannel_logout_uri: 'https://shop.example/bye',
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'client_secret_basic',
      first_party: true,
      default_api: ORDERS,
      apis: [
        { audience: ORDERS, scopes: ['read', 'write'] },
        { audience: 'urn:stock', scopes: ['count'] },
      ],
    });
    const secret = String(created['client_secret']);
    expect(secret).toMatch(/^gcs_[\w-]{43}$/);
    const id = String(created['client_id']);
    const shown = await cli(line`clients show ${id}`);
    const listed = await cli(line`clients list --json`);
    expect(shown.stdout + listed.stdout).toContain(id);
    expect(shown.stdout + listed.stdout).not.toContain(secret.slice(9));
  });

  test('a machine is told how to get its first token', async () => {
    const { exitCode, stdout } = await cli(
      line`clients create --name Nightly --kind machine --default-api ${ORDERS}`,
    );
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /curl -u cli_\w+:gcs_[\w-]+ -d grant_type=client_credentials http:\/\/localhost:3000\/token/,
    );
  });

  test('an RFC 7591 document comes from standard input, options override it', async () => {
    const document = {
      client_name: 'From a document',
      redirect_uris: ['https://doc.example/cb'],
      token_endpoint_auth_method: 'none',
    };
    const created = await cli.json(line`clients create --stdin --name Overridden`, JSON.stringify(document));
    expect(created).toMatchObject({
      ...document,
      client_name: 'Overridden',
      grant_types: ['authorization_code'],
    });
    expect(created).not.toHaveProperty('client_secret');
    const updated = await cli.json(
      line`clients update ${String(created['client_id'])} -`,
      JSON.stringify({ client_name: null, tos_uri: 'https://doc.example/tos' }),
    );
    expect(updated).toMatchObject({ tos_uri: 'https://doc.example/tos' });
    expect(updated).not.toHaveProperty('client_name');
    expect(await cli(line`clients create -`, 'no json')).toMatchObject({ exitCode: 2 });
    expect(await cli(line`clients create -`, '[]')).toMatchObject({ exitCode: 2 });
    expect(await cli(line`clients create client.json`, '{}')).toMatchObject({ exitCode: 2 });
    const misspelt = await cli(line`clients create -`, JSON.stringify({ ...document, redirect_urls: [] }));
    expect(misspelt).toMatchObject({ exitCode: 1 });
    expect(misspelt.stderr).toContain('redirect_urls is not a member this server knows');
  });

  test('keys come from a file, and never a private one', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const file = path.join(folder, 'jwks.json');
    const create = [
      'clients',
      'create',
      '--name',
      'Signer',
      '--kind',
      'machine',
      '--auth-method',
      'private_key_jwt',
      '--jwks-file',
      file,
    ];
    await writeFile(file, JSON.stringify(privateKey.export({ format: 'jwk' })));
    expect((await cli(create)).stderr).toContain('private member d');
    await writeFile(file, JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] }));
    const created = await cli.json(create);
    expect(created).toMatchObject({
      jwks: { keys: [{ kty: 'EC' }] },
      token_endpoint_auth_method: 'private_key_jwt',
    });
    expect(created).not.toHaveProperty('client_secret');
    expect(await cli([...create.slice(0, -1), '/nowhere'])).toMatchObject({ exitCode: 2 });
  });

  test('tokens are bound to certificates where the server sees certificates', async () => {
    const create = ['clients', 'create', '--name', 'Bound', '--kind', 'machine', '--certificate-bound'];
    const refused = await cli(create);
    expect(refused).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('GUICHET_CLIENT_CERTIFICATE_HEADER'),
    });
    const certified = createCli({
      GUICHET_DATABASE_URL: database.url,
      GUICHET_DATA_DIR: folder,
      GUICHET_TRUSTED_PROXIES: '127.0.0.1',
      GUICHET_CLIENT_CERTIFICATE_HEADER: 'Client-Cert',
    });
    const created = await certified.json(create);
    expect(created).toMatchObject({ tls_client_certificate_bound_access_tokens: true });
    const id = String(created['client_id']);
    const renamed = await certified.json(['clients', 'update', id, '--name', 'Still bound']);
    expect(renamed).toMatchObject({ tls_client_certificate_bound_access_tokens: true });
    const freed = await cli.json(['clients', 'update', id, '--no-certificate-bound']);
    expect(freed).toMatchObject({ tls_client_certificate_bound_access_tokens: false });
  });

  test('update, rotate-secret, disable, enable, delete', async () => {
    const { client_id } = await cli.json(
      line`clients create --id nightly --name Nightly --kind machine --default-api ${ORDERS}`,
    );
    expect(client_id).toBe('nightly');
    const updated = await cli.json(
      line`clients update nightly --api ${ORDERS} --scopes read --no-default-api --first-party`,
    );
    expect(updated).toMatchObject({
      apis: [{ audience: ORDERS, scopes: ['read'] }],
      default_api: null,
      first_party: true,
    });
    const without = await cli.json(
      line`clients update nightly --remove-api ${ORDERS} --no-first-party --unset client_name`,
    );
    expect(without).toMatchObject({ apis: [], first_party: false });
    const rotated = await cli.json(line`clients rotate-secret nightly --overlap 60`);
    expect(rotated).toMatchObject({ client_id: 'nightly', client_secret: expect.stringMatching(/^gcs_/) });
    expect(Date.parse(String(rotated['previous_expires_at']))).toBeGreaterThan(Date.now());
    expect(await cli.json(line`clients disable nightly`)).toEqual({
      client_id: 'nightly',
      tokens_revoked: 0,
      known_by: expect.any(String),
    });
    expect((await cli.json(line`clients show nightly`))['disabled_at']).not.toBeNull();
    expect(await cli.json(line`clients enable nightly`)).toMatchObject({ disabled_at: null });
    expect(await cli.json(line`clients delete nightly`)).toEqual({
      client_id: 'nightly',
      tokens_revoked: 0,
      known_by: expect.any(String),
    });
    expect(await cli(line`clients show nightly`)).toMatchObject({ exitCode: 1 });
  });

  test('what is wrong is said', async () => {
    const cases: [string[], number, string][] = [
      [['--name', 'X'], 2, '--kind'],
      [['--kind', 'web'], 2, '--name'],
      [['--kind', 'robot', '--name', 'X'], 2, 'Allowed choices'],
      [['--kind', 'api', '--name', 'X'], 2, '--acts-for'],
      [['--kind', 'machine', '--name', 'X', '--scopes', 'read'], 2, '--api'],
      [['--kind', 'machine', '--name', 'X', '--secret', 'chosen'], 2, 'unknown option'],
      [['--kind', 'web', '--name', 'X'], 1, 'redirect_uris'],
      [
        ['--kind', 'web', '--name', 'X', '--redirect-uri', 'http://shop.example/cb'],
        1,
        'invalid_redirect_uri',
      ],
      [['--kind', 'machine', '--name', 'X', '--id', 'usr_1'], 1, 'invalid_client_id'],
      [['--kind', 'machine', '--name', 'X', '--api', 'urn:nothing'], 1, 'api_not_found'],
      [['--kind', 'machine', '--name', 'X', '--api', ORDERS, '--scopes', 'admin'], 1, 'invalid_scope'],
      [['--kind', 'machine', '--name', 'X', '--grant-type', 'password'], 1, 'invalid_client_metadata'],
    ];
    for (const [args, exitCode, text] of cases) {
      const run = await cli(['clients', 'create', ...args]);
      expect([args, run.exitCode, run.stdout]).toEqual([args, exitCode, '']);
      expect(run.stderr).toContain(text);
    }
  });

  test('a list has pages', async () => {
    const first = await cli.json(line`clients list --limit 1`);
    expect(first['clients']).toHaveLength(1);
    const rest = await cli.json(line`clients list --after ${String(first['next'])}`);
    expect(rest['next']).toBeNull();
    expect(rest['clients']).not.toContainEqual((first['clients'] as unknown[])[0]);
    expect(await cli(line`clients list --limit 0`)).toMatchObject({ exitCode: 2 });
    expect((await cli(line`clients list --limit x`)).stderr).toContain('--limit must be a whole number');
  });
});

describe.sequential('users', () => {
  test('create with everything, show by any name, list, update', async () => {
    const created = await cli.json(
      line`users create --email Ada@Example.org --email-verified --username ada --name ${'Ada Lovelace'}
        --given-name Ada --locale en-GB --phone-number ${'+44 20 7946 0000'} --address country=UK --password-stdin`,
      `${PASSWORD}\n`,
    );
    expect(created).toMatchObject({
      email: 'ada@example.org',
      email_verified: true,
      username: 'ada',
      has_password: true,
      profile: {
        name: 'Ada Lovelace',
        given_name: 'Ada',
        locale: 'en-GB',
        phone_number: '+44 20 7946 0000',
        address: { country: 'UK' },
      },
    });
    for (const name of ['ada', 'ADA@example.org', String(created['id'])]) {
      expect(await cli.json(line`users show ${name}`)).toEqual({ ...created, roles: [] });
    }
    expect(await cli.json(line`users list --search ada`)).toEqual({ users: [created], next: null });
    const updated = await cli.json(
      line`users update ada --email ada@example.net --unset username --unset address`,
    );
    expect(updated).toMatchObject({ email: 'ada@example.net', email_verified: false, username: null });
    expect(updated['profile']).not.toHaveProperty('address');
  });

  test('a password comes from standard input, never from an argument', async () => {
    await cli.json(line`users create --username grace`);
    expect(await cli.json(line`users set-password grace`, PASSWORD)).toMatchObject({ tokens_revoked: 0 });
    expect((await cli.json(line`users show grace`))['has_password']).toBe(true);
    expect(await cli(line`users set-password grace ${PASSWORD}`)).toMatchObject({ exitCode: 2 });
    expect(await cli(line`users create --username x --password ${PASSWORD}`)).toMatchObject({ exitCode: 2 });
    expect(await cli(line`users set-password grace`, '')).toMatchObject({ exitCode: 2 });
    expect(await cli(line`users set-password grace`, 'short')).toMatchObject({ exitCode: 1, stdout: '' });
    expect(await cli(line`users set-password nobody`, PASSWORD)).toMatchObject({ exitCode: 1 });
  });

  test('disable, enable, delete', async () => {
    await cli.json(line`users create --username hedy`);
    expect(await cli.json(line`users disable hedy`)).toMatchObject({ tokens_revoked: 0 });
    expect((await cli(line`users list`)).stdout).toMatch(/hedy.*disabled/);
    expect(await cli.json(line`users enable hedy`)).toMatchObject({ disabled_at: null });
    await cli.json(line`users delete hedy`);
    expect(await cli(line`users show hedy`)).toMatchObject({ exitCode: 1 });
  });
});
