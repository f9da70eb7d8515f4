import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { createCli, line, type Cli } from '../support/cli.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { TEST_SECRETS } from '../support/server.ts';
import { secretNumber } from './scene.ts';

vi.setConfig({ testTimeout: 60_000 });

let database: TestDatabase;
let folder: string;
let env: Record<string, string>;
let cli: Cli;

beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(path.join(os.tmpdir(), 'guichet-configuration-'));
  env = { GUICHET_DATABASE_URL: database.url, GUICHET_DATA_DIR: folder, CONTOSO_SECRET: 'theirs' };
  cli = createCli(env);
});
afterAll(async () => {
  await database?.drop();
  await rm(folder, { recursive: true, force: true });
});

async function write(name: string, text: string): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, text);
  return file;
}

describe.sequential('guichet', () => {
  test('plan, apply, plan, export, drift', async () => {
    const example = 'examples/guichet.yaml';
    const plan = await cli(line`plan -f ${example}`);
    expect(plan.exitCode).toBe(2);
    expect(plan.stdout).toContain('+ client nightly\n');
    expect(plan.stdout).toContain('9 to create.');
    const [, digest = ''] = /--plan-digest ([0-9a-f]{64})/.exec(plan.stdout) ?? [];
    const applied = await cli(line`apply -f ${example} --plan-digest ${digest}`);
    expect(applied.exitCode, applied.stderr).toBe(0);
    expect(applied.stdout).toMatch(/shown this once:\n {2}nightly {2}gcs_\S+\n {2}shop {2}gcs_\S+\n/);
    expect(await cli(line`plan -f ${example}`)).toMatchObject({
      exitCode: 0,
      stdout: 'Nothing to do: the server is as the file says.\n',
    });
    const exported = await cli(line`export`);
    const file = await write('exported.yaml', exported.stdout);
    expect(await cli.json(line`plan -f ${file}`)).toMatchObject({ name: 'shop', changes: [] });
    expect((await cli(line`drift`)).exitCode).toBe(0);
    await cli.json(line`clients update nightly --name ${'By hand'}`);
    const drift = await cli(line`drift -f ${example}`);
    expect(drift.exitCode).toBe(2);
    expect(drift.stdout).toContain('client_name: Nightly export → By hand');
    expect(drift.stdout).toContain('client.updated by cli at ');
  });

  test('reads secrets and pictures beside the file', async () => {
    await write('nightly.secret', `${secretNumber(7)}\n`);
    await write('logo.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>');
    const file = await write(
      'beside.yaml',
      'version: 1\nname: beside\nclients:\n  - client_id: beside\n    kind: machine\n    secrets: [{ file: nightly.secret }]\n    brand: { logo: { file: logo.svg } }\n',
    );
    expect(await cli.json(line`apply -f ${file}`)).toMatchObject({ secrets: [] });
    expect(await cli.json(line`clients show beside`)).toMatchObject({
      secrets: [{ hint: 'gcs_xxxx' }],
      brand: { logo: 'image/svg+xml' },
    });
    await rm(path.join(folder, 'nightly.secret'));
    const refused = await cli([...line`plan -f ${file}`, '--json']);
    expect(refused.exitCode).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      error: 'configuration_refused',
      problems: [{ path: 'clients[0].secrets[0]', line: 6, column: 15 }],
    });
  });

  test('prints the schema that is published', async () => {
    const published: unknown = JSON.parse(await readFile('docs/guichet.schema.json', 'utf8'));
    expect(await cli.json(line`config schema`)).toEqual(published);
  });

  test('leaves nothing when it is killed in the middle', async () => {
    const file = await write(
      'killed.yaml',
      'version: 1\nname: killed\napis: [{ audience: https://killed.example, name: Killed }]\nclients: [{ client_id: beside, kind: machine, client_name: Killed }]\n',
    );
    const tables = ['apis', 'clients', 'audit_events', 'managed_things'];
    const count = () => Promise.all(tables.map((table) => database.db.knex(table).count()));
    const before = await count();
    const child = await database.db.transaction(async (tx) => {
      // The API is made by the time this client's row is waited for.
      await tx('clients').where({ id: 'beside' }).forUpdate().first('id');
      const applying = spawn(process.execPath, ['src/cli.ts', 'apply', '-f', file, '--take-over'], {
        env: { PATH: process.env['PATH'] ?? '', ...TEST_SECRETS, ...env },
        stdio: 'ignore',
      });
      // Asked over this transaction too, which the server would end if it were idle for ten seconds.
      const isHeldUp = async () => (await tx.raw('SELECT 1')) !== undefined && (await isWaiting());
      await vi.waitUntil(isHeldUp, { timeout: 30_000 });
      applying.kill('SIGKILL');
      await once(applying, 'exit');
      return applying;
    });
    expect(child.signalCode).toBe('SIGKILL');
    await vi.waitUntil(async () => !(await isThere()), { timeout: 10_000 });
    expect(await count()).toEqual(before);
  });
});

async function isWaiting(): Promise<boolean> {
  const { rows } = await database.db.pool.query(
    `SELECT 1 FROM pg_stat_activity WHERE application_name = 'guichet command' AND datname = current_database()
     AND wait_event_type = 'Lock' AND xact_start IS NOT NULL`,
  );
  return rows.length > 0;
}

async function isThere(): Promise<boolean> {
  const { rows } = await database.db.pool.query(
    `SELECT 1 FROM pg_stat_activity WHERE application_name = 'guichet command' AND datname = current_database()
     AND state <> 'idle'`,
  );
  return rows.length > 0;
}
