import type { Knex } from 'knex';
import type { PoolClient } from 'pg';

import type { ImportRecord } from './import-record.ts';

/** A record that may be stored, with the line it stands on. */
export interface ImportRow extends Omit<ImportRecord, 'hash' | 'disabled' | 'createdAt'> {
  readonly line: number;
  readonly passwordHash: string | null;
  readonly disabledAt: Date | null;
  readonly createdAt: Date;
}

/** Inserts what it can; ids of those that are new. */
export async function insertImported(
  tx: Knex.Transaction,
  rows: readonly ImportRow[],
  now: Date,
): Promise<Set<string>> {
  const columns = rows.map((row) => ({
    id: row.id,
    username: row.username,
    email: row.email,
    email_verified: row.emailVerified,
    profile: row.profile,
    password_hash: row.passwordHash,
    disabled_at: row.disabledAt,
    created_at: row.createdAt,
  }));
  const { rows: inserted } = await tx.raw<{ rows: { id: string }[] }>(
    `INSERT INTO accounts (id, username, email, email_verified, profile, password_hash, password_changed_at,
                           disabled_at, created_at, updated_at)
     SELECT id, username, email, email_verified, profile, password_hash,
            CASE WHEN password_hash IS NOT NULL THEN ?::timestamptz END, disabled_at, created_at, ?
       FROM jsonb_to_recordset(?::jsonb)
         AS r (id text, username text, email text, email_verified boolean, profile jsonb, password_hash text,
               disabled_at timestamptz, created_at timestamptz)
     ON CONFLICT DO NOTHING RETURNING id`,
    [now, now, JSON.stringify(columns)],
  );
  return new Set(inserted.map(({ id }) => id));
}

/** What stands in the way of rows. */
export interface Taken {
  readonly ids: ReadonlySet<string>;
  readonly usernames: ReadonlySet<string>;
  readonly emails: ReadonlySet<string>;
  /** A client may not share its id with a person (RFC 9700 §4.15). */
  readonly clientIds: ReadonlySet<string>;
}

export async function findTaken(db: Knex | Knex.Transaction, rows: readonly ImportRow[]): Promise<Taken> {
  const ids = rows.map(({ id }) => id);
  const usernames = rows.flatMap(({ username }) => username ?? []);
  const emails = rows.flatMap(({ email }) => email ?? []);
  // One look-up per index: an OR of the three would read the whole table.
  const { rows: found } = await db.raw<{ rows: { kind: string; value: string }[] }>(
    `SELECT 'id' AS kind, id AS value FROM accounts WHERE id = ANY (?::text[])
     UNION ALL SELECT 'username', username FROM accounts WHERE lower(username) = ANY (?::text[])
     UNION ALL SELECT 'email', email FROM accounts WHERE lower(email) = ANY (?::text[])
     UNION ALL SELECT 'client', id FROM clients WHERE id = ANY (?::text[])`,
    [ids, usernames, emails, ids],
  );
  const valuesOf = (wanted: string) =>
    new Set(found.filter(({ kind }) => kind === wanted).map(({ value }) => value));
  return {
    ids: valuesOf('id'),
    usernames: valuesOf('username'),
    emails: valuesOf('email'),
    clientIds: valuesOf('client'),
  };
}

/**
 * Identifiers of the lines read so far, so that one run finds what its file has twice without holding the file in memory. The
 * table is the connection's own and goes with it.
 */
export async function createSeen(client: PoolClient): Promise<void> {
  await client.query(`
    CREATE TEMPORARY TABLE import_seen (
      id text PRIMARY KEY, username text UNIQUE, email text UNIQUE, line integer NOT NULL
    )`);
}

export async function dropSeen(client: PoolClient): Promise<void> {
  await client.query('DROP TABLE import_seen');
}

/** Which earlier line has the same, by the line that repeats it. */
export async function noteSeen(
  client: PoolClient,
  rows: readonly ImportRow[],
): Promise<Map<number, { readonly field: string; readonly line: number }>> {
  const { rows: noted } = await client.query<{ line: number }>(
    `INSERT INTO import_seen (id, username, email, line)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[]) ON CONFLICT DO NOTHING RETURNING line`,
    [
      rows.map(({ id }) => id),
      rows.map(({ username }) => username),
      rows.map(({ email }) => email),
      rows.map(({ line }) => line),
    ],
  );
  const isNew = new Set(noted.map(({ line }) => line));
  const repeats = rows.filter(({ line }) => !isNew.has(line));
  if (repeats.length === 0) return new Map();
  const { rows: found } = await client.query<{ line: number; field: string; earlier: number }>(
    `SELECT DISTINCT ON (r.line) r.line, s.line AS earlier,
            CASE WHEN s.id = r.id THEN 'id' WHEN s.username = r.username THEN 'username' ELSE 'email' END AS field
       FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[]) AS r (id, username, email, line)
       JOIN import_seen s ON s.id = r.id OR s.username = r.username OR s.email = r.email
      ORDER BY r.line, s.line`,
    [
      repeats.map(({ id }) => id),
      repeats.map(({ username }) => username),
      repeats.map(({ email }) => email),
      repeats.map(({ line }) => line),
    ],
  );
  return new Map(found.map(({ line, field, earlier }) => [line, { field, line: earlier }]));
}
