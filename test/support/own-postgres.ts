import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { openDatabase, type Database } from '../../src/db/database.ts';
import { clusterAt } from '../../src/db/embedded/cluster.ts';
import { postmasterPid } from '../../src/db/embedded/orphan.ts';
import { startEmbedded } from '../../src/db/embedded.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createLogger } from '../../src/log.ts';
import { connectionUrl } from './database.ts';

/** A PostgreSQL that a test may stop: durable like an operator's, with the current schema, nobody else on it. */
export interface OwnPostgres {
  readonly url: string;
  readonly db: Database;
  /** As `pg_ctl stop -m immediate`: every process of it ends without a word, and the next start recovers from the log. */
  crash(): Promise<void>;
  /** Whoever started it starts it again by itself; resolves when it answers. */
  untilBack(): Promise<void>;
  stop(): Promise<void>;
}

const POLL_MS = 20;
/** Noticing takes a second, recovery less; a busy machine multiplies both. */
const PATIENCE_MS = 30_000;

export async function startOwnPostgres(): Promise<OwnPostgres> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'guichet-own-'));
  // It says of every crash that it starts again.
  const embedded = await startEmbedded({ dataDir, log: createLogger({ level: 'silent' }), durable: true });
  const db = openDatabase({ connection: embedded.connection, poolMax: 8, applicationName: 'guichet test' });
  await migrate(db);
  const cluster = clusterAt(path.join(dataDir, 'postgres'));

  async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
    for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += POLL_MS) {
      if (await condition()) return;
      await sleep(POLL_MS);
    }
    throw new Error('PostgreSQL did not do as it was told');
  }

  return {
    url: connectionUrl(embedded.connection),
    db,
    async crash() {
      const pid = postmasterPid(cluster);
      if (pid === undefined) throw new Error('PostgreSQL is not running');
      process.kill(pid, 'SIGQUIT');
      await until(() => postmasterPid(cluster) !== pid);
    },
    untilBack: () =>
      until(() =>
        db.pool.query('SELECT 1').then(
          () => true,
          () => false,
        ),
      ),
    async stop() {
      await db.close();
      await embedded.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
