import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';
import { type ConnectionSettings, type Database, openDatabase } from '../../src/db/database.ts';

export interface TestDatabase {
  readonly connection: ConnectionSettings;
  /** What a spawned server takes as GUICHET_DATABASE_URL. */
  readonly url: string;
  readonly db: Database;
  /** Closes `db` and cuts off everybody else. */
  drop(): Promise<void>;
}

export interface TestDatabaseOptions {
  /** An empty database instead of one with the current schema. */
  readonly empty?: boolean;
  readonly poolMax?: number;
}

/** A database of its own on the test run's server. */
export async function createTestDatabase({
  empty = false,
  poolMax = 8,
}: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const template = inject('postgres');
  const name = `test_${randomBytes(8).toString('hex')}`;
  await administer(`CREATE DATABASE ${name} TEMPLATE ${empty ? 'template0' : template.database}`);
  const connection = { ...template, database: name };
  const db = openDatabase({ connection, poolMax, applicationName: 'guichet test' });
  return {
    connection,
    url: connectionUrl(connection),
    db,
    async drop() {
      await db.close();
      await administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}

export function connectionUrl({ host, port, user, password, database }: ConnectionSettings): string {
  const credentials = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  if (!host.startsWith('/')) return `postgres://${credentials}@${host}:${port}/${database}`;
  return `postgres://${credentials}@/${database}?${new URLSearchParams({ host, port: String(port) }).toString()}`;
}

/** From a connection to a database that nobody copies or drops. */
export async function administer(statement: string): Promise<void> {
  const client = new Client({ ...inject('postgres'), database: 'postgres', ssl: false });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
