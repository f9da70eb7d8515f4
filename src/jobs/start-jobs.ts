import { randomInt } from 'node:crypto';

import { isUnavailable } from '../db/database.ts';
import { createAlarm, type Alarm } from './alarm.ts';
import { createJobLocks, type JobLocks } from './job-locks.ts';
import type { Job, JobServices } from './job.ts';
import { JOBS } from './jobs.ts';

export interface Jobs {
  /** Counts since the start of the process, by name of job. */
  stats(): Readonly<Record<string, JobStats>>;
  /** No job starts any more; resolves when the running ones are done. */
  stop(): Promise<void>;
}

export interface JobStats {
  readonly runs: number;
  readonly failures: number;
  /** Times that another process was at it. */
  readonly elsewhere: number;
  readonly lastSuccessAt: Date | undefined;
}

/** The first runs are spread over this long, so that they do not compete with the start of the server. */
const FIRST_RUN_SECONDS_MAX = 30;

/** Runs each job again and again, never twice at once: neither in this process nor, thanks to its lock, in all of them. */
export function startJobs(services: JobServices, jobs: readonly Job[] = JOBS): Jobs {
  const stopping = new AbortController();
  const locks = createJobLocks(services.db.pool);
  const stats: Record<string, JobStats> = {};
  const started = jobs.map((job) => {
    const alarm = createAlarm();
    const ended = repeat(job, alarm, stopping.signal, async () => {
      const outcome = await runOnce(job, services, locks, stopping.signal);
      stats[job.name] = count(stats[job.name] ?? NEVER_RUN, outcome, services.clock.now());
    });
    const unsubscribe =
      job.wakeOn === undefined ? ignore : services.bus.subscribe(job.wakeOn, alarm.ring, alarm.ring);
    return { alarm, ended, unsubscribe };
  });
  return {
    stats: () => ({ ...stats }),
    async stop() {
      stopping.abort();
      for (const { alarm, unsubscribe } of started) {
        unsubscribe();
        alarm.ring();
      }
      await Promise.all(started.map(({ ended }) => ended));
    },
  };
}

async function repeat(job: Job, alarm: Alarm, signal: AbortSignal, run: () => Promise<void>): Promise<void> {
  await alarm.sleep(randomInt(1, Math.ceil(Math.min(job.everySeconds, FIRST_RUN_SECONDS_MAX) * 1000) + 1));
  while (!signal.aborted) {
    await run();
    await alarm.sleep(jittered(job.everySeconds * 1000));
  }
}

type Outcome = 'done' | 'failed' | 'elsewhere';

async function runOnce(
  job: Job,
  services: JobServices,
  locks: JobLocks,
  signal: AbortSignal,
): Promise<Outcome> {
  const { log } = services;
  try {
    const done = await locks.holding(job.name, () => job.run({ ...services, signal }));
    return done ? 'done' : 'elsewhere';
  } catch (error) {
    if (isUnavailable(error)) log.warn({ job: job.name, err: error }, 'job put off: the database is away');
    else log.error({ job: job.name, err: error }, 'job failed');
    return 'failed';
  }
}

const NEVER_RUN: JobStats = { runs: 0, failures: 0, elsewhere: 0, lastSuccessAt: undefined };

function count(before: JobStats, outcome: Outcome, now: Date): JobStats {
  if (outcome === 'elsewhere') return { ...before, elsewhere: before.elsewhere + 1 };
  const runs = before.runs + 1;
  if (outcome === 'failed') return { ...before, runs, failures: before.failures + 1 };
  return { ...before, runs, lastSuccessAt: now };
}

function jittered(ms: number): number {
  return randomInt(Math.floor(ms * 0.8), Math.ceil(ms * 1.2) + 1);
}

function ignore(): void {}
