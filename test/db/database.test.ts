import net from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Database, isUnavailable, openDatabase } from '../../src/db/database.ts';
import { queryOnce } from '../../src/db/query-once.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let db: Database;

beforeAll(async () => {
  database = await createTestDatabase({ empty: true });
  db = database.db;
  await db.knex.raw('CREATE TABLE notes (id bigint PRIMARY KEY, text text, at timestamptz, day date)');
});

afterAll(() => database.drop());

async function rejection(answer: PromiseLike<unknown>): Promise<unknown> {
  const [outcome] = await Promise.allSettled([answer]);
  return outcome.status === 'rejected' ? outcome.reason : expect.unreachable('it did not reject');
}

async function terminateAll(): Promise<void> {
  const other = openDatabase({ connection: database.connection });
  await other.knex.raw(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  await other.close();
}

describe('columns arrive', () => {
  const row = { id: 2 ** 53 - 1, text: 'ü', at: new Date('2026-01-02T03:04:05.678Z'), day: '2026-01-02' };

  test('alike through knex and through the pool', async () => {
    await db.knex('notes').insert(row);
    expect(await db.knex('notes').where({ id: row.id }).first()).toEqual(row);
    const { rows } = await db.pool.query({
      name: 'note',
      text: 'SELECT * FROM notes WHERE id = $1',
      values: [row.id],
    });
    expect(rows).toEqual([row]);
    expect((await db.pool.query('SELECT count(*) AS count FROM notes')).rows).toEqual([{ count: 1 }]);
  });

  test('whole: a bigint beyond 2^53 is an error, not another number', async () => {
    await expect(db.pool.query('SELECT 9007199254740993::bigint')).rejects.toThrow(RangeError);
    await expect(db.knex.raw('SELECT 9007199254740993::bigint')).rejects.toThrow('does not fit');
    expect((await db.pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
  });
});

describe('a connection', () => {
  test('of the pool plans a statement once, but not one that is to be planned for its values', async () => {
    const mode = `SELECT current_setting('plan_cache_mode') AS mode, current_setting('enable_seqscan') AS scans`;
    expect((await db.pool.query(mode)).rows).toEqual([{ mode: 'force_generic_plan', scans: 'off' }]);
    expect((await queryOnce(db.pool, mode, [])).rows).toEqual([{ mode: 'force_custom_plan', scans: 'on' }]);
    await expect(queryOnce(db.pool, 'DELETE FROM notes', [])).rejects.toThrow('read-only');
    expect((await db.pool.query(mode)).rows).toEqual([{ mode: 'force_generic_plan', scans: 'off' }]);
    expect((await db.knex.raw(mode)).rows).toEqual([{ mode: 'auto', scans: 'on' }]);
  });

  test('is opened from a URL as from settings, by knex and by the pool', async () => {
    const other = openDatabase({ url: database.url, applicationName: 'by url' });
    const name = 'SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()';
    expect((await other.knex.raw(name)).rows).toEqual([{ application_name: 'by url' }]);
    expect((await other.pool.query(name)).rows).toEqual([{ application_name: 'by url' }]);
    await other.close();
  });

  test('never waits for ever', async () => {
    for (const setting of ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']) {
      const byPool = await db.pool.query(`SELECT current_setting('${setting}') AS value`);
      const byKnex = await db.knex.raw(`SELECT current_setting('${setting}') AS value`);
      expect(byPool.rows).toEqual(byKnex.rows);
      expect(byPool.rows[0].value).toMatch(/^\d+s$/);
    }
  });

  test('is bounded in number, both ways together', async () => {
    const other = openDatabase({ connection: database.connection, poolMax: 4, applicationName: 'bounded' });
    await Promise.all(Array.from({ length: 20 }, () => other.pool.query('SELECT pg_sleep(0.01)')));
    await Promise.all(Array.from({ length: 20 }, () => other.knex.raw('SELECT pg_sleep(0.01)')));
    const { rows } = await db.pool.query(
      `SELECT count(*) AS count FROM pg_stat_activity WHERE application_name = 'bounded'`,
    );
    expect(rows).toEqual([{ count: 4 }]);
    await other.close();
  });
});

describe('a transaction', () => {
  test('commits what its work did', async () => {
    expect(await db.transaction((tx) => tx('notes').insert({ id: 1 }, ['id']))).toEqual([{ id: 1 }]);
    expect(await db.knex('notes').where({ id: 1 })).toHaveLength(1);
  });

  test('rolls back when its work rejects', async () => {
    const work = db.transaction(async (tx) => {
      await tx('notes').insert({ id: 2 });
      throw new Error('changed my mind');
    });
    await expect(work).rejects.toThrow('changed my mind');
    expect(await db.knex('notes').where({ id: 2 })).toEqual([]);
  });

  test('rejects when the error of a statement was swallowed, as nothing was committed', async () => {
    const work = db.transaction(async (tx) => {
      await tx('notes').insert({ id: 3 });
      await tx('notes')
        .insert({ id: 3 })
        .catch(() => undefined);
    });
    await expect(work).rejects.toThrow('nothing can be committed');
    expect(await db.knex('notes').where({ id: 3 })).toEqual([]);
  });

  test('may take a savepoint around a statement that may fail', async () => {
    await db.transaction(async (tx) => {
      await tx('notes').insert({ id: 4 });
      await tx.transaction((inner) => inner('notes').insert({ id: 4 })).catch(() => undefined);
    });
    expect(await db.knex('notes').where({ id: 4 })).toHaveLength(1);
  });

  test('keeps values out of the messages of errors', async () => {
    const error = await rejection(db.knex('notes').insert({ id: 1, text: 'my-secret' }));
    expect(error).toMatchObject({ code: '23505' });
    expect(String(error)).not.toContain('my-secret');
  });

  test('waits for a hot path although all everyday connections are in use', async () => {
    const other = openDatabase({ connection: database.connection, poolMax: 2 });
    const result = await other.transaction(async (tx) => {
      await tx.raw('SELECT 1');
      return other.pool.query('SELECT 1 AS one');
    });
    expect(result.rows).toEqual([{ one: 1 }]);
    await other.close();
  });
});

describe('a database that is away', () => {
  test('costs the statements under way and nothing else: not the process, not the next statement', async () => {
    const other = openDatabase({ connection: database.connection });
    await Promise.all([other.pool.query('SELECT 1'), other.knex.raw('SELECT 1')]);
    const sleeping = [
      rejection(other.pool.query('SELECT pg_sleep(30)')),
      rejection(other.knex.raw('SELECT pg_sleep(30)')),
      // The connection is lost between two statements, when nobody listens but us.
      rejection(
        other.transaction(async (tx) => {
          await tx.raw('SELECT 1');
          await sleep(1_000);
          await tx.raw('SELECT 1');
        }),
      ),
    ];
    const client = await other.pool.connect();
    await sleep(300);
    await terminateAll();
    for (const error of await Promise.all(sleeping)) expect(error).toSatisfy(isUnavailable);
    expect(await rejection(client.query('SELECT 1'))).toSatisfy(isUnavailable);
    client.release();
    expect((await other.pool.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    expect((await other.knex.raw('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    await other.close();
  });

  test.each([
    ['a port where nobody listens', { host: '127.0.0.1', port: 1 }],
    ['a socket that is gone', { host: '/nowhere' }],
    ['a name that does not exist', { host: 'nowhere.invalid' }],
  ])('%s', async (_, where) => {
    const other = openDatabase({ connection: { ...database.connection, ...where } });
    expect(await rejection(other.pool.query('SELECT 1'))).toSatisfy(isUnavailable);
    expect(await rejection(other.knex.raw('SELECT 1'))).toSatisfy(isUnavailable);
    await other.close();
  });

  test('a peer that accepts and says nothing is given up within seconds', async () => {
    const silent = net.createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as net.AddressInfo;
    const other = openDatabase({ connection: { ...database.connection, host: '127.0.0.1', port } });
    const errors = await Promise.all([
      rejection(other.pool.query('SELECT 1')),
      rejection(other.knex.raw('SELECT 1')),
    ]);
    for (const error of errors) expect(error).toSatisfy(isUnavailable);
    await other.close();
    silent.close();
  }, 10_000);

  test('a full pool is given up within seconds', async () => {
    const other = openDatabase({ connection: database.connection, poolMax: 2 });
    const slow = Promise.all([other.pool.query('SELECT pg_sleep(5)'), other.knex.raw('SELECT pg_sleep(5)')]);
    await sleep(100);
    const errors = await Promise.all([
      rejection(other.pool.query('SELECT 1')),
      rejection(other.knex.raw('SELECT 1')),
    ]);
    for (const error of errors) expect(error).toSatisfy(isUnavailable);
    await slow;
    await other.close();
  }, 15_000);

  test('is told from a statement that is wrong', async () => {
    expect(await rejection(db.pool.query('SELECT nothing'))).not.toSatisfy(isUnavailable);
    expect(await rejection(db.knex('notes').insert({ id: 1 }))).not.toSatisfy(isUnavailable);
    const stranger = openDatabase({ connection: { ...database.connection, password: 'guessed' } });
    expect(await rejection(stranger.pool.query('SELECT 1'))).not.toSatisfy(isUnavailable);
    await stranger.close();
    expect(isUnavailable(undefined)).toBe(false);
    expect(isUnavailable(new Error('anything else'))).toBe(false);
  });

  test('is known by its SQLSTATE, also as a cause', () => {
    const withCode = (code: string): Error => Object.assign(new Error(code), { code });
    for (const code of ['08006', '08P01', '57P01', '57P02', '57P03', '53300']) {
      expect(withCode(code)).toSatisfy(isUnavailable);
      expect(new Error('outer', { cause: withCode(code) })).toSatisfy(isUnavailable);
    }
    for (const code of ['23505', '40001', '57014', '28P01'])
      expect(withCode(code)).not.toSatisfy(isUnavailable);
  });
});
