import { statSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { type ConnectionSettings, openDatabase } from '../../src/db/database.ts';
import { clusterAt } from '../../src/db/embedded/cluster.ts';
import { isSupervised } from '../../src/db/embedded/lease.ts';
import { startEmbedded } from '../../src/db/embedded.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createLogger } from '../../src/log.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The one server of the test run; its `database` is the migrated template. */
    postgres: ConnectionSettings;
  }
}

const PREFIX = 'guichet-test-';
const TEMPLATE = 'guichet_template';

/** One PostgreSQL for the whole run, and a template that is migrated once: a test's database is then a copy of 30 ms. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  await sweep();
  const dataDir = await mkdtemp(path.join(os.tmpdir(), PREFIX));
  const embedded = await startEmbedded({ dataDir, log: createLogger({ level: 'warn' }), durable: false });
  const administration = openDatabase({ connection: embedded.connection });
  await administration.knex.raw(`CREATE DATABASE ${TEMPLATE}`);
  await administration.close();
  const template = { ...embedded.connection, database: TEMPLATE };
  const db = openDatabase({ connection: template });
  await migrate(db);
  await db.close();
  project.provide('postgres', template);
  return async () => {
    await embedded.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}

/** Longer than any run takes to start its server. */
const SWEEP_AGE_MS = 600_000;

/** A run that was killed left its folder; its PostgreSQL has stopped by itself. */
async function sweep(): Promise<void> {
  const names = (await readdir(os.tmpdir())).filter((name) => name.startsWith(PREFIX));
  for (const folder of names.map((name) => path.join(os.tmpdir(), name))) {
    const created = statSync(folder, { throwIfNoEntry: false })?.mtimeMs;
    if (created === undefined || created > Date.now() - SWEEP_AGE_MS) continue;
    if (!isSupervised(clusterAt(path.join(folder, 'postgres'))))
      await rm(folder, { recursive: true, force: true });
  }
}
