import { afterEach, beforeEach, expect, test } from 'vitest';

import type { JobContext } from '../../src/jobs/job.ts';
import {
  prune,
  PRUNED,
  pruneEnded,
  pruneIdleSessions,
  pruneMessages,
  type Pruned,
} from '../../src/jobs/prune.ts';
import { createTestClock } from '../support/clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { createJobContext } from '../support/jobs.ts';

const clock = createTestClock();
const HOUR = 3600;
const DAY = 24 * HOUR;
let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

function context(signal = new AbortController().signal): JobContext {
  return createJobContext({ db: database.db, clock, signal });
}

function pruned(table: string): Pruned {
  const found = PRUNED.find((each) => each.table === table);
  if (!found) throw new Error(`${table} is not pruned`);
  return found;
}

function ago(seconds: number): Date {
  return new Date(clock.now().getTime() - seconds * 1000);
}

async function count(table: string): Promise<number> {
  const rows = await database.db.knex(table).count({ n: '*' });
  return Number(rows[0]?.['n']);
}

/** Rows `first`, `first` + 1, … of artifacts that expired `seconds` ago (negative: that expire later). */
async function addArtifacts(rows: number, seconds: number, first = 0): Promise<void> {
  await database.db.knex.raw(
    `INSERT INTO artifacts (digest, model, payload, created_at, expires_at)
     SELECT sha256(i::text::bytea), 'AuthorizationCode', '\\\\x00', ?::timestamptz, ?::timestamptz
       FROM generate_series(?::int, ?::int) i`.replaceAll('\\\\', '\\'),
    [ago(2 * DAY), ago(seconds), first, first + rows - 1],
  );
}

test('a table with 20 000 dead rows shrinks, the living stay', async () => {
  await addArtifacts(20_000, 2 * HOUR);
  await addArtifacts(50, -60, 100_000);
  await prune(context(), pruned('artifacts'));
  expect(await count('artifacts')).toBe(50);
  await database.db.knex.raw('VACUUM artifacts');
  const { rows } = await database.db.knex.raw<{ rows: { bytes: number }[] }>(
    `SELECT pg_relation_size('artifacts') AS bytes`,
  );
  // Empty pages at the end of the table go back to the disk; those before the living rows are used again.
  expect(Number(rows[0]?.bytes)).toBeLessThan(4_000_000);
});

test('an expired artifact is kept for an hour, because "expired" and "unknown" are different answers', async () => {
  await addArtifacts(3, HOUR - 1);
  await addArtifacts(4, HOUR + 1, 1000);
  await prune(context(), pruned('artifacts'));
  expect(await count('artifacts')).toBe(3);
});

test('an artifact without an end is never pruned', async () => {
  await database.db.knex('artifacts').insert({
    digest: Buffer.alloc(32),
    model: 'RegistrationAccessToken',
    payload: Buffer.alloc(1),
    created_at: ago(400 * DAY),
  });
  await prune(context(), pruned('artifacts'));
  expect(await count('artifacts')).toBe(1);
});

test('pruning passes over a row that somebody changes, and makes nobody wait', async () => {
  await addArtifacts(3000, 2 * HOUR);
  const tx = await database.db.knex.transaction();
  await tx('artifacts')
    .where({ digest: tx.raw(`sha256('7'::bytea)`) })
    .update({ expires_at: ago(-60) });

  const pruning = prune(context(), pruned('artifacts'));
  const waits: number[] = [];
  for (let i = 0; i < 50; i += 1) {
    const asked = performance.now();
    await addArtifacts(1, -60, 100_000 + i);
    waits.push(performance.now() - asked);
  }
  await pruning;
  await tx.commit();
  expect(await count('artifacts')).toBe(51);
  expect(Math.max(...waits)).toBeLessThan(1000);

  await prune(context(), pruned('artifacts'));
  expect(await count('artifacts')).toBe(51);
});

test('two prunes at once do not wait for each other and delete every row once', async () => {
  await addArtifacts(5000, 2 * HOUR);
  await Promise.all([prune(context(), pruned('artifacts')), prune(context(), pruned('artifacts'))]);
  await prune(context(), pruned('artifacts'));
  expect(await count('artifacts')).toBe(0);
});

test('a prune that is told to stop ends after its batch', async () => {
  await addArtifacts(5000, 2 * HOUR);
  await prune(context(AbortSignal.abort()), pruned('artifacts'));
  expect(await count('artifacts')).toBe(4000);
});

