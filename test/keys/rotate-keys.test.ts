import { afterEach, beforeEach, expect, test } from 'vitest';

import { createSeal } from '../../src/crypto/seal.ts';
import { openDatabase } from '../../src/db/database.ts';
import { advanceKeys } from '../../src/keys/advance-keys.ts';
import { ensureKeys } from '../../src/keys/ensure-keys.ts';
import {
  findActive,
  findSuccessor,
  JWKS_KEYS_MAX,
  jwksOrder,
  RETIRED_KEY_TTL_SECONDS,
} from '../../src/keys/key.ts';
import type { SigningKey } from '../../src/keys/key.ts';
import { rotateKeys } from '../../src/keys/rotate-keys.ts';
import { listKeys } from '../../src/keys/store.ts';
import { createTestClock, type TestClock } from '../support/clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const PUBLISH_SECONDS = 900;
const DAY = 86_400;
const seal = createSeal([Buffer.alloc(32, 7)]);
const config = { keys: { rotationDays: 90, publishSeconds: PUBLISH_SECONDS } };
let database: TestDatabase;
let clock: TestClock;

beforeEach(async () => {
  clock = createTestClock();
  database = await createTestDatabase();
  await ensureKeys(context());
});
afterEach(() => database.drop());

function context() {
  return { db: database.db, clock, seal, config };
}

function keys(): Promise<SigningKey[]> {
  return listKeys(database.db.knex);
}

/** In the order of the JWKS. */
async function states(alg: string): Promise<string[]> {
  return jwksOrder(await keys())
    .filter((key) => key.alg === alg)
    .map((key) => key.state);
}

test('a rotation publishes a successor that signs only when every cached JWKS has it', async () => {
  const [rotation] = await rotateKeys(context(), { alg: 'ES256' });
  expect(rotation).toMatchObject({ alg: 'ES256', state: 'published' });
  expect(await states('ES256')).toEqual(['active', 'published']);

  clock.advance(PUBLISH_SECONDS - 1);
  await advanceKeys(context());
  expect(await states('ES256')).toEqual(['active', 'published']);

  clock.advance(1);
  await advanceKeys(context());
  expect(await states('ES256')).toEqual(['active', 'retired']);
  expect(findActive(await keys(), 'ES256')?.kid).toBe(rotation?.kid);
});

test('a retired key verifies for 30 days, then it is forgotten', async () => {
  const old = findActive(await keys(), 'ES256')?.kid;
  await rotateKeys(context(), { alg: 'ES256', now: true });
  clock.advance(RETIRED_KEY_TTL_SECONDS - 1);
  await advanceKeys(context());
  expect(jwksOrder(await keys()).map((key) => key.kid)).toContain(old);

  clock.advance(1);
  await advanceKeys(context());
  expect((await keys()).map((key) => key.kid)).not.toContain(old);
});

test('without an algorithm every key is rotated, with `now` at once', async () => {
  const before = (await keys()).map((key) => key.kid);
  const rotations = await rotateKeys(context(), { now: true, actor: 'cli' });
  expect(rotations.map((each) => each.state)).toEqual(['active', 'active', 'active']);
  expect(new Set(rotations.map((each) => each.previousKid))).toEqual(new Set(before));
  expect((await keys()).filter((key) => key.state === 'active')).toHaveLength(3);
});

test('an immediate switch prefers the successor that verifiers know already', async () => {
  const [published] = await rotateKeys(context(), { alg: 'EdDSA' });
  const [switched] = await rotateKeys(context(), { alg: 'EdDSA', now: true });
  expect(switched).toEqual({ ...published, state: 'active' });
  expect(await states('EdDSA')).toEqual(['active', 'retired']);
});

test('the JWKS shows active before published before retired keys', async () => {
  await rotateKeys(context(), { alg: 'ES256', now: true });
  clock.advance(1);
  await rotateKeys(context(), { alg: 'ES256', now: true });
  clock.advance(1);
  await rotateKeys(context());
  const order = jwksOrder(await keys());
  expect(order.map((key) => key.state).join(' ')).toBe(
    'active active active published published published retired retired',
  );
  expect(order.slice(0, 3).map((key) => key.alg)).toEqual(['ES256', 'RS256', 'EdDSA']);
});

