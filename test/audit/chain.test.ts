import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { GENESIS, linkHash } from '../../src/audit/chain.ts';
import { exportEvents } from '../../src/audit/export.ts';
import { record } from '../../src/audit/record.ts';
import { verifyChain } from '../../src/audit/verify-chain.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const NOW = new Date('2026-03-04T05:06:07.089Z');

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase({ poolMax: 40 });
});
afterAll(() => database.drop());

const verify = () => verifyChain({ pool: database.db.pool, keys: [], issuer: 'https://login.example.com' });

function write(...types: readonly string[]): Promise<void> {
  return database.db.transaction(async (tx) => {
    for (const type of types) await record(tx, { occurredAt: NOW, type, actor: 'cli', detail: { type } });
  });
}

async function chainedTypes(): Promise<string[]> {
  const { rows } = await database.db.pool.query<{ type: string }>(
    'SELECT e.type FROM audit_chain c JOIN audit_events e ON e.id = c.event_id ORDER BY c.seq',
  );
  return rows.map(({ type }) => type);
}

test('the events of a transaction are chained in their order, when it commits', async () => {
  await database.db.transaction(async (tx) => {
    await record(tx, { occurredAt: NOW, type: 'a.first', actor: 'cli' });
    expect(await tx('audit_chain').count('* as links').first()).toEqual({ links: 0 });
    await record(tx, { occurredAt: NOW, type: 'a.second', actor: 'cli' });
  });
  expect(await chainedTypes()).toEqual(['a.first', 'a.second']);
});

test('what is rolled back, whole or to a savepoint, leaves neither event nor gap', async () => {
  await expect(
    database.db.transaction(async (tx) => {
      await record(tx, { occurredAt: NOW, type: 'b.lost', actor: 'cli' });
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  await database.db.transaction(async (tx) => {
    await record(tx, { occurredAt: NOW, type: 'b.before', actor: 'cli' });
    await tx
      .transaction(async (inner) => {
        await record(inner, { occurredAt: NOW, type: 'b.inside', actor: 'cli' });
        throw new Error('no');
      })
      .catch(() => undefined);
    await tx.transaction((inner) => record(inner, { occurredAt: NOW, type: 'b.kept', actor: 'cli' }));
  });
  expect((await chainedTypes()).slice(-2)).toEqual(['b.before', 'b.kept']);
  expect(await verify()).toMatchObject({ ok: true, findings: [] });
});

test('twenty who commit at once, several events each, make one chain', async () => {
  const before = (await verify()).events;
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      for (let round = 0; round < 10; round += 1) await write('c.one', 'c.two', 'c.three');
    }),
  );
  expect(await verify()).toMatchObject({ ok: true, events: before + 600, findings: [] });
});

test('transactions that hold rows others wait for commit without deadlocks', async () => {
  const { knex } = database.db;
  await knex.raw(`CREATE TABLE rooms AS SELECT generate_series(1, 4) AS id, 0 AS visits`);
  await Promise.all(
    Array.from({ length: 60 }, (_, index) =>
      database.db.transaction(async (tx) => {
        await record(tx, { occurredAt: NOW, type: 'd.before', actor: 'cli' });
        await tx('rooms')
          .where({ id: (index % 4) + 1 })
          .increment('visits');
        await record(tx, { occurredAt: NOW, type: 'd.after', actor: 'cli' });
      }),
    ),
  );
  expect(await knex('rooms').sum('visits as visits').first()).toMatchObject({ visits: 60 });
  expect((await verify()).ok).toBe(true);
});

test('a transaction with an old snapshot is refused, and forks nothing', async () => {
  const { knex } = database.db;
  const old = knex.transaction(
    async (tx) => {
      await tx.raw('SELECT 1 FROM audit_chain LIMIT 1');
      await write('e.meanwhile');
      await record(tx, { occurredAt: NOW, type: 'e.late', actor: 'cli' });
    },
    { isolationLevel: 'repeatable read' },
  );
  await expect(old).rejects.toMatchObject({ code: '40001' });
  await knex.transaction((tx) => record(tx, { occurredAt: NOW, type: 'e.alone', actor: 'cli' }), {
    isolationLevel: 'serializable',
  });
  expect((await chainedTypes()).slice(-2)).toEqual(['e.meanwhile', 'e.alone']);
  expect((await verify()).ok).toBe(true);
});