test('a dead session takes its ids and clients along; a replaced cookie goes before its session', async () => {
  const { knex } = database.db;
  const session = (uid: string, expiresAt: Date) => ({
    uid,
    payload: Buffer.alloc(1),
    created_at: ago(30 * DAY),
    expires_at: expiresAt,
  });
  await knex('sessions').insert([session('dead', ago(2 * DAY)), session('alive', ago(-DAY))]);
  const id = (byte: number, uid: string, replacedAt: Date | null) => ({
    digest: Buffer.alloc(32, byte),
    session_uid: uid,
    issued_at: ago(DAY),
    replaced_at: replacedAt,
  });
  await knex('session_ids').insert([
    id(1, 'dead', null),
    id(2, 'alive', ago(2 * HOUR)),
    id(3, 'alive', null),
  ]);
  await knex('session_clients').insert({
    session_uid: 'dead',
    client_id: 'c',
    sid: 's',
    joined_at: ago(DAY),
  });

  await prune(context(), pruned('sessions'));
  await prune(context(), pruned('session_ids'));
  expect(await knex('sessions').pluck('uid').limit(10)).toEqual(['alive']);
  expect(await knex('session_ids').pluck('digest').limit(10)).toEqual([Buffer.alloc(32, 3)]);
  expect(await count('session_clients')).toBe(0);
});

test('a session goes a day after it became idle, whatever its end', async () => {
  const { knex } = database.db;
  const session = (uid: string, lastUsedAt: Date) => ({
    uid,
    payload: Buffer.alloc(1),
    created_at: ago(10 * DAY),
    expires_at: ago(-DAY),
    last_used_at: lastUsedAt,
  });
  // Three days are idle.
  await knex('sessions').insert([session('late', ago(4 * DAY)), session('idle', ago(4 * DAY + HOUR + 1))]);
  await pruneIdleSessions(context());
  expect(await knex('sessions').pluck('uid').limit(10)).toEqual(['late']);
});

test('a delivery that waits is kept, one that was made or given up long ago is not', async () => {
  const delivery = (id: string, ended: Record<string, Date>) => ({
    id,
    client_id: 'c',
    account_id: 'a',
    sid: id,
    next_attempt_at: ago(30 * DAY),
    created_at: ago(30 * DAY),
    ...ended,
  });
  await database.db.knex('logout_deliveries').insert([delivery('waiting', {})]);
  await database.db.knex('logout_deliveries').insert([delivery('made', { delivered_at: ago(8 * DAY) })]);
  await database.db.knex('logout_deliveries').insert([delivery('lately', { abandoned_at: ago(6 * DAY) })]);
  await prune(context(), pruned('logout_deliveries'));
  expect(await database.db.knex('logout_deliveries').pluck('id').orderBy('id').limit(10)).toEqual([
    'lately',
    'waiting',
  ]);
});

test('a grant outlives the last token that may ask for it', async () => {
  const grant = (id: string, expiresAt: Date) => ({
    id,
    account_id: 'a',
    client_id: 'c',
    payload: {},
    created_at: ago(30 * DAY),
    expires_at: expiresAt,
  });
  await database.db.knex('grants').insert([grant('late', ago(DAY)), grant('dead', ago(DAY + HOUR + 1))]);
  await prune(context(), pruned('grants'));
  expect(await database.db.knex('grants').pluck('id').limit(10)).toEqual(['late']);
});

test('what hangs on grants that have ended is cleared away, of however many, and nothing else', async () => {
  const { knex } = database.db;
  await knex.raw(
    `INSERT INTO grants (id, account_id, client_id, payload, created_at, expires_at, revoked_at)
     SELECT 'grt_' || i, 'acc', 'cli', '{}', now(), now(), CASE WHEN i % 3 > 0 THEN now() END FROM generate_series(1, 3000) i`,
  );
  await knex.raw(
    `INSERT INTO artifacts (digest, model, payload, grant_id, created_at)
     SELECT sha256(int4send(i)), 'RefreshToken', ''::bytea, 'grt_' || (i % 3000 + 1), now() FROM generate_series(1, 6000) i`,
  );
  await addArtifacts(5, -60, 100_000);
  await pruneEnded(context());
  expect(await count('artifacts')).toBe(2005);
  expect(await count('grants')).toBe(3000);
  await pruneEnded(context());
  expect(await count('artifacts')).toBe(2005);
});

test('what a mail said is forgotten after a day, that it was sent after 30 days', async () => {
  const mail = { kind: 'new-device', recipient: 'ada@example.org', language: 'en', detail: '{}' };
  const ages = { new: 3600, old: 25 * HOUR, ancient: 30 * DAY + 1 };
  for (const [id, age] of Object.entries(ages))
    await database.db.knex('mails').insert({ id, ...mail, created_at: ago(age), message: Buffer.of(1) });
  await pruneMessages(context());
  await prune(context(), pruned('mails'));
  const rows: unknown = await database.db.knex('mails').select('id', 'message').orderBy('id');
  expect(rows).toEqual([
    { id: 'new', message: Buffer.of(1) },
    { id: 'old', message: null },
  ]);
});
