import { createPrivateKey, generateKeyPairSync } from 'node:crypto';

import type { Pool, PoolClient } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { canonicalSql } from '../../src/audit/chain.ts';
import { checkpointKeys, fromPublicJwk, publicJwkOf } from '../../src/audit/checkpoint-keys.ts';
import { signCheckpoint } from '../../src/audit/checkpoint.ts';
import { makeCheckpoint } from '../../src/audit/make-checkpoint.ts';
import { record } from '../../src/audit/record.ts';
import { verifyChain, type ChainReport } from '../../src/audit/verify-chain.ts';
import { deriveSecrets } from '../../src/crypto/secrets.ts';
import { createLogger } from '../../src/log.ts';
import { createTestClock } from '../support/clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const ISSUER = 'https://login.example.com';
const secrets = deriveSecrets({ secrets: { secret: ['one secret of tests', 'an older one'] } });
const keys = checkpointKeys(secrets);
const clock = createTestClock();

/** Thirty-two events, a checkpoint after every tenth; the checkpoints as the log has them. */
let database: TestDatabase;
const logged: string[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  const lines: string[] = [];
  const log = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } });
  for (let index = 1; index <= 32; index += 1) {
    await database.db.transaction((tx) =>
      record(tx, {
        occurredAt: clock.now(),
        type: 'client.updated',
        actor: 'cli',
        clientId: `client-${index}`,
        accountId: `acc_${index}`,
        requestId: `req_${index}`,
        address: '192.0.2.1',
        detail: { changed: ['name'], index },
      }),
    );
    clock.advance(1);
    if (index % 10 === 0) {
      await makeCheckpoint(
        { db: database.db, clock, config: { issuer: ISSUER }, secrets, log },
        { atOnce: true },
      );
    }
  }
  logged.push(...lines.map((line) => (JSON.parse(line) as { checkpoint: string }).checkpoint));
});
afterAll(() => database.drop());

