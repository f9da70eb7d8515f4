import { afterEach, beforeEach, expect, test } from 'vitest';

import { createSeal } from '../../src/crypto/seal.ts';
import { openBus, type Bus } from '../../src/db/listen.ts';
import { ensureTokenPartitions } from '../../src/jobs/token-partitions.ts';
import { ensureKeys } from '../../src/keys/ensure-keys.ts';
import { createKeyRing } from '../../src/keys/key-ring.ts';
import { findActive } from '../../src/keys/key.ts';
import { rotateKeys } from '../../src/keys/rotate-keys.ts';
import { findKey, listKeys } from '../../src/keys/store.ts';
import { createLogger } from '../../src/log.ts';
import { revokeKey } from '../../src/revocation/revoke-key.ts';
import { jtiDigest } from '../../src/revocation/token.ts';
import { createTestClock, type TestClock } from '../support/clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const seal = createSeal([Buffer.alloc(32, 7)]);
const log = createLogger({ level: 'silent' });
let database: TestDatabase;
let clock: TestClock;
let bus: Bus;

beforeEach(async () => {
  clock = createTestClock();
  database = await createTestDatabase();
  bus = openBus({ connection: database.url, log });
  await ensureKeys(context());
  await ensureTokenPartitions(database.db, clock);
});
afterEach(async () => {
  await bus.close();
  await database.drop();
});

function context() {
  return { db: database.db, clock, seal, config: { statusLists: { ttlSeconds: 30 } } };
}

async function activeKid(alg: 'ES256' | 'RS256' = 'ES256'): Promise<string> {
  const kid = findActive(await listKeys(database.db.knex), alg)?.kid;
  if (!kid) throw new Error(`no active ${alg} key`);
  return kid;
}

async function recordToken(jti: string, kid: string): Promise<void> {
  const issued = clock.now();
  await database.db.knex('tokens').insert({
    jti: jtiDigest(jti),
    client_id: 'a-client',
    api_id: 'an-api',
    kid,
    issued_at: issued,
    expires_at: new Date(issued.getTime() + 600_000),
  });
}

test('a revoked key is gone from every ring within a second, another signs, all it has signed is dead', async () => {
  const kid = await activeKid();
  await recordToken('one', kid);
  await recordToken('two', kid);
  await recordToken('other', await activeKid('RS256'));
  const ring = await createKeyRing({ ...context(), bus, log });
  const following = new Promise<void>((resolve) => ring.onChange(resolve));
  const asked = performance.now();
  const outcome = await revokeKey(context(), kid, 'cli');
  await following;
  expect(performance.now() - asked).toBeLessThan(1500);

  expect(outcome).toMatchObject({ kid, alg: 'ES256', previously: 'active', tokens: 2 });
  expect(ring.activeKid('ES256')).toBe(outcome.replacementKid);
  expect(ring.jwks().map((jwk) => jwk.kid)).not.toContain(kid);
  const alive = await database.db.knex('tokens').whereNull('revoked_at').pluck('jti').limit(10);
  expect(alive).toEqual([jtiDigest('other')]);
  await ring.close();
});

test('the private part of a revoked key is wiped', async () => {
  const kid = await activeKid();
  await revokeKey(context(), kid, 'cli');
  expect(await findKey(database.db.knex, kid)).toMatchObject({ state: 'revoked', sealedPrivate: null });
});

test('a published successor takes over, because verifiers know it', async () => {
  const [rotation] = await rotateKeys(context(), { alg: 'ES256' });
  const outcome = await revokeKey(context(), await activeKid(), 'cli');
  expect(outcome.replacementKid).toBe(rotation?.kid);
  expect(await activeKid()).toBe(rotation?.kid);
});

test('a key that was not signing needs no replacement', async () => {
  const [rotation] = await rotateKeys(context(), { alg: 'ES256', now: true });
  if (!rotation?.previousKid) throw new Error('nothing was rotated');
  await recordToken('old', rotation.previousKid);
  const outcome = await revokeKey(context(), rotation.previousKid, 'cli');
  expect(outcome).toMatchObject({ previously: 'retired', replacementKid: undefined, tokens: 1 });
  expect(await activeKid()).toBe(rotation.kid);
});

test('revoking twice, even at once, replaces once', async () => {
  const kid = await activeKid();
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => revokeKey(context(), kid, 'cli')));
  expect(outcomes.filter((each) => each.replacementKid !== undefined)).toHaveLength(1);
  expect(outcomes.filter((each) => each.previously === 'revoked')).toHaveLength(7);
  const keys = await listKeys(database.db.knex);
  expect(keys.filter((key) => key.alg === 'ES256' && key.state === 'active')).toHaveLength(1);
});

test('rotations and revocations at once leave one active key', async () => {
  const kid = await activeKid();
  await Promise.all([
    ...Array.from({ length: 4 }, () => rotateKeys(context(), { alg: 'ES256', now: true })),
    ...Array.from({ length: 4 }, () => revokeKey(context(), kid, 'cli')),
  ]);
  const keys = (await listKeys(database.db.knex)).filter((key) => key.alg === 'ES256');
  expect(keys.filter((key) => key.state === 'active')).toHaveLength(1);
  expect(keys.find((key) => key.kid === kid)?.state).toBe('revoked');
});

test('an unknown kid is refused and changes nothing', async () => {
  const before = await listKeys(database.db.knex);
  await expect(revokeKey(context(), 'nobody', 'cli')).rejects.toMatchObject({
    code: 'key_not_found',
    status: 404,
  });
  expect(await listKeys(database.db.knex)).toEqual(before);
});

test('the audit log tells who revoked which key and what replaced it', async () => {
  const kid = await activeKid();
  const outcome = await revokeKey(context(), kid, 'account:acc_1');
  const events = await database.db
    .knex('audit_events')
    .select('type', 'actor', 'detail')
    .orderBy('id')
    .limit(100);
  expect(events.slice(3)).toEqual([
    { type: 'key.revoked', actor: 'account:acc_1', detail: { kid, alg: 'ES256', previously: 'active' } },
    { type: 'key.activated', actor: 'account:acc_1', detail: { kid: outcome.replacementKid, alg: 'ES256' } },
    expect.objectContaining({ type: 'revoked', actor: 'account:acc_1' }),
  ]);
});
