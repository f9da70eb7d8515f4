import type { Knex } from 'knex';

import type { Queryable } from '../db/database.ts';

/**
 * One batch, one statement. SKIP LOCKED passes over rows that are being changed, so that nobody waits for a prune and no
 * prune waits for anybody; FOR UPDATE looks at the newest version of a row, so that one extended just now stays.
 */
export async function deleteDue(
  db: Queryable,
  { table, deadAt, before, limit }: { table: string; deadAt: string; before: Date; limit: number },
): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `DELETE FROM ${table} WHERE ctid = ANY(ARRAY(
       SELECT ctid FROM ${table} WHERE ${deadAt} < ? ORDER BY ${deadAt} LIMIT ? FOR UPDATE SKIP LOCKED))`,
    [before, limit],
  );
  return rowCount;
}

/** Codes and tokens of grants that were revoked: nobody finds them any more (grants/store.ts). */
export async function deleteEndedArtifacts(db: Queryable, limit: number): Promise<number> {
  const { rowCount } = await db.raw<{ rowCount: number }>(
    `DELETE FROM artifacts WHERE ctid = ANY(ARRAY(
       SELECT a.ctid FROM grants g JOIN artifacts a ON a.grant_id = g.id
       WHERE g.revoked_at IS NOT NULL LIMIT ? FOR UPDATE OF a SKIP LOCKED))`,
    [limit],
  );
  return rowCount;
}

export interface StoredPartition {
  readonly name: string;
  readonly attached: boolean;
  /** DETACH CONCURRENTLY began and was interrupted. */
  readonly detaching: boolean;
}

/** Two months of hours, far more than there can be. */
const PARTITIONS_MAX = 1500;

export async function listTokenPartitions(db: Queryable): Promise<StoredPartition[]> {
  const { rows } = await db.raw<{ rows: StoredPartition[] }>(
    `SELECT c.relname AS name, i.inhrelid IS NOT NULL AS attached, coalesce(i.inhdetachpending, false) AS detaching
       FROM pg_class parent
       JOIN pg_class c ON c.relnamespace = parent.relnamespace AND c.relkind = 'r' AND c.relname ~ '^tokens_p[0-9]{10}$'
       LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND i.inhparent = parent.oid
      WHERE parent.oid = 'tokens'::regclass
      ORDER BY c.relname LIMIT ?`,
    [PARTITIONS_MAX],
  );
  return rows;
}

export async function lockTokenPartitions(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`SELECT pg_advisory_xact_lock(hashtextextended('guichet token partitions', 0))`);
}

/** ATTACH takes only SHARE UPDATE EXCLUSIVE on `tokens`: tokens are issued meanwhile. */
export async function createTokenPartition(
  tx: Knex.Transaction,
  { name, from, to }: { name: string; from: Date; to: Date },
): Promise<void> {
  await tx.raw(`CREATE TABLE IF NOT EXISTS ${name} (LIKE tokens INCLUDING ALL)`);
  await tx.raw(
    `ALTER TABLE tokens ATTACH PARTITION ${name} FOR VALUES FROM ('${from.toISOString()}') TO ('${to.toISOString()}')`,
  );
}

/** Waits for the transactions that use `tokens` now, without making others wait. Cannot run in a transaction. */
export async function detachTokenPartition(db: Knex, { name, detaching }: StoredPartition): Promise<void> {
  await db.raw(`ALTER TABLE tokens DETACH PARTITION ${name} ${detaching ? 'FINALIZE' : 'CONCURRENTLY'}`);
}

export async function dropTokenPartition(db: Knex, name: string): Promise<void> {
  await db.raw(`DROP TABLE IF EXISTS ${name}`);
}
