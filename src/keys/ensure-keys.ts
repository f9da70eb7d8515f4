import type { Actor } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Seal } from '../crypto/seal.ts';
import type { Database, Queryable } from '../db/database.ts';
import { findActive, SIGNING_ALGS } from './key.ts';
import type { SigningAlg } from './key.ts';
import { makeKey } from './make-key.ts';
import { start } from './stages.ts';
import { announceKeys, listKeys, lockKeys } from './store.ts';

/**
 * Makes the first key of every algorithm that has no active one and puts it to work at once: nobody can hold an older
 * JWKS of an algorithm that has never signed. Processes that start together make one set, because each looks again
 * under the lock. Cheap when nothing is missing.
 */
export async function ensureKeys(
  { db, clock, seal }: { db: Database; clock: Clock; seal: Seal },
  actor: Actor = 'system',
): Promise<void> {
  const missing = await listMissing(db.knex);
  if (missing.length === 0) return;
  const made = await Promise.all(missing.map((alg) => makeKey({ seal }, alg)));
  await db.transaction(async (tx) => {
    await lockKeys(tx);
    const stillMissing = await listMissing(tx);
    for (const key of made) {
      if (stillMissing.includes(key.alg)) await start(tx, key, { now: clock.now(), actor });
    }
    await announceKeys(tx);
  });
}

async function listMissing(db: Queryable): Promise<SigningAlg[]> {
  const keys = await listKeys(db);
  return SIGNING_ALGS.filter((alg) => !findActive(keys, alg));
}
