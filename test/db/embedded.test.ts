import { execFileSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { chmod, cp, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ConnectionSettings } from '../../src/db/database.ts';
import { findBinaries } from '../../src/db/embedded/binaries.ts';
import { startEmbedded } from '../../src/db/embedded.ts';
import { createLogger } from '../../src/log.ts';
import { type EmbeddedProcess, runEmbedded, spawnEmbedded } from '../support/embedded-process.ts';

const isRoot = process.getuid?.() === 0;
const log = createLogger({ level: 'silent' });
const NOBODY = 65_534;

let parent: string;
let dataDir: string;
let running: EmbeddedProcess[];

/** A cluster that has run once; initdb takes longer than all the rest. */
let prepared: string;

beforeAll(async () => {
  prepared = await mkdtemp(path.join(os.tmpdir(), 'guichet-prepared-'));
  await (await startEmbedded({ dataDir: prepared, log, durable: false })).stop();
});

afterAll(() => rm(prepared, { recursive: true, force: true }));

function usePrepared(target = dataDir): void {
  execFileSync('cp', ['-a', prepared, target]);
}

beforeEach(async () => {
  parent = await mkdtemp(path.join(os.tmpdir(), 'guichet-embedded-')); // mode 0700
  dataDir = path.join(parent, 'data');
  running = [];
});

afterEach(async () => {
  await Promise.all(running.map((each) => each.stop()));
  await rm(parent, { recursive: true, force: true });
});

async function run(...args: Parameters<typeof runEmbedded>): Promise<EmbeddedProcess> {
  const started = await runEmbedded(...args);
  running.push(started);
  return started;
}

async function query(connection: ConnectionSettings, statement: string): Promise<unknown[]> {
  const client = new Client({ ...connection, ssl: false });
  await client.connect();
  try {
    const { rows } = await client.query({ text: statement, rowMode: 'array' });
    return rows.flat();
  } finally {
    await client.end();
  }
}

function postmasterPid(): number | undefined {
  const file = path.join(dataDir, 'postgres/data/postmaster.pid');
  return existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : undefined;
}

function parentPid(pid: number): number {
  return Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}

function childPids(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number);
}

function requirePid(): number {
  const pid = postmasterPid();
  if (pid === undefined) throw new Error('no postmaster is running');
  return pid;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    if (await condition()) return;
    await sleep(20);
  }
  throw new Error('it did not happen within ten seconds');
}

