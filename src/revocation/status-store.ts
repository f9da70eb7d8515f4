import type { Pool } from 'pg';
import type { Knex } from 'knex';

import { notify } from '../db/listen.ts';
import { LEDGER_LOCK } from './issue.ts';
import {
  INDEX_BYTES,
  LIST_SIZE,
  readIndexes,
  STATUS_CHANNEL,
  type StatusChange,
  type StatusList,
  type StatusPlace,
} from './status-list.ts';

/** Leases a new list; its number is what the ledger keeps. */
export async function insertStatusList(
  pool: Pool,
  { id, leasedUntil, expiresAt }: { id: string; leasedUntil: Date; expiresAt: Date },
): Promise<number> {
  const { rows } = await pool.query<{ no: number }>({
    name: 'status_lists_insert',
    text: 'INSERT INTO status_lists (id, size, leased_until, expires_at) VALUES ($1, $2, $3, $4) RETURNING no',
    values: [id, LIST_SIZE, leasedUntil, expiresAt],
  });
  const [row] = rows;
  if (!row) throw new Error('the status list was not stored');
  return row.no;
}

/**
 * No token in it lives longer than that: the lease is over. By its id, because in a database that was put back the number may
 * have been given to another list.
 */
export async function closeStatusList(pool: Pool, id: string, expiresAt: Date): Promise<void> {
  await pool.query({
    name: 'status_lists_close',
    text: `UPDATE status_lists SET expires_at = least(expires_at, $2), leased_until = least(leased_until, $2) WHERE id = $1`,
    values: [id, expiresAt],
  });
}

/** More than any deployment has: see the arithmetic in status-list.ts. */
const LISTS_MAX = 10_000;

export async function listStatusLists(pool: Pool, now: Date): Promise<StatusList[]> {
  const { rows } = await pool.query<{ id: string; size: number; expires_at: Date }>({
    name: 'status_lists_list',
    text: 'SELECT id, size, expires_at FROM status_lists WHERE expires_at > $1 ORDER BY expires_at LIMIT $2',
    values: [now, LISTS_MAX],
  });
  return rows.map((row) => ({ id: row.id, size: row.size, expiresAt: row.expires_at }));
}

/** Lists that are gone are missing. */
export async function findListExpiries(pool: Pool, ids: readonly string[]): Promise<Map<string, Date>> {
  if (ids.length === 0) return new Map();
  const { rows } = await pool.query<{ id: string; expires_at: Date }>({
    name: 'status_lists_expiries',
    text: 'SELECT id, expires_at FROM status_lists WHERE id = ANY($1::text[])',
    values: [ids],
  });
  return new Map(rows.map((row) => [row.id, row.expires_at]));
}

export interface StoredStatusList extends StatusList {
  /** Indexes of everything in it that was revoked, as stored; null when nothing was. */
  readonly changes: Buffer | null;
}

/** In the order of the ids. */
export async function findStatusLists(
  pool: Pool,
  ids: readonly string[],
): Promise<(StoredStatusList | undefined)[]> {
  const { rows } = await pool.query<{ id: string; size: number; expires_at: Date; changes: Buffer | null }>({
    name: 'status_lists_find',
    text: `
      SELECT l.id, l.size, l.expires_at,
        (SELECT string_agg(c.indexes, ''::bytea) FROM status_changes c WHERE c.list_no = l.no) AS changes
      FROM status_lists l WHERE l.id = ANY($1::text[])`,
    values: [ids],
  });
  const found = new Map(
    rows.map((row) => [
      row.id,
      { id: row.id, size: row.size, expiresAt: row.expires_at, changes: row.changes },
    ]),
  );
  return ids.map((id) => found.get(id));
}

