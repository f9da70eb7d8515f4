import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

import { createCli, runCli, type CliOptions } from '../support/cli.ts';
import { createTestDatabase } from '../support/database.ts';
import { freePort } from '../support/server.ts';

/** Those that are processes take half a second each, several times that on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'guichet-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** No database is asked: every one of these must be answered before. */
function withoutDatabase(args: readonly string[], options?: CliOptions) {
  const env = { GUICHET_DATA_DIR: folder, GUICHET_DATABASE_URL: 'postgres://nobody@127.0.0.1:1/x' };
  return createCli(env, options)(args);
}

test('help is exit code 0, and every verb has some', async () => {
  const top = await withoutDatabase(['--help'], { processes: true });
  expect(top).toMatchObject({ exitCode: 0, stderr: '' });
  const nouns = [
    'apis',
    'clients',
    'users',
    'tokens',
    'sessions',
    'keys',
    'mails',
    'trusted-issuers',
    'registration-tokens',
    'migrate',
    'doctor',
  ];
  for (const noun of nouns) expect(top.stdout).toContain(`  ${noun} `);
  const verbs = [
    ...['create', 'list', 'show', 'update', 'disable', 'enable', 'delete'].map((verb) => ['apis', verb]),
    ...['create', 'update', 'rotate-secret'].map((verb) => ['clients', verb]),
    ...['create', 'invite', 'set-password', 'send-reset'].map((verb) => ['users', verb]),
    ['tokens', 'inspect'],
    ['tokens', 'revoke'],
    ['sessions', 'end'],
    ['keys', 'revoke'],
    ['mails', 'show'],
    ['trusted-issuers', 'create'],
    ['registration-tokens', 'create'],
    ['migrate'],
    ['doctor'],
  ];
  for (const verb of verbs) {
    const help = await withoutDatabase([...verb, '--help']);
    expect([verb, help.exitCode, help.stderr]).toEqual([verb, 0, '']);
    expect(help.stdout).toContain('--json');
  }
});

test.each([
  [[]],
  [['nonsense']],
  [['apis']],
  [['apis', 'nonsense']],
  [['apis', 'list', '--nonsense']],
  [['apis', 'list', 'x']],
  [['apis', 'show']],
  [['keys', 'revoke']],
])('%j is wrong usage: exit code 2, nothing on standard output', async (args) => {
  const run = await withoutDatabase(args);
  expect(run).toMatchObject({ exitCode: 2, stdout: '' });
  expect(run.stderr).not.toBe('');
});

test('with --json, wrong usage is a document too', async () => {
  const run = await withoutDatabase(['apis', 'show', '--json'], { processes: true });
  expect(run.exitCode).toBe(2);
  expect(JSON.parse(run.stdout)).toMatchObject({ error: 'usage' });
});

test('a database that is away is exit code 3', async () => {
  const env = {
    GUICHET_DATA_DIR: folder,
    GUICHET_DATABASE_URL: `postgres://nobody@127.0.0.1:${await freePort()}/x`,
  };
  const run = await runCli(env, ['apis', 'list', '--json']);
  expect(run.exitCode).toBe(3);
  expect(JSON.parse(run.stdout)).toMatchObject({ error: 'database_unreachable' });
  expect(run.stderr).toContain('doctor');
});

test('a configuration that cannot be used is refused with all of its problems', async () => {
  const run = await runCli({ GUICHET_DATA_DIR: folder, GUICHET_PROT: '1', GUICHET_PORT: 'x' }, [
    'apis',
    'list',
  ]);
  expect(run.exitCode).toBe(1);
  expect(run.stderr).toContain('GUICHET_PROT');
  expect(run.stderr).toContain('GUICHET_PORT');
});

test('a schema that is behind is refused until somebody migrates it', async () => {
  const database = await createTestDatabase({ empty: true });
  try {
    const env = { GUICHET_DATABASE_URL: database.url, GUICHET_DATA_DIR: folder };
    const cli = createCli(env, { processes: true });
    const refused = await cli(['apis', 'list', '--json']);
    expect(refused.exitCode).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: 'schema_behind' });
    const files = await readdir('migrations');
    const runs = await Promise.all(Array.from({ length: 3 }, () => cli.json(['migrate'])));
    const applied = runs.flatMap((run) => run['applied'] as string[]);
    // Three at once: each migration was run by one of them.
    expect(applied.sort()).toEqual(files.map((file) => path.basename(file, '.ts')).sort());
    expect(await cli.json(['migrate'])).toEqual({ applied: [] });
    expect(await cli.json(['apis', 'list'])).toEqual({ apis: [], next: null });
  } finally {
    await database.drop();
  }
});

test(
  'without a database of its own it brings the embedded one up for as long as it runs',
  { timeout: 120_000 },
  async () => {
    const cli = createCli({ GUICHET_DATA_DIR: path.join(folder, 'embedded') }, { processes: true });
    const create = (name: string) =>
      cli.json(['apis', 'create', '--audience', `urn:${name}`, '--name', name]);
    await create('first');
    await Promise.all([create('second'), create('third')]);
    const { apis } = await cli.json(['apis', 'list']);
    expect(apis).toMatchObject([{ name: 'first' }, { name: 'second' }, { name: 'third' }]);
  },
);
