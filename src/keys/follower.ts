import type { Logger } from '../log.ts';

/**
 * NOTIFY brings a change within milliseconds. The poll holds the promise of one second when a notification is lost with
 * its connection; it reads one short text over about a dozen rows.
 */
const POLL_MS = 500;

interface Follower {
  /** Looks at once; during a run, looks once more after it. */
  now(): void;
  stop(): Promise<void>;
}

/**
 * Runs `refresh` every POLL_MS and whenever `now` is called, one run at a time: of two readings that overlap, the older
 * one could be left standing.
 */
export function createFollower(refresh: () => Promise<void>, log: Logger): Follower {
  let running: Promise<void> | undefined;
  let again = false;
  let stopped = false;
  let failing = false;
  let timer: NodeJS.Timeout | undefined;

  async function run(): Promise<void> {
    again = false;
    try {
      await refresh();
      if (failing) log.info('signing keys are followed again');
      failing = false;
    } catch (error) {
      // One line an outage: a second later the next attempt would say the same.
      if (!failing) log.warn({ err: error }, 'signing keys cannot be read; the last known ones stay in use');
      failing = true;
    }
    running = undefined;
    if (again) now();
    else schedule();
  }

  function now(): void {
    again = true;
    if (running || stopped) return;
    clearTimeout(timer);
    running = run();
  }

  function schedule(): void {
    if (stopped) return;
    timer = setTimeout(now, POLL_MS);
    timer.unref();
  }

  schedule();
  return {
    now,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
