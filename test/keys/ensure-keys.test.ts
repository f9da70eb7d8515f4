import { afterEach, beforeEach, expect, test } from 'vitest';

import { createSeal } from '../../src/crypto/seal.ts';
import { openDatabase } from '../../src/db/database.ts';
import { ensureKeys } from '../../src/keys/ensure-keys.ts';
import { privateKeyAad, SIGNING_ALGS } from '../../src/keys/key.ts';
import { listKeys } from '../../src/keys/store.ts';
import { createTestClock } from '../support/clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const clock = createTestClock();
const seal = createSeal([Buffer.alloc(32, 7)]);
let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

test('the first start makes one active key an algorithm', async () => {
  await ensureKeys({ db: database.db, clock, seal });
  const keys = await listKeys(database.db.knex);
  expect(keys.map((key) => `${key.alg} ${key.state}`).sort()).toEqual([
    'ES256 active',
    'EdDSA active',
    'RS256 active',
  ]);
  expect(keys.every((key) => key.publishedAt && key.activatedAt)).toBe(true);
  expect(keys.find((key) => key.alg === 'RS256')?.publicJwk).toMatchObject({
    kty: 'RSA',
    use: 'sig',
    alg: 'RS256',
  });
});

test('a later start makes nothing', async () => {
  await ensureKeys({ db: database.db, clock, seal });
  const before = await listKeys(database.db.knex);
  await ensureKeys({ db: database.db, clock, seal });
  expect(await listKeys(database.db.knex)).toEqual(before);
});

test('processes that start together make one set', async () => {
  const processes = Array.from({ length: 4 }, () => openDatabase({ url: database.url, poolMax: 8 }));
  try {
    await Promise.all(
      Array.from({ length: 16 }, (_, i) => ensureKeys({ db: processes[i % 4] ?? database.db, clock, seal })),
    );
  } finally {
    await Promise.all(processes.map((db) => db.close()));
  }
  const keys = await listKeys(database.db.knex);
  expect(keys).toHaveLength(SIGNING_ALGS.length);
  expect(new Set(keys.map((key) => key.alg))).toEqual(new Set(SIGNING_ALGS));
});

test('a stolen dump holds no private key', async () => {
  await ensureKeys({ db: database.db, clock, seal });
  const dump = await dumpAll();
  for (const key of await listKeys(database.db.knex)) {
    if (!key.sealedPrivate) throw new Error('a new key has no private part');
    const jwk: Record<string, string> = JSON.parse(
      seal.open(key.sealedPrivate, privateKeyAad(key.kid)).toString(),
    );
    expect(dump).toContain(key.kid);
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi']) {
      const secret = jwk[member];
      if (secret === undefined) continue;
      expect(dump).not.toContain(secret);
      expect(dump).not.toContain(Buffer.from(secret).toString('hex'));
      expect(dump).not.toContain(Buffer.from(secret, 'base64url').toString('hex'));
    }
    expect(key.publicJwk).not.toHaveProperty('d');
  }
});

test('a private key that was moved to another row does not open', async () => {
  await ensureKeys({ db: database.db, clock, seal });
  const [one, other] = await listKeys(database.db.knex);
  if (!one?.sealedPrivate || !other) throw new Error('no keys');
  const sealed = one.sealedPrivate;
  expect(() => seal.open(sealed, privateKeyAad(other.kid))).toThrow();
});

/** Everything a reader of the database sees, bytea columns in hexadecimal. */
async function dumpAll(): Promise<string> {
  const { knex } = database.db;
  const { rows: tables } = await knex.raw<{ rows: { name: string }[] }>(
    `SELECT quote_ident(table_name) AS name FROM information_schema.tables WHERE table_schema = current_schema()`,
  );
  const parts: string[] = [];
  for (const { name } of tables) {
    const { rows } = await knex.raw<{ rows: { line: string }[] }>(`SELECT t::text AS line FROM ${name} t`);
    parts.push(...rows.map((row) => row.line));
  }
  return parts.join('\n');
}