test('a script that rotates without end is stopped before the JWKS is', async () => {
  for (let shown = 3; shown < JWKS_KEYS_MAX; shown += 1) {
    await rotateKeys(context(), { alg: 'ES256', now: true });
  }
  const oneMore = rotateKeys(context(), { alg: 'ES256', now: true });
  await expect(oneMore).rejects.toMatchObject({ code: 'too_many_keys', status: 409 });
  expect(jwksOrder(await keys())).toHaveLength(JWKS_KEYS_MAX);
});

test('16 rotations at once publish one successor', async () => {
  const rotations = await atOnce(() => rotateKeys(context(), { alg: 'ES256' }));
  expect(new Set(rotations.flat().map((each) => each.kid)).size).toBe(1);
  expect(await states('ES256')).toEqual(['active', 'published']);
});

test('16 immediate rotations at once switch to one key', async () => {
  const rotations = await atOnce((db) => rotateKeys({ ...context(), db }, { alg: 'ES256', now: true }));
  const kids = new Set(rotations.flat().map((each) => each.kid));
  expect((await states('ES256')).filter((state) => state === 'active')).toEqual(['active']);
  // Those who looked before the first switch share its key; whoever looked later has rotated that one again.
  expect((await keys()).filter((key) => key.alg === 'ES256')).toHaveLength(kids.size + 1);
});

test('a key at the end of its term is replaced by the job, whose runs may coincide', async () => {
  clock.advance(90 * DAY - PUBLISH_SECONDS - 1);
  await advanceKeys(context());
  expect(findSuccessor(await keys(), 'ES256')).toBeUndefined();

  clock.advance(1);
  await atOnce((db) => advanceKeys({ ...context(), db }));
  expect(await states('ES256')).toEqual(['active', 'published']);

  clock.advance(PUBLISH_SECONDS);
  await atOnce((db) => advanceKeys({ ...context(), db }));
  expect(await states('ES256')).toEqual(['active', 'retired']);
  expect(await states('RS256')).toEqual(['active', 'retired']);
});

test('a verifier that caches the JWKS for as long as it may never meets an unknown key', async () => {
  const step = 60;
  let cached = new Set<string>();
  let cachedAt = -Infinity;
  const met = new Set<string>();
  for (let elapsed = 0; elapsed < 4 * 3600; elapsed += step) {
    if (elapsed % 3600 === 1800) await rotateKeys(context(), { alg: 'ES256' });
    await advanceKeys(context());
    const now = await keys();
    if (elapsed - cachedAt >= PUBLISH_SECONDS) {
      cached = new Set(jwksOrder(now).map((key) => key.kid));
      cachedAt = elapsed;
    }
    const kid = findActive(now, 'ES256')?.kid ?? '';
    met.add(kid);
    expect(cached.has(kid)).toBe(true);
    clock.advance(step);
  }
  expect(met.size).toBe(5);
});

test('every move is in the audit log', async () => {
  await rotateKeys(context(), { alg: 'ES256', actor: 'cli' });
  clock.advance(PUBLISH_SECONDS);
  await advanceKeys(context());
  const events = await database.db.knex('audit_events').select('type', 'actor').orderBy('id').limit(100);
  expect(events.slice(-2)).toEqual([
    { type: 'key.published', actor: 'cli' },
    { type: 'key.activated', actor: 'system' },
  ]);
});

/** Sixteen runs at the same time, on four pools that stand for four processes. */
async function atOnce<T>(run: (db: typeof database.db) => Promise<T>): Promise<T[]> {
  const processes = Array.from({ length: 4 }, () => openDatabase({ url: database.url, poolMax: 8 }));
  try {
    return await Promise.all(Array.from({ length: 16 }, (_, i) => run(processes[i % 4] ?? database.db)));
  } finally {
    await Promise.all(processes.map((db) => db.close()));
  }
}
