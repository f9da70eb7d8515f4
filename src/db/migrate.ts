/**
 * Forward-only migrations: `migrations/NNNN-noun.ts`, each exporting `up(knex)` and run in a transaction of its own together
 * with its row in `schema_migrations`. One process migrates at a time, under an advisory lock; the others wait for it and then
 * find nothing to do. Old code goes on serving while new code migrates (each migration must allow that), so a schema that is
 * newer than the code is no error here: `unknownMigrations` tells, and the caller decides.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Knex } from 'knex';
import type { Client } from 'pg';
import type { Database, Queryable } from './database.ts';
import { allowSilence } from './silence.ts';

const FOLDER = path.join(import.meta.dirname, '../../migrations');
/** `.ts` where Node runs the sources, `.js` after `npm run build`. */
const EXTENSION = path.extname(import.meta.filename);
const FILE_NAME = /^\d{4}-[a-z0-9-]+\.[jt]s$/;
/**
 * The bytes of "guichet", in decimal, because PostgreSQL reads hexadecimal from version 16 on only: any constant will do that nobody else
 * takes for an advisory lock in this database.
 */
const LOCK_KEY = '29121018100999540';
/** A migration waits for running transactions, but never long: behind its lock queues the whole service. */
const LOCK_TIMEOUT = '5s';

interface Migration {
  readonly up: (knex: Knex) => Promise<void>;
}

/** Runs what is pending and returns its names, oldest first. Safe to call from any number of processes at once. */
export async function migrate(db: Database, folder = FOLDER): Promise<string[]> {
  const done: string[] = [];
  for (const name of await pendingMigrations(db, folder)) {
    if (await apply(db, folder, name)) done.push(name);
  }
  return done;
}

/** Names of migrations that the code has and the database has not. */
export async function pendingMigrations(db: Database, folder = FOLDER): Promise<string[]> {
  const [names, applied] = await Promise.all([migrationNames(folder), appliedMigrations(db.knex)]);
  return names.filter((name) => !applied.has(name));
}

/** Names of migrations that the database has and the code has not: a newer release has migrated it. */
export async function unknownMigrations(db: Database, folder = FOLDER): Promise<string[]> {
  const [names, applied] = await Promise.all([migrationNames(folder), appliedMigrations(db.knex)]);
  return [...applied].filter((name) => !names.includes(name)).sort();
}

/** False when another process was faster. */
async function apply(db: Database, folder: string, name: string): Promise<boolean> {
  const { up }: Migration = await import(pathToFileURL(path.join(folder, `${name}${EXTENSION}`)).href);
  return db.transaction(async (tx) => {
    // Filling a new column may take minutes, and so may waiting for another process that does.
    await tx.raw('SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0');
    const client: Client = await tx.client.acquireConnection();
    allowSilence(client);
    await tx.raw(`SELECT pg_advisory_xact_lock(${LOCK_KEY})`);
    await tx.raw(`SET LOCAL lock_timeout = '${LOCK_TIMEOUT}'`);
    // Under the lock, as even IF NOT EXISTS fails when two do it at the same moment.
    await tx.raw(
      'CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
    );
    if ((await appliedMigrations(tx)).has(name)) return false;
    await up(tx);
    await tx('schema_migrations').insert({ name });
    return true;
  });
}

async function migrationNames(folder: string): Promise<string[]> {
  const files = await readdir(folder);
  return files
    .filter((file) => FILE_NAME.test(file))
    .map((file) => path.basename(file, EXTENSION))
    .sort();
}

async function appliedMigrations(db: Queryable): Promise<Set<string>> {
  const { rows } = await db.raw<{ rows: { found: boolean }[] }>(
    `SELECT to_regclass('schema_migrations') IS NOT NULL AS found`,
  );
  if (!rows[0]?.found) return new Set();
  const names = await db<{ name: string }>('schema_migrations').select('name');
  return new Set(names.map(({ name }) => name));
}
