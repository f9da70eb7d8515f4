import { compactVerify, CompactSign, importJWK } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { createSeal, type Seal } from '../../src/crypto/seal.ts';
import { openDatabase, type Database } from '../../src/db/database.ts';
import { openBus, type Bus } from '../../src/db/listen.ts';
import { ensureKeys } from '../../src/keys/ensure-keys.ts';
import { createKeyRing, type KeyRing } from '../../src/keys/key-ring.ts';
import { SIGNING_ALGS } from '../../src/keys/key.ts';
import { rotateKeys } from '../../src/keys/rotate-keys.ts';
import { listKeys } from '../../src/keys/store.ts';
import { createLogger } from '../../src/log.ts';
import { createTestClock } from '../support/clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

/** The contract: a process is never further behind than this. */
const FOLLOWS_WITHIN_MS = 1000;

const clock = createTestClock();
const log = createLogger({ level: 'silent' });
const seal = createSeal([Buffer.alloc(32, 7)]);
/** A bus whose notifications are all lost. */
const deafBus: Bus = {
  subscribe: () => () => undefined,
  ready: async () => undefined,
  close: async () => undefined,
};

let database: TestDatabase;
let cleanUp: (() => Promise<void>)[];

beforeEach(async () => {
  cleanUp = [];
  database = await createTestDatabase();
  await ensureKeys({ db: database.db, clock, seal });
});
afterEach(async () => {
  for (const close of cleanUp.toReversed()) await close();
  await database.drop();
});

/** A ring with a pool of its own, as another process has it. */
async function openRing(options: { deaf?: boolean; seal?: Seal } = {}): Promise<KeyRing> {
  const db: Database = openDatabase({ url: database.url, poolMax: 4 });
  cleanUp.push(() => db.close());
  const bus = options.deaf ? deafBus : openBus({ connection: database.url, log });
  cleanUp.push(() => bus.close());
  const ring = await createKeyRing({ db, bus, seal: options.seal ?? seal, clock, log });
  cleanUp.push(() => ring.close());
  return ring;
}

function changed(ring: KeyRing): Promise<number> {
  const start = performance.now();
  return new Promise((resolve) => ring.onChange(() => resolve(performance.now() - start)));
}

test('a ring holds what the library signs with, its own copies', async () => {
  const ring = await openRing();
  const jwks = ring.jwks();
  expect(jwks.map(({ alg, use, kid }) => ({ alg, use, kid }))).toEqual(
    SIGNING_ALGS.map((alg) => ({ alg, use: 'sig', kid: ring.activeKid(alg) })),
  );
  const [first] = jwks;
  if (first) first.kid = 'changed';
  expect(ring.jwks().map((jwk) => jwk.kid)).not.toContain('changed');
  expect(ring.activeKid('HS256')).toBeUndefined();
});

test.each(SIGNING_ALGS)('what a %s key signs, its public part verifies', async (alg) => {
  const ring = await openRing();
  const privateJwk = ring.jwks().find((jwk) => jwk.alg === alg);
  const stored = (await listKeys(database.db.knex)).find((key) => key.alg === alg);
  if (!privateJwk || !stored) throw new Error(`no ${alg} key`);
  const jws = await new CompactSign(Buffer.from('tick'))
    .setProtectedHeader({ alg, kid: privateJwk.kid })
    .sign(await importJWK(privateJwk, alg));
  const { payload } = await compactVerify(jws, await importJWK(stored.publicJwk, alg));
  expect(Buffer.from(payload).toString()).toBe('tick');
});

test.each([{ deaf: false }, { deaf: true }])(
  'two processes follow a rotation within a second ($deaf)',
  async (bus) => {
    const rings = [await openRing(bus), await openRing(bus)];
    const following = Promise.all(rings.map(changed));
    const [rotation] = await rotateKeys({ db: database.db, clock, seal }, { alg: 'ES256', now: true });
    for (const elapsed of await following) expect(elapsed).toBeLessThan(FOLLOWS_WITHIN_MS);
    for (const ring of rings) {
      expect(ring.activeKid('ES256')).toBe(rotation?.kid);
      expect(ring.jwks()).toHaveLength(4);
      expect(ring.jwks()[0]?.kid).toBe(rotation?.kid);
    }
  },
);

test('a successor is shown before it signs', async () => {
  const ring = await openRing();
  const signing = ring.activeKid('RS256');
  const following = changed(ring);
  const [rotation] = await rotateKeys({ db: database.db, clock, seal }, { alg: 'RS256' });
  await following;
  expect(ring.activeKid('RS256')).toBe(signing);
  expect(ring.jwks().map((jwk) => jwk.kid)).toContain(rotation?.kid);
});

test('many changes in a row leave every ring with the last one', async () => {
  const ring = await openRing();
  let kid: string | undefined;
  for (let i = 0; i < 10; i += 1) {
    const [rotation] = await rotateKeys({ db: database.db, clock, seal }, { alg: 'EdDSA', now: true });
    kid = rotation?.kid;
  }
  await expect.poll(() => ring.activeKid('EdDSA'), { timeout: FOLLOWS_WITHIN_MS }).toBe(kid);
});

test('a listener that fails does not keep the others from hearing', async () => {
  const ring = await openRing();
  ring.onChange(() => {
    throw new Error('listener');
  });
  const following = changed(ring);
  await rotateKeys({ db: database.db, clock, seal }, { alg: 'EdDSA' });
  await following;
});

test('with a wrong encryption key no ring is made', async () => {
  await expect(openRing({ seal: createSeal([Buffer.alloc(32, 8)]) })).rejects.toMatchObject({
    code: 'keys_unreadable',
  });
});

test('an added encryption key opens the old keys and seals the new ones', async () => {
  const both = createSeal([Buffer.alloc(32, 9), Buffer.alloc(32, 7)]);
  const [rotation] = await rotateKeys({ db: database.db, clock, seal: both }, { alg: 'ES256', now: true });
  const ring = await openRing({ seal: both });
  expect(ring.jwks()).toHaveLength(4);
  expect(ring.activeKid('ES256')).toBe(rotation?.kid);
});

test('a database that was away takes nothing from the ring, and is followed again', async () => {
  const ring = await openRing({ deaf: true });
  const before = ring.jwks();
  await database.db.knex.raw(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  expect(ring.jwks()).toEqual(before);
  const [rotation] = await rotateKeys({ db: database.db, clock, seal }, { alg: 'ES256', now: true });
  await expect.poll(() => ring.activeKid('ES256'), { timeout: 3000 }).toBe(rotation?.kid);
});

test('after close nothing is read any more', async () => {
  const ring = await openRing();
  const kid = ring.activeKid('ES256');
  await ring.close();
  await rotateKeys({ db: database.db, clock, seal }, { alg: 'ES256', now: true });
  await new Promise((resolve) => setTimeout(resolve, FOLLOWS_WITHIN_MS));
  expect(ring.activeKid('ES256')).toBe(kid);
});
