/**
 * Forward-only migrations: `migrations/NNNN-noun.ts`, each exporting `up(knex)` and run in a transaction of its own together
 * with its row in `schema_migrations`. One process migrates at a time, under an advisory lock; the others wait for it and then
 * find nothing to do. Old code goes on serving while new code migrates (each migration must allow that), hence a schema that
 * is newer than the code is reported by `unknownMigrations` and refused by nobody but `migrate`.
 */
import { readdir } from 'node:fs/promises';
import { pathToFileURL } from 'node:url';
import path from 'node:path';
import type { Knex } from 'knex';
import type { Database } from './database.ts';

const FOLDER = path.join(import.meta.dirname, '../../migrations');
const FILE_NAME = /^\d{4}-[a-z0-9-]+\.ts$/;
/** Any constant will do, as long as nobody else takes the same advisory lock: the bytes of "guichet". */
const LOCK_KEY = '0x67756963686574';
/** A migration waits for running transactions, never long: what queues behind its lock is the whole service. */
const LOCK_TIMEOUT = '5s';

interface Migration {
  readonly up: (knex: Knex) => Promise<void>;
}

/** Runs what is pending and returns its names, oldest first. Safe to call from any number of processes at once. */
export async function migrate(db: Database): Promise<string[]> {
  const names = await migrationNames();
  await db.knex.raw(
    'CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
  );
  const done: string[] = [];
  for (const name of names) {
    if (await apply(db, name)) done.push(name);
  }
  return done;
}

/** Names of migrations that the code has and the database has not. */
export async function pendingMigrations(db: Database): Promise<string[]> {
  const [names, applied] = await Promise.all([migrationNames(), appliedMigrations(db.knex)]);
  return names.filter((name) => !applied.has(name));
}

/** Names of migrations that the database has and the code has not: a newer release has migrated it. */
export async function unknownMigrations(db: Database): Promise<string[]> {
  const [names, applied] = await Promise.all([migrationNames(), appliedMigrations(db.knex)]);
  return [...applied].filter((name) => !names.includes(name)).sort();
}

async function apply(db: Database, name: string): Promise<boolean> {
  return db.transaction(async (tx) => {
    await tx.raw(`SELECT pg_advisory_xact_lock(${LOCK_KEY})`);
    const applied = await appliedMigrations(tx);
    if (applied.has(name)) return false;
    await tx.raw(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
    const { up }: Migration = await import(pathToFileURL(path.join(FOLDER, `${name}.ts`)).href);
    await up(tx);
    await tx('schema_migrations').insert({ name });
    return true;
  });
}

async function migrationNames(): Promise<string[]> {
  const files = await readdir(FOLDER);
  return files
    .filter((file) => FILE_NAME.test(file))
    .map((file) => path.basename(file, '.ts'))
    .sort();
}

async function appliedMigrations(knex: Knex): Promise<Set<string>> {
  const { rows } = await knex.raw<{ rows: { found: boolean }[] }>(
    `SELECT to_regclass('schema_migrations') IS NOT NULL AS found`,
  );
  if (!rows[0]?.found) return new Set();
  const names = await knex<{ name: string }>('schema_migrations').select('name');
  return new Set(names.map(({ name }) => name));
}
