import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { findAccountByIdentifier } from '../../src/accounts/store.ts';
import { insertIdentity } from '../../src/upstream/identity-store.ts';
import { findProvider } from '../../src/upstream/store.ts';
import { createCli, line, type Cli } from '../support/cli.ts';
import { makeClient, makePerson } from '../support/factories.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

vi.setConfig({ testTimeout: 120_000 });

/** Another Guichet is the provider. */
let upstream: TestServer;
let server: TestServer;
let cli: Cli;
let client: { id: string; secret: string };

beforeAll(async () => {
  [upstream, server] = await Promise.all([startTestServer(), startTestServer()]);
  const { config } = server.services;
  cli = createCli({
    GUICHET_DATABASE_URL: server.database.url,
    GUICHET_DATA_DIR: config.dataDir,
    GUICHET_ISSUER: config.issuer,
  });
  const { id, secret = '' } = await makeClient(upstream.services, 'web', {
    metadata: { redirect_uris: [`${server.issuer}/upstream/contoso/callback`] },
  });
  client = { id, secret };
});
afterAll(async () => {
  await server.stop();
  await upstream.stop();
});

describe.sequential('an OpenID provider', () => {
  test('is checked without a person: metadata, keys, and our credentials', async () => {
    const create = line`identity-providers create oidc --name Contoso --issuer ${upstream.issuer} --client-id ${client.id}`;
    await cli.json(create, 'not the secret');
    expect(await cli(line`identity-providers check contoso`)).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('does not know our client id and secret'),
    });
    await cli.json(line`identity-providers update contoso --new-secret`, `${client.secret}\n`);
    expect(await cli.json(line`identity-providers check contoso`)).toMatchObject({
      slug: 'contoso',
      token_endpoint: `${upstream.issuer}/token`,
      signing_algs: expect.arrayContaining(['RS256']),
      keys: expect.any(Number),
      pkce: 'S256',
      iss_parameter: true,
      backchannel_logout: true,
    });
  });

  test('that is none is told from one that is away', async () => {
    const nowhere = line`identity-providers create oidc --name Away --issuer http://localhost:1 --client-id a`;
    await cli.json(nowhere, 'secret');
    const answer = await cli(line`identity-providers check away --json`);
    expect(answer.exitCode).toBe(1);
    expect(JSON.parse(answer.stdout)).toMatchObject({
      error: 'identity_provider_unusable',
      reason: expect.stringContaining('discovery document'),
    });
    expect(await cli(line`identity-providers check nobody`)).toMatchObject({ exitCode: 1 });
  });

  test('is reached otherwise from then on', async () => {
    const changed = line`identity-providers update away --issuer http://localhost:2 --client-id b --scope email --acr-value mfa --domain away.example --groups roles`;
    expect(await cli.json(changed)).toMatchObject({
      settings: {
        issuer: 'http://localhost:2',
        client_id: 'b',
        scopes: ['openid', 'email'],
        acr_values: ['mfa'],
        auth_method: 'client_secret_basic',
      },
      domains: ['away.example'],
      groups_attribute: 'roles',
    });
    const emptied = line`identity-providers update away --no-acr-value --no-domain --no-groups`;
    expect(await cli.json(emptied)).toMatchObject({
      settings: { acr_values: [] },
      domains: [],
      groups_attribute: 'groups',
    });
    expect(await cli(line`identity-providers update away --base dc=example`)).toMatchObject({ exitCode: 1 });
  });

  test('knows people as somebody: listed, and taken away', async () => {
    const { email } = await makePerson(server.services);
    const provider = await findProvider(server.database.db.knex, 'contoso');
    const account = await findAccountByIdentifier(server.database.db.knex, email ?? '');
    const now = server.services.clock.now();
    const identity = {
      id: 'idn_test',
      issuer: upstream.issuer,
      subject: 'acc_\u001b[31m\u202e',
      label: 'Ada',
    };
    await insertIdentity(server.database.db.knex, {
      ...identity,
      providerId: provider?.id ?? '',
      accountId: account?.id ?? '',
      linkedAt: now,
      lastUsedAt: null,
    });
    expect(await cli.json(line`users identities ${email ?? ''}`)).toMatchObject({
      identities: [{ id: 'idn_test', provider: 'contoso', issuer: upstream.issuer, last_used_at: null }],
    });
    const { stdout } = await cli(line`users identities ${email ?? ''}`);
    expect(stdout).toContain('contoso');
    expect(['\u001b', '\u202e'].filter((part) => stdout.includes(part))).toEqual([]);
    expect(await cli(line`users disconnect ${email ?? ''} idn_other`)).toMatchObject({ exitCode: 1 });
    expect(await cli.json(line`users disconnect ${email ?? ''} idn_test`)).toMatchObject({
      identity: 'idn_test',
      tokens_revoked: 0,
    });
    expect((await cli(line`users identities ${email ?? ''}`)).stdout).toContain('no identity provider');
  });
});