test('neither events nor links can be changed or removed', async () => {
  const { pool } = database.db;
  await pool.query(`INSERT INTO audit_checkpoints VALUES (1, 1, '')`);
  for (const table of ['audit_events', 'audit_chain', 'audit_checkpoints']) {
    const column = { audit_events: 'type', audit_chain: 'hash', audit_checkpoints: 'jws' }[table];
    for (const statement of [
      `UPDATE ${table} SET ${column} = ${column}`,
      `DELETE FROM ${table}`,
      `TRUNCATE ${table}`,
      `UPDATE ${table} SET ${column} = ${column} WHERE false`,
    ]) {
      await expect(pool.query(statement), statement).rejects.toMatchObject({
        code: '42501',
        message: `${table} is append-only`,
      });
    }
  }
});

test('whoever has the canonical texts computes the hashes anywhere, whatever stands in an event', async () => {
  await database.db.transaction(async (tx) => {
    for (const detail of [
      { b: 1, a: { null: null, list: [1.5, -0, 1e21, 1e-7, true] }, 'é\u2028"\\': '\u0007\u007f 𝒳\n' },
      { nothing: null },
    ]) {
      await record(tx, {
        occurredAt: new Date('2026-12-31T23:59:59.999Z'),
        type: 'f.odd',
        actor: 'account:"x"\\\u0007\u007f\u2028é',
        accountId: 'acc_1',
        address: '2001:db8::1',
        detail,
      });
    }
  });
  const { rows } = await database.db.pool.query<{
    facts: string;
    detail: string;
    hash: string;
    before: string;
  }>(`
    SELECT json_build_object('id', e.id, 'account_id', e.account_id)::text AS facts, e.detail::text AS detail,
      encode(c.hash, 'hex') AS hash, encode(lag(c.hash) OVER (ORDER BY c.seq), 'hex') AS before
    FROM audit_chain c JOIN audit_events e ON e.id = c.event_id ORDER BY c.seq DESC LIMIT 2`);
  for (const { facts, detail, hash, before } of rows) {
    const { id } = JSON.parse(facts) as { id: number };
    const canonical = `{"id":${id},"occurred_at":"2026-12-31T23:59:59.999000Z","type":"f.odd","actor":"account:\\"x\\"\\\\\\u0007\u007f\u2028é","account_id":"acc_1","address":"2001:db8::1","detail":${detail}}`;
    const computed = createHash('sha256').update(Buffer.from(before, 'hex')).update(canonical).digest('hex');
    expect(computed, canonical).toBe(hash);
  }
  // The same from the database's own text of them, as exports have it.
  let last = GENESIS;
  for await (const event of exportEvents(database.db.pool)) {
    last = linkHash(last, event.canonical);
    expect(last).toBe(event.hash);
  }
  expect((await verify()).findings.filter(({ code }) => code !== 'checkpoint_invalid')).toEqual([]);
});

test('events of before the chain are chained by the migration, in the order of their ids', async () => {
  const older = await createTestDatabase({ empty: true });
  const folder = await mkdtemp(path.join(os.tmpdir(), 'guichet-migrations-'));
  try {
    const all = path.join(import.meta.dirname, '../../migrations');
    for (const name of await readdir(all))
      if (name < '0024') await cp(path.join(all, name), path.join(folder, name));
    await migrate(older.db, folder);
    const event = `INSERT INTO audit_events (occurred_at, type, actor, detail) SELECT now(), 'g.old', 'cli', jsonb_build_object('n', n)`;
    await older.db.knex.raw(`${event} FROM generate_series(1, 2000) AS n`);
    await migrate(older.db);
    await older.db.knex.raw(`${event} FROM generate_series(1, 3) AS n`);
    const report = await verifyChain({ pool: older.db.pool, keys: [], issuer: '' });
    expect(report).toMatchObject({ ok: true, events: 2003 });
    const { rows } = await older.db.pool.query('SELECT 1 FROM audit_chain WHERE seq <> event_id');
    expect(rows).toEqual([]);
  } finally {
    await older.drop();
    await rm(folder, { recursive: true });
  }
});
