import { randomBytes } from 'node:crypto';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { openDatabase } from '../../src/db/database.ts';
import type { JobContext } from '../../src/jobs/job.ts';
import { listTokenPartitions } from '../../src/jobs/store.ts';
import { dropTokenPartitions, ensureTokenPartitions } from '../../src/jobs/token-partitions.ts';
import { createTestClock, type TestClock } from '../support/clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createJobContext } from '../support/jobs.ts';

const HOUR = 3600;
let database: TestDatabase;
let clock: TestClock;

beforeEach(async () => {
  clock = createTestClock(new Date('2031-05-06T07:20:00Z'));
  database = await createTestDatabase();
});
afterEach(() => database.drop());

function context(): JobContext {
  return createJobContext({ db: database.db, clock });
}

async function names(): Promise<string[]> {
  return (await listTokenPartitions(database.db.knex)).map((each) => each.name);
}

/** A row that expires in `seconds`. */
async function insertToken(seconds: number): Promise<void> {
  const now = clock.now();
  await database.db.knex('tokens').insert({
    jti: randomBytes(32),
    client_id: 'c',
    api_id: 'a',
    kid: 'k',
    issued_at: now,
    expires_at: new Date(now.getTime() + seconds * 1000),
  });
}

test('there is room for every token of the next 26 hours, and for clocks that are behind', async () => {
  await ensureTokenPartitions(database.db, clock);
  const found = await names();
  expect(found).toHaveLength(28);
  expect(found[0]).toBe('tokens_p2031050606');
  expect(found.at(-1)).toBe('tokens_p2031050709');
  await insertToken(0);
  await insertToken(26 * HOUR);
  await insertToken(-20 * 60 - 1);
  await expect(insertToken(28 * HOUR)).rejects.toThrow(/no partition/);
});

test('partitions have the indexes of the ledger', async () => {
  await ensureTokenPartitions(database.db, clock);
  const { rows } = await database.db.knex.raw<{ rows: { invalid: number; indexes: number }[] }>(
    `SELECT count(*) FILTER (WHERE NOT indisvalid) AS invalid, count(*) AS indexes FROM pg_index
      WHERE indrelid = 'tokens'::regclass`,
  );
  expect(rows[0]).toEqual({ invalid: 0, indexes: 8 });
  const { rows: attached } = await database.db.knex.raw<{ rows: { n: number }[] }>(
    `SELECT count(*) AS n FROM pg_inherits WHERE inhparent IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'tokens'::regclass)`,
  );
  expect(attached[0]?.n).toBe(8 * 28);
});

test('processes that start together make one set', async () => {
  const processes = Array.from({ length: 4 }, () => openDatabase({ url: database.url, poolMax: 4 }));
  try {
    await Promise.all(
      Array.from({ length: 16 }, (_, i) => ensureTokenPartitions(processes[i % 4] ?? database.db, clock)),
    );
  } finally {
    await Promise.all(processes.map((db) => db.close()));
  }
  expect(await names()).toHaveLength(28);
});

test('time moves the window: new hours come, hours that ended more than an hour ago go', async () => {
  await ensureTokenPartitions(database.db, clock);
  clock.advance(5 * HOUR);
  await ensureTokenPartitions(database.db, clock);
  await dropTokenPartitions(context());
  const found = await names();
  // 12:20: the hour from 10 to 11 ended 80 minutes ago, the one from 11 to 12 twenty.
  expect(found[0]).toBe('tokens_p2031050611');
  expect(found.at(-1)).toBe('tokens_p2031050714');
  await dropTokenPartitions(context());
  expect(await names()).toEqual(found);
});

test('tokens are issued without an error or a wait while partitions come and go', async () => {
  await ensureTokenPartitions(database.db, clock);
  const done = new AbortController();
  let issued = 0;
  let longest = 0;
  const issuers = Array.from({ length: 3 }, async () => {
    while (!done.signal.aborted) {
      const asked = performance.now();
      await insertToken(HOUR);
      longest = Math.max(longest, performance.now() - asked);
      issued += 1;
    }
  });
  for (let hour = 0; hour < 6; hour += 1) {
    clock.advance(HOUR);
    await ensureTokenPartitions(database.db, clock);
    await dropTokenPartitions(context());
  }
  done.abort();
  await Promise.all(issuers);
  expect(issued).toBeGreaterThan(50);
  expect(longest).toBeLessThan(1000);
  expect(await names()).toHaveLength(28);
});

test('a detach that was interrupted is finished by the next run', async () => {
  await ensureTokenPartitions(database.db, clock);
  await insertToken(0);
  // An open transaction that reads the ledger makes DETACH CONCURRENTLY wait; the time limit interrupts it.
  const reader = await database.db.knex.transaction();
  await reader('tokens').first('jti');
  clock.advance(4 * HOUR);
  const impatient = openDatabase({ url: database.url, poolMax: 2 });
  await impatient.knex.raw(`SET statement_timeout = '300ms'`);
  await expect(dropTokenPartitions({ ...context(), db: impatient })).rejects.toThrow(/timeout/);
  await impatient.close();
  expect((await listTokenPartitions(database.db.knex)).filter((each) => each.detaching)).toHaveLength(1);
  await reader.rollback();

  await ensureTokenPartitions(database.db, clock);
  await dropTokenPartitions(context());
  expect(await names()).toHaveLength(28);
});

test('a partition that was detached and not dropped is dropped by the next run', async () => {
  await ensureTokenPartitions(database.db, clock);
  await database.db.knex.raw('ALTER TABLE tokens DETACH PARTITION tokens_p2031050606');
  clock.advance(3 * HOUR);
  await dropTokenPartitions(context());
  expect(await names()).not.toContain('tokens_p2031050606');
});