describe('starting', () => {
  test('a second start finds the data of the first', async () => {
    const first = await startEmbedded({ dataDir, log });
    await query(first.connection, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    expect(postmasterPid()).toBeUndefined();

    const second = await startEmbedded({ dataDir, log });
    expect(await query(second.connection, 'SELECT answer FROM kept')).toEqual([42]);
    await second.stop();
  });

  test('it is durable, quiet on the network and the same in every language', async () => {
    const { connection } = await run(dataDir, { durable: true });
    const settings = await query(
      connection,
      `SELECT name || '=' || setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes',
         'listen_addresses', 'jit', 'server_encoding', 'data_checksums', 'password_encryption') ORDER BY name`,
    );
    expect(settings).toEqual([
      'data_checksums=on',
      'fsync=on',
      'full_page_writes=on',
      'jit=off',
      'listen_addresses=',
      'password_encryption=scram-sha-256',
      'server_encoding=UTF8',
      'synchronous_commit=on',
    ]);
    expect(await query(connection, `SELECT lower('ÉCOLE'), 'a' < 'B'`)).toEqual(['école', false]);
  });

  test('the password is needed, and only its owner can read it', async () => {
    usePrepared();
    const { connection } = await run(dataDir);
    await expect(query({ ...connection, password: 'guessed' }, 'SELECT 1')).rejects.toMatchObject({
      code: '28P01',
    });
    expect(statSync(path.join(dataDir, 'postgres/password')).mode & 0o777).toBe(0o600);
    expect(statSync(path.join(dataDir, 'postgres')).mode & 0o777).toBe(0o700);
  });

  test('a path that is too long for a socket gets a private folder elsewhere, the same each time', async () => {
    dataDir = path.join(parent, 'a-long-name-'.repeat(9), 'data');
    const first = await startEmbedded({ dataDir, log, durable: false });
    expect(first.connection.host.startsWith(dataDir)).toBe(false);
    expect(statSync(first.connection.host).mode & 0o777).toBe(0o700);
    await first.stop();
    await rm(first.connection.host, { recursive: true }); // as a restart of the machine does

    const second = await startEmbedded({ dataDir, log, durable: false });
    expect(second.connection).toEqual(first.connection);
    expect(await query(second.connection, 'SELECT 1')).toEqual([1]);
    await second.stop();
    await rm(second.connection.host, { recursive: true });
  });

  test('a data directory that cannot be used is named in the error', async () => {
    writeFileSync(dataDir, 'a file');
    await expect(startEmbedded({ dataDir, log })).rejects.toMatchObject({
      code: 'embedded_database_failed',
      message: expect.stringMatching(`cannot run in ${dataDir}.*GUICHET_DATABASE_URL`),
    });
  });

  test('a failing PostgreSQL is quoted in the error', async () => {
    usePrepared();
    writeFileSync(path.join(dataDir, 'postgres/data/postgresql.conf'), 'no_such_setting = 1\n');
    await expect(startEmbedded({ dataDir, log })).rejects.toMatchObject({
      code: 'embedded_database_failed',
      message: expect.stringContaining('no_such_setting'),
    });
  });
});

test('a platform without programs is told what to do instead', () => {
  vi.spyOn(process, 'arch', 'get').mockReturnValue('mips');
  expect(() => findBinaries(undefined, dataDir)).toThrow(
    /no embedded PostgreSQL for .* mips.*GUICHET_DATABASE_URL/,
  );
  vi.restoreAllMocks();
});

describe('several processes', () => {
  test('two that start at once on a fresh directory use one cluster', async () => {
    const [first, second] = await Promise.all([run(dataDir), run(dataDir)]);
    const identity = 'SELECT system_identifier::text FROM pg_control_system()';
    expect(await query(first.connection, identity)).toEqual(await query(second.connection, identity));
    expect(readdirSync(dataDir)).toEqual(['postgres']);
  });

  test('two that start at once on a cluster that is there use one postmaster', async () => {
    usePrepared();
    const [first, second] = await Promise.all([run(dataDir), run(dataDir)]);
    const started = 'SELECT pg_postmaster_start_time()::text';
    expect(await query(first.connection, started)).toEqual(await query(second.connection, started));
  });

  test.each([
    ['stops', (process: EmbeddedProcess) => process.stop()],
    ['is killed', (process: EmbeddedProcess) => process.kill()],
  ])('the one that %s does not pull it away from the other', async (_, end) => {
    usePrepared();
    const first = await run(dataDir);
    const second = await run(dataDir);
    const pid = postmasterPid();
    await end(first);
    await sleep(300);
    expect(await query(second.connection, 'SELECT 1')).toEqual([1]);
    expect(postmasterPid()).toBe(pid);
    await second.stop();
    await until(() => postmasterPid() === undefined);
  });

  test('one joins and leaves again and again while another works', async () => {
    usePrepared();
    const server = await run(dataDir);
    const client = new Client({ ...server.connection, ssl: false });
    await client.connect();
    for (let visit = 0; visit < 10; visit += 1) {
      const guest = await startEmbedded({ dataDir, log });
      expect(await query(guest.connection, 'SELECT 1')).toEqual([1]);
      await guest.stop();
    }
    expect((await client.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await client.end();
  });

  test('starts and stops that meet each other end with a running database', async () => {
    usePrepared();
    await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        await sleep(index * 15);
        const embedded = await startEmbedded({ dataDir, log, durable: false });
        expect(await query(embedded.connection, 'SELECT 1')).toEqual([1]);
        await embedded.stop();
      }),
    );
    await until(() => postmasterPid() === undefined);
  });
});

