import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { createCli, line, type Cli } from '../support/cli.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const ORDERS = 'https://api.example/orders';

/** Each command is a process of half a second, several times that on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

let server: TestServer;
let cli: Cli;
let env: Record<string, string>;
let credentials: string;

beforeAll(async () => {
  server = await startTestServer();
  const { config } = server.services;
  env = {
    GUICHET_DATABASE_URL: server.database.url,
    GUICHET_DATA_DIR: config.dataDir,
    GUICHET_ISSUER: config.issuer,
    GUICHET_PORT: String(config.listen.port),
  };
  cli = createCli(env);
  await cli.json(line`apis create --audience ${ORDERS} --name Orders --scope ${'read=See orders'}`);
  const client = await cli.json(
    line`clients create --name Nightly --kind machine --id nightly --api ${ORDERS} --scopes read --default-api ${ORDERS}`,
  );
  credentials = `Basic ${Buffer.from(`nightly:${String(client['client_secret'])}`).toString('base64')}`;
});
afterAll(() => server.stop());

async function post(endpoint: string, body: Record<string, string>): Promise<Record<string, unknown>> {
  const response = await fetch(`${server.issuer}${endpoint}`, {
    method: 'POST',
    headers: { authorization: credentials },
    body: new URLSearchParams(body),
  });
  const text = await response.text();
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
}

async function getToken(): Promise<string> {
  const answer = await post('/token', { grant_type: 'client_credentials', scope: 'read' });
  expect(answer).toMatchObject({ access_token: expect.any(String) });
  return String(answer['access_token']);
}

const isActive = async (token: string) => (await post('/token/introspection', { token }))['active'];

describe.sequential('tokens', () => {
  test('inspect says what a token is and whether it is alive', async () => {
    const token = await getToken();
    const alive = await cli.json(line`tokens inspect`, `${token}\n`);
    expect(alive).toMatchObject({
      kind: 'jwt',
      active: true,
      state: 'active',
      signature: 'valid',
      header: { typ: 'at+jwt', alg: 'ES256' },
      claims: { client_id: 'nightly', aud: ORDERS, scope: 'read' },
      ledger: { client_id: 'nightly', revoked_at: null },
    });
    expect((await cli(line`tokens inspect`, token)).stdout).toContain('alive');
    const [header, payload, signature = ''] = token.split('.');
    const forged = `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`;
    expect(await cli.json(line`tokens inspect`, forged)).toMatchObject({
      active: false,
      signature: 'invalid',
      state: 'not-ours',
    });
    const foreign = `${Buffer.from('{"alg":"ES256","kid":"x\\u0000"}').toString('base64url')}.${payload}.${signature}`;
    expect(await cli.json(line`tokens inspect`, foreign)).toMatchObject({
      signature: 'foreign',
      state: 'not-ours',
    });
    for (const nonsense of ['nonsense', '\0', 'a.b.c', '🎟']) {
      expect(await cli.json(line`tokens inspect`, nonsense)).toMatchObject({ active: false });
    }
    expect(await cli(line`tokens inspect`, '')).toMatchObject({ exitCode: 2 });
  });

  test('revoke ends a token for the running server at once', async () => {
    const [first, second] = [await getToken(), await getToken()];
    expect([await isActive(first), await isActive(second)]).toEqual([true, true]);
    expect(await cli.json(line`tokens revoke --token-stdin`, first)).toMatchObject({ tokens_revoked: 1 });
    expect([await isActive(first), await isActive(second)]).toEqual([false, true]);
    expect(await cli.json(line`tokens inspect`, first)).toMatchObject({ active: false, state: 'revoked' });
    const { claims } = await cli.json(line`tokens inspect`, second);
    const { jti } = claims as { jti: string };
    expect(await cli.json(line`tokens revoke --jti ${jti}`)).toMatchObject({ tokens_revoked: 1 });
    expect(await isActive(second)).toBe(false);
    expect(await cli.json(line`tokens revoke --jti ${jti}`)).toMatchObject({ tokens_revoked: 0 });
  });

  test.each([
    ['--client', () => 'nightly'],
    ['--api', () => ORDERS],
    ['--issued-before', () => new Date(Date.now() + 1000).toISOString()],
  ])('revoke %s', async (option, value) => {
    const token = await getToken();
    const { tokens_revoked } = await cli.json(line`tokens revoke ${option} ${value()}`);
    expect(tokens_revoked).toBeGreaterThanOrEqual(1);
    expect(await isActive(token)).toBe(false);
    // The client itself may go on.
    expect(await isActive(await getToken())).toBe(true);
  });

  test('revoke wants exactly one target, and one that exists', async () => {
    for (const args of [
      [],
      ['--jti', 'x', '--grant', 'y'],
      ['--issued-before', 'yesterday'],
      ['--issued-before', '2026-01-31'],
    ]) {
      expect(await cli(['tokens', 'revoke', ...args])).toMatchObject({ exitCode: 2 });
    }
    for (const args of [
      ['--client', 'x'],
      ['--api', 'x'],
      ['--user', 'x'],
      ['--key', 'x'],
    ]) {
      expect(await cli(['tokens', 'revoke', ...args])).toMatchObject({ exitCode: 1 });
    }
    for (const token of ['nonsense', 'a.b.c']) {
      expect(await cli(line`tokens revoke --token-stdin`, token)).toMatchObject({ exitCode: 1 });
    }
  });
});

describe.sequential('the running server follows', () => {
  test('a disabled client is refused at once, an enabled one is welcome', async () => {
    const token = await getToken();
    await cli.json(line`clients disable nightly`);
    expect(await post('/token', { grant_type: 'client_credentials' })).toMatchObject({
      error: 'invalid_client',
    });
    await cli.json(line`clients enable nightly`);
    expect(await isActive(token)).toBe(false);
    expect(await isActive(await getToken())).toBe(true);
  });

  test('keys rotate and are revoked', async () => {
    const token = await getToken();
    const rotated = await cli.json(line`keys rotate --alg ES256 --now`);
    const [rotation] = rotated['rotations'] as { kid: string; previous_kid: string; state: string }[];
    expect(rotation).toMatchObject({ alg: 'ES256', state: 'active' });
    expect(await isActive(token)).toBe(true);
    const { keys } = await cli.json(line`keys list`);
    expect(keys).toContainEqual(expect.objectContaining({ kid: rotation?.kid, state: 'active' }));
    expect(JSON.stringify(keys)).not.toMatch(/sealed|"d"/);
    const revoked = await cli.json(line`keys revoke --kid ${rotation?.previous_kid ?? ''}`);
    expect(revoked['tokens_revoked']).toBeGreaterThanOrEqual(1);
    expect(await isActive(token)).toBe(false);
    expect(await cli(line`keys revoke --kid x`)).toMatchObject({ exitCode: 1 });
  });

  test('a registration token lets an application register itself', async () => {
    const { initial_access_token: token } = await cli.json(line`registration-tokens create --ttl 60`);
    const register = (body: unknown) =>
      fetch(`${server.issuer}/reg`, {
        method: 'POST',
        headers: { authorization: `Bearer ${String(token)}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    const metadata = { client_name: 'Itself', redirect_uris: ['https://itself.example/cb'] };
    const refused = await register({ ...metadata, redirect_uris: ['http://itself.example/cb'] });
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: 'invalid_redirect_uri' }]);
    const accepted = await register({ ...metadata, client_id: 'usr_1' });
    const client = (await accepted.json()) as Record<string, unknown>;
    expect(accepted.status).toBe(201);
    expect(client['client_id']).toMatch(/^cli_/);
    expect(await cli.json(line`clients show ${String(client['client_id'])}`)).toMatchObject({
      ...metadata,
      origin: 'dynamic',
    });
    for (const ttl of ['0', '2592001', 'x']) {
      expect(await cli(line`registration-tokens create --ttl ${ttl}`)).toMatchObject({ exitCode: 2 });
    }
  });

  test('sessions of nobody are listed', async () => {
    expect(await cli.json(line`sessions list`)).toEqual({ sessions: [], next: null });
    expect(await cli(line`sessions list --user nobody`)).toMatchObject({ exitCode: 1 });
    expect(await cli.json(line`sessions end none`)).toMatchObject({ tokens_revoked: 0 });
  });
});

describe.sequential('doctor', () => {
  const states = (report: Record<string, unknown>) =>
    (report['checks'] as { check: string; state: string }[]).map(({ check, state }) => `${check} ${state}`);

  test('finds nothing wrong with a server that runs', async () => {
    const report = await cli.json(line`doctor`);
    expect(report['ok']).toBe(true);
    expect(states(report).filter((state) => !state.endsWith('warning'))).toEqual([
      'configuration ok',
      'database ok',
      'schema ok',
      'clock ok',
      'keys ok',
      'secrets ok',
      'issuer ok',
      'mail ok',
    ]);
  });

  test.each<[string, Record<string, string>, string]>([
    ['a misspelt variable', { GUICHET_PROT: '1' }, 'configuration problem'],
    [
      'a database that is away',
      { GUICHET_DATABASE_URL: 'postgres://nobody@127.0.0.1:1/x' },
      'database problem',
    ],
    [
      'another encryption key',
      { GUICHET_ENCRYPTION_KEY: 'qqvEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJB8=' },
      'keys problem',
    ],
    ['an issuer where nobody answers', { GUICHET_ISSUER: 'http://localhost:1' }, 'issuer problem'],
  ])('finds %s, says what to do, and exits with 1', async (_what, wrong, finding) => {
    const run = await createCli({ ...env, ...wrong })(['doctor', '--json']);
    expect(run.exitCode).toBe(1);
    const report = JSON.parse(run.stdout) as Record<string, unknown>;
    expect(report['ok']).toBe(false);
    expect(states(report)).toContain(finding);
  });
});
