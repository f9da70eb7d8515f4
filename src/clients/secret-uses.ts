import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import type { Logger } from '../log.ts';
import { saveSecretUses } from './secret-store.ts';

/** What is written is exact; that it is written is this much later at most, and at once when the process ends. */
const FLUSH_MS = 60_000;

export interface SecretUses {
  /** A client has proved itself with this secret just now. Memory only. */
  note(secretId: string): void;
  /** Writes what was noted. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/**
 * When each secret was last used, so that an operator sees which of two is still in use before taking one away. Every request of
 * a client notes it; a process writes each secret at most once a minute, all of them in one statement.
 */
export function createSecretUses({
  db,
  clock,
  log,
}: {
  db: Pick<Database, 'pool'>;
  clock: Clock;
  log: Logger;
}): SecretUses {
  let noted = new Map<string, Date>();

  async function flush(): Promise<void> {
    if (noted.size === 0) return;
    const uses = noted;
    noted = new Map();
    try {
      await saveSecretUses(db.pool, uses);
    } catch (error) {
      // Later uses, noted meanwhile, are the ones that count.
      noted = new Map([...uses, ...noted]);
      log.warn({ err: error }, 'the last uses of client secrets could not be written');
    }
  }

  const timer = setInterval(() => void flush(), FLUSH_MS);
  timer.unref();
  return {
    note: (secretId) => void noted.set(secretId, clock.now()),
    flush,
    async close() {
      clearInterval(timer);
      await flush();
    },
  };
}