/** What verification says after the attack of somebody who may do everything in the database, which is then undone. */
async function after(
  attack: (client: PoolClient) => Promise<unknown>,
  options: { known?: readonly string[]; last?: number } = {},
): Promise<ChainReport> {
  const client = await database.db.pool.connect();
  try {
    await client.query('BEGIN; SET LOCAL session_replication_role = replica');
    await attack(client);
    // Whatever it does on one connection, it does not care which.
    const pool = client as unknown as Pool;
    return await verifyChain({ pool, keys, issuer: ISSUER }, options);
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}

const sql = (statement: string) => (client: PoolClient) => client.query(statement);

/** Makes all links from a place on anew, as the database's own trigger makes them. */
const rechain = (from: number) => `
  DO $$ DECLARE link record; before bytea; BEGIN
    SELECT hash INTO before FROM audit_chain WHERE seq = ${from - 1};
    before := coalesce(before, decode(repeat('00', 32), 'hex'));
    FOR link IN SELECT c.seq, ${canonicalSql('e')} AS canonical
      FROM audit_chain c JOIN audit_events e ON e.id = c.event_id WHERE c.seq >= ${from} ORDER BY c.seq
    LOOP
      before := sha256(before || convert_to(link.canonical, 'UTF8'));
      UPDATE audit_chain SET hash = before WHERE seq = link.seq;
    END LOOP;
  END $$;`;

const event = (id: number) => `(SELECT event_id FROM audit_chain WHERE seq = ${id})`;
const change = (what: string, seq = 15) => sql(`UPDATE audit_events SET ${what} WHERE id = ${event(seq)}`);
const INSERTED = `INSERT INTO audit_events (id, occurred_at, type, actor, detail) OVERRIDING SYSTEM VALUE`;

interface Tampering {
  readonly attack: (client: PoolClient) => Promise<unknown>;
  /** What is found, in order. */
  readonly found: readonly string[];
  readonly known?: () => readonly string[];
}

const forged = (overrides: object) => (client: PoolClient) => {
  const stranger = generateKeyPairSync('ed25519');
  const key = {
    ...fromPublicJwk({ x: stranger.publicKey.export({ format: 'jwk' }).x ?? '' }),
    privateKey: createPrivateKey(stranger.privateKey.export({ format: 'pem', type: 'pkcs8' })),
  };
  const claims = { number: 2, seq: 20, hash: '11'.repeat(32), count: 20, at: 1, iss: ISSUER };
  const jws = signCheckpoint(claims, { ...key, ...overrides });
  return client.query('UPDATE audit_checkpoints SET jws = $1 WHERE number = 2', [jws]);
};

const TAMPERINGS: Readonly<Record<string, Tampering>> = {
  'a changed type': { attack: change(`type = 'client.created'`), found: ['event_changed 15'] },
  'a changed actor': { attack: change(`actor = 'account:eve'`), found: ['event_changed 15'] },
  'a changed detail': { attack: change(`detail = detail || '{"index": 16}'`), found: ['event_changed 15'] },
  'a detail with a null more': {
    attack: change(`detail = detail || '{"x": null}'`),
    found: ['event_changed 15'],
  },
  'a time moved by a microsecond': {
    attack: change(`occurred_at = occurred_at + interval '1 microsecond'`),
    found: ['event_changed 15'],
  },
  'a changed address': { attack: change(`address = '192.0.2.2'`), found: ['event_changed 15'] },
  'a removed address': { attack: change(`address = NULL`), found: ['event_changed 15'] },
  'a changed account': { attack: change(`account_id = 'acc_16'`), found: ['event_changed 15'] },
  'a client in the place of the account': {
    attack: change(`client_id = account_id, account_id = client_id`),
    found: ['event_changed 15'],
  },
  'a changed request': { attack: change(`request_id = 'req_16'`), found: ['event_changed 15'] },
  'a risk made up afterwards': { attack: change(`risk = '{"score": 0}'`), found: ['event_changed 15'] },
  'the first event changed': { attack: change(`type = 'x'`, 1), found: ['event_changed 1'] },
  'the last event changed': { attack: change(`type = 'x'`, 32), found: ['event_changed 32'] },
  'the first event removed': {
    attack: sql(`DELETE FROM audit_events WHERE id = ${event(1)}`),
    found: ['event_missing 1'],
  },
  'an event in the middle removed': {
    attack: sql(`DELETE FROM audit_events WHERE id = ${event(15)}`),
    found: ['event_missing 15'],
  },
  'an event and its link removed': {
    attack: sql(`DELETE FROM audit_events WHERE id = ${event(15)}; DELETE FROM audit_chain WHERE seq = 15`),
    found: ['link_missing 15'],
  },
  'the beginning removed with its links': {
    attack: sql(`DELETE FROM audit_events WHERE id <= ${event(5)}; DELETE FROM audit_chain WHERE seq <= 5`),
    found: ['link_missing 1'],
  },
  'the last event removed': {
    attack: sql(`DELETE FROM audit_events WHERE id = ${event(32)}`),
    found: ['event_missing 32'],
  },
  'the end cut off with its links': {
    attack: sql(`DELETE FROM audit_events WHERE id >= ${event(25)}; DELETE FROM audit_chain WHERE seq >= 25`),
    found: ['chain_truncated 30'],
  },
  'the end cut off with its links and checkpoints, which the log still has': {
    attack: sql(`DELETE FROM audit_events WHERE id >= ${event(25)}; DELETE FROM audit_chain WHERE seq >= 25;
      DELETE FROM audit_checkpoints WHERE seq >= 25`),
    known: () => logged,
    found: ['chain_truncated 30', 'checkpoint_missing 30'],
  },
  'everything removed, which the log still has': {
    attack: sql('DELETE FROM audit_events; DELETE FROM audit_chain; DELETE FROM audit_checkpoints'),
    known: () => logged.slice(-1),
    found: ['chain_truncated 30', 'checkpoint_missing 30'],
  },
  'two events that changed places': {
    attack: sql(`UPDATE audit_chain SET event_id = -seq WHERE seq IN (14, 15);
      UPDATE audit_chain SET event_id = 29 + event_id WHERE seq IN (14, 15)`),
    found: ['event_changed 14', 'event_changed 15'],
  },
  'an event put in past the chain': {
    attack: sql(`${INSERTED} VALUES (1000, now(), 'x', 'cli', '{}')`),
    found: ['event_unchained'],
  },
  'an event put in before all others': {
    attack: sql(`${INSERTED} VALUES (-9223372036854775808, now(), 'x', 'cli', '{}')`),
    found: ['event_unchained'],
  },
  'an event put in with a link that nobody counts': {
    attack: sql(
      `${INSERTED} VALUES (1000, now(), 'x', 'cli', '{}'); INSERT INTO audit_chain VALUES (-7, 1000, '')`,
    ),
    found: ['event_unchained'],
  },
  'an event put in the middle, the rest moved along': {
    attack: sql(`${INSERTED} VALUES (1000, now(), 'x', 'cli', '{}');
      UPDATE audit_chain SET seq = -seq - 1 WHERE seq >= 15; UPDATE audit_chain SET seq = -seq WHERE seq < 0;
      INSERT INTO audit_chain VALUES (15, 1000, ''); ${rechain(15)}`),
    found: ['chain_rewritten 20', 'chain_rewritten 30'],
  },
  'a link removed': {
    attack: sql('DELETE FROM audit_chain WHERE seq = 15'),
    found: ['link_missing 15', 'event_unchained'],
  },
  'a changed hash': {
    attack: sql(`UPDATE audit_chain SET hash = sha256('x') WHERE seq = 15`),
    found: ['event_changed 15', 'event_changed 16'],
  },
  'a doubled link': {
    attack:
      sql(`ALTER TABLE audit_chain DROP CONSTRAINT audit_chain_pkey; ${INSERTED} VALUES (1000, now(), 'x', 'cli', '{}');
      INSERT INTO audit_chain SELECT seq, 1000, hash FROM audit_chain WHERE seq = 15`),
    found: ['link_repeated 15'],
  },
  'an event changed and all links made anew': {
    attack: sql(`UPDATE audit_events SET actor = 'account:eve' WHERE id = ${event(15)}; ${rechain(15)}`),
    found: ['chain_rewritten 20', 'chain_rewritten 30'],
  },
  'the same, and the checkpoints that know better removed, which the log still has': {
    attack: sql(`UPDATE audit_events SET actor = 'account:eve' WHERE id = ${event(15)}; ${rechain(15)}
      DELETE FROM audit_checkpoints WHERE seq >= 15`),
    known: () => logged,
    found: ['chain_rewritten 20', 'chain_rewritten 30', 'checkpoint_missing 20', 'checkpoint_missing 30'],
  },
  'a checkpoint removed': {
    attack: sql('DELETE FROM audit_checkpoints WHERE number = 2'),
    found: ['checkpoint_missing 30'],
  },
  "a checkpoint by somebody else's key": { attack: forged({}), found: ['checkpoint_invalid'] },
  'a checkpoint by a key that calls itself ours': {
    attack: forged({ kid: keys[0].kid }),
    found: ['checkpoint_invalid'],
  },
  'an altered checkpoint': {
    attack: sql(
      `UPDATE audit_checkpoints SET jws = overlay(jws placing 'AAAA' from length(jws) - 20) WHERE number = 2`,
    ),
    found: ['checkpoint_invalid'],
  },
  'a checkpoint said to be of another place': {
    attack: sql('UPDATE audit_checkpoints SET seq = 19 WHERE number = 2'),
    found: ['checkpoint_invalid 19'],
  },
  'a checkpoint in the place of another': {
    attack: sql(
      `UPDATE audit_checkpoints SET jws = (SELECT jws FROM audit_checkpoints WHERE number = 1) WHERE number = 2`,
    ),
    found: ['checkpoint_invalid 20'],
  },
  'a trigger dropped': {
    attack: sql('DROP TRIGGER audit_events_append_only ON audit_events'),
    found: ['protection_missing'],
  },
  'a trigger switched off': {
    attack: sql('ALTER TABLE audit_events DISABLE TRIGGER audit_events_chain'),
    found: ['protection_missing'],
  },
};

describe('is found:', () => {
  test.each(Object.entries(TAMPERINGS))('%s', async (_name, { attack, known, found }) => {
    const report = await after(attack, { known: known?.() ?? [] });
    expect(report.ok).toBe(false);
    expect(report.findings.map(({ code, seq }) => [code, seq].filter(Boolean).join(' '))).toEqual(found);
  });
});

test('a log that nobody touched is whole, and says how far it is vouched for', async () => {
  expect(logged).toHaveLength(3);
  expect(await after(sql('SELECT 1'), { known: logged })).toMatchObject({
    ok: true,
    events: 32,
    checkpoints: 6,
    vouchedSeq: 30,
    findings: [],
  });
});

test('of a part of the log, what is wrong in it is found, and what is before it is not looked at', async () => {
  const attack = change("actor = 'system'");
  const [without, within] = [await after(attack, { last: 17 }), await after(attack, { last: 18 })];
  expect(without).toMatchObject({ ok: true, events: 17, fromSeq: 16, checkpoints: 2, vouchedSeq: 30 });
  expect(within).toMatchObject({ ok: false, events: 18, fromSeq: 15 });
  expect(within.findings.map(({ code }) => code)).toEqual(['event_changed']);
  const cut = await after(sql('DELETE FROM audit_chain WHERE seq = 15'), { last: 17 });
  expect(cut).toMatchObject({ ok: false, fromSeq: 1 });
  const inserted = sql(`${INSERTED} VALUES (1000000, now(), 'client.created', 'cli', '{}')`);
  expect((await after(inserted, { last: 1 })).findings.map(({ code }) => code)).toEqual(['event_unchained']);
});

test('verification that is told to end ends', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  const context = { pool: database.db.pool, keys, issuer: ISSUER, signal };
  await expect(verifyChain(context)).rejects.toThrow('enough');
});

