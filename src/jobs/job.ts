import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Seal } from '../crypto/seal.ts';
import type { Secrets } from '../crypto/secrets.ts';
import type { Database } from '../db/database.ts';
import type { Bus } from '../db/listen.ts';
import type { Logger } from '../log.ts';

/**
 * What happens by itself: this folder owns when such work runs and that one process at a time does it; what the work is
 * belongs to the rooms, except for pruning and partitions, which belong to no noun. The table of all jobs is `jobs.ts`.
 */
export interface Job {
  /** Names the job in logs and metrics, and its lock. */
  readonly name: string;
  /** Rest between two runs, give or take a fifth, so that processes started together do not run together. */
  readonly everySeconds: number;
  /** A NOTIFY channel that starts the next run at once. */
  readonly wakeOn?: string;
  /**
   * One run. Another process may have done the same work a moment ago, and in the worst case (a lost connection loses the
   * lock) does it right now: a job must be right even then. Long ones look at `signal` between their steps.
   */
  run(context: JobContext): Promise<void>;
}

export interface JobServices {
  readonly db: Database;
  readonly bus: Pick<Bus, 'subscribe'>;
  readonly clock: Clock;
  readonly seal: Seal;
  readonly secrets: Secrets;
  readonly log: Logger;
  readonly config: Pick<Config, 'issuer' | 'keys' | 'sessions' | 'egressAllow' | 'statusLists'>;
}

export interface JobContext extends JobServices {
  /** Aborted when the process wants to stop. */
  readonly signal: AbortSignal;
}
