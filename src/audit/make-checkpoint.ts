import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Secrets } from '../crypto/secrets.ts';
import type { Database } from '../db/database.ts';
import type { Logger } from '../log.ts';
import { findHashes, findHead } from './chain-store.ts';
import { checkpointKeys } from './checkpoint-keys.ts';
import { readCheckpoint, signCheckpoint } from './checkpoint.ts';
import { insertCheckpoint, listLatestCheckpoints } from './checkpoint-store.ts';

export interface CheckpointContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly config: Pick<Config, 'issuer'>;
  readonly secrets: Secrets;
  readonly log: Logger;
}

/** So many new events are signed at once, fewer within so many seconds. What came after the last one can be cut off unseen. */
const EVENTS = 1000;
const SECONDS = 60;

/**
 * Signs where the chain is when there are events that no checkpoint covers, keeps that and writes it to the log. Returns it, or
 * undefined when none is due. A chain that is not what was last signed is signed no further: the log says so each time.
 */
export async function makeCheckpoint(
  { db, clock, config: { issuer }, secrets, log }: CheckpointContext,
  { atOnce = false }: { atOnce?: boolean } = {},
): Promise<string | undefined> {
  const keys = checkpointKeys(secrets);
  const [[last], head] = await Promise.all([listLatestCheckpoints(db.pool, 1), findHead(db.pool)]);
  const now = Math.floor(clock.now().getTime() / 1000);
  if (last) {
    const read = readCheckpoint(last.jws, { keys, issuer });
    if (read.ok) {
      const { seq, hash, at } = read.checkpoint;
      const found = await findHashes(db.pool, [seq]);
      if (found.get(seq) !== hash) {
        log.error(
          { seq, checkpoint: last.jws },
          'the audit log is not what was signed: run guichet audit verify',
        );
        return undefined;
      }
      const isDue = atOnce || head.seq - seq >= EVENTS || now - at >= SECONDS;
      if (head.seq <= seq || !isDue) return undefined;
    }
  } else if (head.seq === 0) return undefined;
  const number = (last?.number ?? 0) + 1;
  const { seq, hash } = head;
  const jws = signCheckpoint({ number, seq, hash, count: seq, at: now, iss: issuer }, keys[0]);
  if (!(await insertCheckpoint(db.pool, { number, seq, jws }))) return undefined;
  log.info({ seq, checkpoint: jws }, 'audit checkpoint');
  return jws;
}