test('checkpoints of an older secret are believed as long as it is listed, and with its public key after that', async () => {
  const { db } = database;
  const only = checkpointKeys(deriveSecrets({ secrets: { secret: ['a new secret'] } }));
  const rotated = checkpointKeys(
    deriveSecrets({ secrets: { secret: ['a new secret', 'one secret of tests'] } }),
  );
  const verify = (believed: typeof keys | readonly ReturnType<typeof fromPublicJwk>[]) =>
    verifyChain({ pool: db.pool, keys: believed, issuer: ISSUER });
  expect(await verify(rotated)).toMatchObject({ ok: true, checkpoints: 3 });
  expect(await verify(only)).toMatchObject({ ok: false, checkpoints: 0 });
  expect(await verify([...only, fromPublicJwk(publicJwkOf(keys[0]))])).toMatchObject({
    ok: true,
    checkpoints: 3,
  });
  expect(await verifyChain({ pool: db.pool, keys, issuer: 'https://other.example.com' })).toMatchObject({
    ok: false,
  });
});

test('a chain that is not what was signed is signed no further', async () => {
  const lines: string[] = [];
  const log = createLogger({ level: 'info', destination: { write: (line) => void lines.push(line) } });
  const client = await database.db.pool.connect();
  try {
    await client.query('BEGIN; SET LOCAL session_replication_role = replica');
    await client.query(rechain(1).replace("repeat('00'", "repeat('01'"));
    const db = { ...database.db, pool: client as unknown as Pool };
    const context = { db, clock, config: { issuer: ISSUER }, secrets, log };
    expect(await makeCheckpoint(context, { atOnce: true })).toBeUndefined();
    expect(lines.join()).toContain('not what was signed');
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
});
