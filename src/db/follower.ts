import type { Logger } from '../log.ts';

/**
 * NOTIFY brings a change within milliseconds. The poll holds the promise of one second when a notification is lost with
 * its connection; what it reads is next to nothing while nothing changes.
 */
const POLL_MS = 500;

export interface Follower {
  /** Looks at once; during a run, looks once more after it. */
  now(): void;
  /** Resolves after a look that began no earlier than this call; rejects when that look failed. */
  look(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Keeps a copy of something in step with the database. Runs `refresh` every POLL_MS and whenever `now` is called, one run at a
 * time: of two readings that overlap, the older one could be left standing.
 */
export function createFollower(
  { what, log }: { what: string; log: Logger },
  refresh: () => Promise<void>,
): Follower {
  let running: Promise<void> | undefined;
  let awaited: PromiseWithResolvers<void> | undefined;
  let stopped = false;
  let failing = false;
  let timer: NodeJS.Timeout | undefined;

  async function run(): Promise<void> {
    const waiting = awaited;
    awaited = undefined;
    try {
      await refresh();
      if (failing) log.info(`${what} are followed again`);
      failing = false;
      waiting?.resolve();
    } catch (error) {
      // One line an outage: a second later the next attempt would say the same.
      if (!failing) log.warn({ err: error }, `${what} cannot be read; the last known ones stay in use`);
      failing = true;
      waiting?.reject(error);
    }
    running = undefined;
    if (awaited) start();
    else schedule();
  }

  function start(): void {
    if (running || stopped) return;
    clearTimeout(timer);
    running = run();
  }

  function look(): Promise<void> {
    if (stopped) return Promise.reject(new Error(`${what} are followed no more`));
    awaited ??= Promise.withResolvers<void>();
    const { promise } = awaited;
    start();
    return promise;
  }

  function schedule(): void {
    if (stopped) return;
    timer = setTimeout(start, POLL_MS);
    timer.unref();
  }

  schedule();
  return {
    now: () => void look().catch(ignore),
    look,
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
      awaited?.reject(new Error(`${what} are followed no more`));
    },
  };
}

function ignore(): void {}