describe('after a kill -9', () => {
  test('of the only user the postmaster stops by itself, and what was committed is there', async () => {
    usePrepared();
    const first = await run(dataDir, { durable: true });
    await query(first.connection, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.kill();
    await until(() => postmasterPid() === undefined);
    const second = await run(dataDir);
    expect(await query(second.connection, 'SELECT answer FROM kept')).toEqual([42]);
  });

  test('the next start does not have to wait for that', async () => {
    usePrepared();
    for (let round = 0; round < 3; round += 1) {
      const process = await run(dataDir);
      expect(await query(process.connection, 'SELECT 1')).toEqual([1]);
      await process.kill();
    }
    const last = await run(dataDir);
    await sleep(300);
    expect(await query(last.connection, 'SELECT 1')).toEqual([1]);
  });

  test('in the middle of the first start there is no half cluster', async () => {
    const child = spawnEmbedded(dataDir);
    await until(
      () => existsSync(dataDir) && readdirSync(dataDir).some((name) => name.startsWith('postgres.new-')),
    );
    child.kill('SIGKILL');
    const { connection } = await run(dataDir);
    expect(await query(connection, 'SELECT 1')).toEqual([1]);
    await until(async () => {
      await (await startEmbedded({ dataDir, log })).stop();
      return readdirSync(dataDir).every((name) => name === 'postgres' || !name.includes(`${child.pid}`));
    });
  });

  test.runIf(process.platform === 'linux')(
    'of the supervisor too, the next start replaces the postmaster',
    async () => {
      const first = await run(dataDir);
      const pid = requirePid();
      const supervisor = parentPid(pid);
      const shells = [supervisor, ...childPids(supervisor).filter((child) => child !== pid)];
      expect(shells).toHaveLength(2);
      for (const shell of shells) process.kill(shell, 'SIGKILL');
      await first.kill();
      const second = await run(dataDir);
      expect(postmasterPid()).not.toBe(pid);
      expect(await query(second.connection, 'SELECT 1')).toEqual([1]);
    },
  );

  test('of the postmaster, whoever needs it starts it again at the same address', async () => {
    usePrepared();
    const { connection } = await run(dataDir);
    const pid = requirePid();
    process.kill(pid, 'SIGKILL');
    await until(() => postmasterPid() !== undefined && postmasterPid() !== pid);
    await until(() =>
      query(connection, 'SELECT 1').then(
        () => true,
        () => false,
      ),
    );
  });

  test('a stranger who got the number of the postmaster is left alone', async () => {
    usePrepared();
    usePrepared(path.join(parent, 'other'));
    const stranger = await run(path.join(parent, 'other'));
    const pid = Number.parseInt(
      readFileSync(path.join(parent, 'other/postgres/data/postmaster.pid'), 'utf8'),
      10,
    );
    writeFileSync(path.join(dataDir, 'postgres/data/postmaster.pid'), `${pid}\n`, { mode: 0o600 });

    const { connection } = await run(dataDir);
    expect(await query(connection, 'SELECT 1')).toEqual([1]);
    expect(await query(stranger.connection, 'SELECT 1')).toEqual([1]);
  });
});

describe.runIf(isRoot)('as root', () => {
  test('PostgreSQL runs as nobody, below a folder that nobody cannot enter', async () => {
    usePrepared();
    expect(statSync(parent).mode & 0o777).toBe(0o700);
    const { connection } = await run(dataDir);
    expect(statSync(`/proc/${requirePid()}`).uid).toBe(NOBODY);
    expect(await query(connection, 'SHOW data_directory')).toEqual(['/proc/self/cwd']);
  });

  test('its programs are copied once when nobody cannot enter their folder', async () => {
    const installed = findBinaries(undefined, dataDir);
    const version = `test-${path.basename(parent)}`;
    const hidden = path.join(parent, 'native');
    await cp(installed, hidden, { recursive: true, verbatimSymlinks: true });
    const open = await mkdtemp(path.join(os.tmpdir(), 'guichet-open-'));
    await chmod(open, 0o755);
    const owner = { uid: NOBODY, gid: NOBODY };
    const copy = findBinaries(owner, open, { folder: hidden, version });
    expect(copy.startsWith(open)).toBe(true);
    expect(findBinaries(owner, open, { folder: hidden, version })).toBe(copy);
    await rm(open, { recursive: true });
  });

  test('an ordinary user runs it as themselves', async () => {
    chownSync(parent, NOBODY, NOBODY);
    const { connection } = await run(dataDir, { uid: NOBODY });
    expect(statSync(`/proc/${requirePid()}`).uid).toBe(NOBODY);
    expect(await query(connection, 'SHOW data_directory')).toEqual([path.join(dataDir, 'postgres/data')]);
  });

  test('a cluster keeps its owner when root comes after an ordinary user, and the other way round', async () => {
    chownSync(parent, NOBODY, NOBODY);
    await (await run(dataDir, { uid: NOBODY })).stop();
    await (await run(dataDir)).stop();
    const { connection } = await run(dataDir, { uid: NOBODY });
    expect(await query(connection, 'SELECT 1')).toEqual([1]);
  });

  test('somebody else is told whose it is', async () => {
    chownSync(parent, 1234, 1234);
    await (await run(dataDir)).stop();
    chownSync(dataDir, 1234, 1234);
    await expect(run(dataDir, { uid: 1234 })).rejects.toThrow(`belongs to the user with uid ${NOBODY}`);
  });

  test('a data directory may be moved', async () => {
    usePrepared();
    const first = await run(dataDir);
    await query(first.connection, 'CREATE TABLE kept AS SELECT 42 AS answer');
    await first.stop();
    const moved = path.join(parent, 'moved');
    renameSync(dataDir, moved);
    const second = await run(moved);
    expect(await query(second.connection, 'SELECT answer FROM kept')).toEqual([42]);
  });
});
