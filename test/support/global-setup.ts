import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { type ConnectionSettings, openDatabase } from '../../src/db/database.ts';
import { startEmbedded } from '../../src/db/embedded.ts';
import { migrate } from '../../src/db/migrate.ts';
import { createLogger } from '../../src/log.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The one server of the test run; its `database` is the migrated template. */
    postgres: ConnectionSettings;
  }
}

const TEMPLATE = 'guichet_template';

/** One PostgreSQL for the whole run, and a template that is migrated once: a test's database is then a copy of 30 ms. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'guichet-test-'));
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
