import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, expect, test } from 'vitest';

import { createSeal } from '../../src/crypto/seal.ts';
import { deriveSecrets } from '../../src/crypto/secrets.ts';
import { openDatabase, type Database } from '../../src/db/database.ts';
import { notify, openBus } from '../../src/db/listen.ts';
import type { Job, JobServices } from '../../src/jobs/job.ts';
import { JOBS } from '../../src/jobs/jobs.ts';
import { startJobs, type Jobs } from '../../src/jobs/start-jobs.ts';
import { ensureKeys } from '../../src/keys/ensure-keys.ts';
import { createLogger } from '../../src/log.ts';
import { createTestClock } from '../support/clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const clock = createTestClock();
const log = createLogger({ level: 'silent' });
const seal = createSeal([Buffer.alloc(32, 7)]);
const secrets = deriveSecrets({ secrets: { secret: ['a secret of tests'] } });
const config = {
  issuer: 'https://login.example.com',
  keys: { rotationDays: 90, publishSeconds: 900 },
  sessions: { ttlSeconds: 1_209_600, idleSeconds: 259_200 },
  egressAllow: [],
  statusLists: { ttlSeconds: 30 },
};
const OFTEN = 0.01;
const RARELY = 3600;

let database: TestDatabase;
let cleanUp: (() => Promise<void>)[];

beforeEach(async () => {
  cleanUp = [];
  database = await createTestDatabase();
});
afterEach(async () => {
  for (const close of cleanUp.toReversed()) await close();
  await database.drop();
});

/** Jobs with pools and a bus of their own, as another process has them. */
function startProcess(jobs: readonly Job[]): Jobs & { db: Database } {
  const db = openDatabase({ url: database.url, poolMax: 8 });
  const bus = openBus({ connection: database.url, log });
  const services: JobServices = { db, bus, clock, seal, secrets, log, config };
  const started = startJobs(services, jobs);
  cleanUp.push(
    () => db.close(),
    () => bus.close(),
    () => started.stop(),
  );
  return { ...started, db };
}

test('a job runs in one process at a time', async () => {
  let running = 0;
  let most = 0;
  let runs = 0;
  const job: Job = {
    name: 'counted',
    everySeconds: OFTEN,
    async run() {
      running += 1;
      runs += 1;
      most = Math.max(most, running);
      await sleep(20);
      running -= 1;
    },
  };
  const processes = [startProcess([job]), startProcess([job]), startProcess([job])];
  await expect.poll(() => runs, { timeout: 10_000 }).toBeGreaterThan(20);
  await Promise.all(processes.map((each) => each.stop()));
  expect(most).toBe(1);
  expect(running).toBe(0);
  expect(processes.some((each) => (each.stats()['counted']?.elsewhere ?? 0) > 0)).toBe(true);
});

test('a job that fails is counted and runs again, and disturbs no other', async () => {
  let attempts = 0;
  const failing: Job = {
    name: 'failing',
    everySeconds: OFTEN,
    async run() {
      attempts += 1;
      await sleep(1);
      if (attempts < 3) throw new Error('not yet');
    },
  };
  const fine: Job = { name: 'fine', everySeconds: OFTEN, run: () => sleep(1) };
  const jobs = startProcess([failing, fine]);
  await expect.poll(() => jobs.stats()['failing']?.lastSuccessAt, { timeout: 5000 }).toBeInstanceOf(Date);
  expect(jobs.stats()['failing']?.failures).toBe(2);
  expect(jobs.stats()['fine']?.failures).toBe(0);
});

test('stop waits for the job that runs and starts none afterwards', async () => {
  const begun = Promise.withResolvers<void>();
  let finished = false;
  let told = false;
  const slow: Job = {
    name: 'slow',
    everySeconds: OFTEN,
    async run({ signal }) {
      begun.resolve();
      await sleep(200);
      told = signal.aborted;
      finished = true;
    },
  };
  const jobs = startProcess([slow]);
  await begun.promise;
  await jobs.stop();
  expect(finished).toBe(true);
  expect(told).toBe(true);
  const { runs } = jobs.stats()['slow'] ?? { runs: 0 };
  await sleep(100);
  expect(jobs.stats()['slow']?.runs).toBe(runs);
});

test('stop does not wait for a job that rests', async () => {
  const jobs = startProcess([{ name: 'resting', everySeconds: RARELY, run: () => sleep(1) }]);
  const asked = performance.now();
  await jobs.stop();
  expect(performance.now() - asked).toBeLessThan(500);
});

test('a notification starts the next run at once', async () => {
  let runs = 0;
  const woken: Job = {
    name: 'woken',
    everySeconds: RARELY,
    wakeOn: 'guichet_test',
    async run() {
      runs += 1;
      await sleep(1);
    },
  };
  startProcess([woken]);
  // Being heard for the first time counts as news, because some may have been missed.
  await expect.poll(() => runs, { timeout: 2000 }).toBe(1);
  await notify(database.db.knex, 'guichet_test', '');
  await expect.poll(() => runs, { timeout: 2000 }).toBe(2);
});

test('a lost connection loses the lock and a run, not the job', async () => {
  let runs = 0;
  const job: Job = {
    name: 'survivor',
    everySeconds: OFTEN,
    async run() {
      runs += 1;
      await sleep(30);
    },
  };
  startProcess([job]);
  await expect.poll(() => runs).toBeGreaterThan(1);
  await database.db.knex.raw(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
  );
  const before = runs;
  await expect.poll(() => runs, { timeout: 5000 }).toBeGreaterThan(before + 3);
});

test('jobs hold one connection between them, and none while they rest', async () => {
  const begun = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  const end = Promise.withResolvers<void>();
  const jobs = startProcess(
    begun.map((each, i) => ({
      name: `holding-${i}`,
      everySeconds: OFTEN,
      run: () => {
        each.resolve();
        return end.promise;
      },
    })),
  );
  await Promise.all(begun.map((each) => each.promise));
  expect(jobs.db.pool.totalCount - jobs.db.pool.idleCount).toBe(1);
  end.resolve();
  await jobs.stop();
  await expect.poll(() => jobs.db.pool.totalCount - jobs.db.pool.idleCount).toBe(0);
});

test('every job of the table runs on an empty database and has a name of its own', async () => {
  await ensureKeys({ db: database.db, clock, seal });
  const jobs = startProcess(JOBS.map((job) => ({ ...job, everySeconds: OFTEN })));
  await expect
    .poll(() => JOBS.filter((job) => !jobs.stats()[job.name]?.lastSuccessAt).map((job) => job.name), {
      timeout: 10_000,
    })
    .toEqual([]);
  await jobs.stop();
  expect(Object.values(jobs.stats()).reduce((sum, each) => sum + each.failures, 0)).toBe(0);
  expect(new Set(JOBS.map((job) => job.name)).size).toBe(JOBS.length);
});
