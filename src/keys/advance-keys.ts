import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Seal } from '../crypto/seal.ts';
import type { Database } from '../db/database.ts';
import { findSuccessor, isDueToRotate, isDueToSign, isForgettable } from './key.ts';
import { rotateFrom } from './rotate-keys.ts';
import { activate } from './stages.ts';
import { announceKeys, deleteKeys, listKeys, lockKeys } from './store.ts';

interface Context {
  readonly db: Database;
  readonly clock: Clock;
  readonly seal: Seal;
  readonly config: Pick<Config, 'keys'>;
}

/**
 * Moves every key on whose time has come: published keys sign, keys at the end of their term get a successor, keys that
 * have verified for long enough are forgotten. One short query when nothing is due; safe in several processes at once.
 */
export async function advanceKeys(context: Context): Promise<void> {
  const { db, clock, config } = context;
  const now = clock.now();
  const keys = await listKeys(db.knex);
  if (keys.some((key) => isDueToSign(key, now, config.keys.publishSeconds) || isForgettable(key, now))) {
    await moveOn(context);
  }
  for (const key of keys) {
    if (!isDueToRotate(key, now, config.keys) || findSuccessor(keys, key.alg)) continue;
    await rotateFrom(context, keys, { alg: key.alg });
  }
}

async function moveOn({ db, clock, config }: Context): Promise<void> {
  await db.transaction(async (tx) => {
    await lockKeys(tx);
    const now = clock.now();
    const keys = await listKeys(tx);
    const due = keys.filter((key) => isDueToSign(key, now, config.keys.publishSeconds));
    for (const key of due) await activate(tx, key, { now, actor: 'system' });
    await deleteKeys(
      tx,
      keys.filter((key) => isForgettable(key, now)).map((key) => key.kid),
    );
    await announceKeys(tx);
  });
}
