import type { Knex } from 'knex';

import { record } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Seal } from '../crypto/seal.ts';
import type { Database, Queryable } from '../db/database.ts';
import { SIGNING_ALGS } from './key.ts';
import type { NewKey, SigningAlg } from './key.ts';
import { makeKey } from './make-key.ts';
import { activateKey, announceKeys, insertKey, listKeys, lockKeys } from './store.ts';

/**
 * Makes the first key of every algorithm that has no active one and puts it to work at once: nobody can hold an older
 * JWKS of an algorithm that has never signed. Processes that start together make one set, because each looks again
 * under the lock. Cheap when nothing is missing.
 */
export async function ensureKeys(
  { db, clock, seal }: { db: Database; clock: Clock; seal: Seal },
  actor = 'system',
): Promise<void> {
  const missing = await listMissing(db.knex);
  if (missing.length === 0) return;
  const made = await Promise.all(missing.map((alg) => makeKey({ seal }, alg)));
  await db.transaction(async (tx) => {
    await lockKeys(tx);
    const stillMissing = await listMissing(tx);
    const wanted = made.filter((key) => stillMissing.includes(key.alg));
    for (const key of wanted) await startKey(tx, { key, now: clock.now(), actor });
    if (wanted.length > 0) await announceKeys(tx);
  });
}

/** Stores a key and makes it the active one of its algorithm, in a transaction that holds the lock. */
export async function startKey(
  tx: Knex.Transaction,
  { key, now, actor }: { key: NewKey; now: Date; actor: string },
): Promise<void> {
  await insertKey(tx, key, now);
  await activateKey(tx, key, now);
  await record(tx, {
    occurredAt: now,
    type: 'key.activated',
    actor,
    detail: { kid: key.kid, alg: key.alg },
  });
}

async function listMissing(db: Queryable): Promise<SigningAlg[]> {
  const keys = await listKeys(db);
  const active = new Set(keys.filter((key) => key.state === 'active').map((key) => key.alg));
  return SIGNING_ALGS.filter((alg) => !active.has(alg));
}