/** A token's list, and its bit as the database has it; undefined when the list is gone. */
export async function findStatusBit(
  pool: Pool,
  { listNo, index }: StatusPlace,
): Promise<{ listId: string; bit: 0 | 1 } | undefined> {
  const { rows } = await pool.query<{ id: string; changes: Buffer | null }>({
    name: 'status_lists_find_no',
    text: `
      SELECT l.id,
        (SELECT string_agg(c.indexes, ''::bytea) FROM status_changes c WHERE c.list_no = l.no) AS changes
      FROM status_lists l WHERE l.no = $1`,
    values: [listNo],
  });
  const [row] = rows;
  if (!row) return undefined;
  return { listId: row.id, bit: row.changes && readIndexes(row.changes).includes(index) ? 1 : 0 };
}

export interface News {
  /** Every change up to here is committed, and every one after `after` is in `changes` if there are fewer than `limit`. */
  readonly position: number;
  readonly changes: readonly StatusChange[];
}

/** The last position drawn, be it committed or not. */
export async function findLastPosition(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ position: number }>({
    name: 'status_last_position',
    text: LAST_POSITION,
  });
  return rows[0]?.position ?? 0;
}

/**
 * What has changed, in the order of positions. Read under the shared side of the ledger's lock: nobody is then between drawing
 * a position and committing it, so that a position without a row is one that was given up.
 */
export async function readStatusNews(
  pool: Pool,
  { after, limit }: { after: number; limit: number },
): Promise<News> {
  const client = await pool.connect();
  try {
    const [, last, changes] = await Promise.all([
      client.query(`BEGIN; SELECT pg_advisory_xact_lock_shared(${LEDGER_LOCK})`),
      client.query<{ position: number }>({ name: 'status_last_position', text: LAST_POSITION }),
      client.query<ChangeRow>({ name: 'status_changes_list', text: CHANGES, values: [after, limit] }),
      client.query('COMMIT'),
    ]);
    client.release();
    return { position: last.rows[0]?.position ?? 0, changes: changes.rows.map(toChange) };
  } catch (error) {
    client.release(true);
    throw error;
  }
}

/** Changes that are known to be committed; of each, no more than `indexesMax` bits. */
export async function listStatusChanges(
  pool: Pool,
  { after, limit, indexesMax }: { after: number; limit: number; indexesMax: number },
): Promise<StatusChange[]> {
  const { rows } = await pool.query<ChangeRow>({
    name: 'status_changes_list_abridged',
    text: CHANGES.replace('c.indexes', 'substr(c.indexes, 1, $3) AS indexes'),
    values: [after, limit, indexesMax * INDEX_BYTES],
  });
  return rows.map(toChange);
}

const LAST_POSITION =
  'SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS position FROM status_changes_position_seq';

const CHANGES = `
  SELECT c.position, l.id, c.indexes, c.changed_at
  FROM status_changes c JOIN status_lists l ON l.no = c.list_no
  WHERE c.position > $1 ORDER BY c.position LIMIT $2`;

interface ChangeRow {
  position: number;
  id: string;
  indexes: Buffer;
  changed_at: Date;
}

function toChange(row: ChangeRow): StatusChange {
  return {
    position: row.position,
    listId: row.id,
    indexes: readIndexes(row.indexes),
    changedAt: row.changed_at,
  };
}

/** Bits to be set, by the number of their list, as `string_agg(int4send(…))` made them. */
export type EndedIndexes = ReadonlyMap<number, readonly Buffer[]>;

/** Only under the ledger's lock held alone: positions then become visible in their order. */
export async function insertStatusChanges(
  tx: Knex.Transaction,
  ended: EndedIndexes,
  now: Date,
): Promise<void> {
  if (ended.size === 0) return;
  // A list that is gone, as after the database was put back, cannot be told of; the rest of the revocation must not fail for it.
  await tx.raw(
    `INSERT INTO status_changes (list_no, indexes, changed_at)
     SELECT l.no, c.indexes, ? FROM unnest(?::int[], ?::bytea[]) AS c(list_no, indexes)
     JOIN status_lists l ON l.no = c.list_no`,
    [now, [...ended.keys()], Array.from(ended.values(), (runs) => Buffer.concat(runs))],
  );
  await notify(tx, STATUS_CHANNEL, '');
}
