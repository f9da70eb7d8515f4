import { afterEach, beforeEach, expect, test } from 'vitest';

import { LEASE_SECONDS } from '../../src/revocation/status-list.ts';
import { createStatusLease, type StatusLease } from '../../src/revocation/status-lease.ts';
import { createTestClock, type TestClock } from '../support/clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let clock: TestClock;
let lease: StatusLease;

beforeEach(async () => {
  database = await createTestDatabase();
  clock = createTestClock();
  lease = createStatusLease({ pool: database.db.pool, clock });
});
afterEach(async () => {
  await lease.close();
  await database.drop();
});

const inSeconds = (seconds: number) => new Date(clock.now().getTime() + seconds * 1000);

async function listIds(): Promise<string[]> {
  const rows: { id: string }[] = await database.db.knex('status_lists').select('id').orderBy('no');
  return rows.map(({ id }) => id);
}

async function expiryOf(id: string): Promise<Date | undefined> {
  const row = await database.db
    .knex('status_lists')
    .where({ id })
    .first<{ expires_at: Date } | undefined>('expires_at');
  return row?.expires_at;
}

test('after the database was lost, no list from before it is filled, one made ahead included', async () => {
  await lease.allocate(inSeconds(300));
  clock.advance(LEASE_SECONDS - 30);
  await lease.allocate(inSeconds(300));
  await expect.poll(listIds).toHaveLength(2);
  const before = await listIds();
  lease.abandon();
  clock.advance(60);
  expect(before).not.toContain((await lease.allocate(inSeconds(300))).listId);
  // Both are let go of.
  for (const id of before)
    await expect.poll(() => expiryOf(id).then(Number)).toBeLessThan(inSeconds(2 * 3600).getTime());
});

test('a list of another process that has the number of ours is left alone', async () => {
  const { listNo } = await lease.allocate(inSeconds(300));
  const { knex } = database.db;
  const expiresAt = inSeconds(24 * 3600);
  await knex('status_lists').where({ no: listNo }).delete();
  await knex.raw(
    `INSERT INTO status_lists (no, id, size, leased_until, expires_at) OVERRIDING SYSTEM VALUE VALUES (?, 'stl_theirs', 8, ?, ?)`,
    [listNo, expiresAt, expiresAt],
  );
  await lease.close();
  expect(await expiryOf('stl_theirs')).toEqual(expiresAt);
});

test('a list goes with the last token that is in it', async () => {
  const { listId } = await lease.allocate(inSeconds(300));
  await lease.allocate(inSeconds(60));
  await lease.close();
  expect(await expiryOf(listId)).toEqual(inSeconds(600));
});
