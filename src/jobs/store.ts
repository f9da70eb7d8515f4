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

/**
 * Codes and tokens of grants that were revoked: nobody finds them any more (grants/store.ts). One batch of grants, in the order of
 * their ids, because a grant stays when its artifacts are gone: to look for the rest from the beginning would be quadratic.
 * Answers the last grant, undefined when there are no more.
 */
export async function deleteEndedArtifacts(
  db: Queryable,
  { after, limit }: { after: string; limit: number },
): Promise<{ readonly deleted: number; readonly last: string | undefined }> {
  const { rows } = await db.raw<{ rows: { deleted: number; last: string | null; grants: number }[] }>(
    `WITH ended AS MATERIALIZED (
       SELECT id FROM grants WHERE revoked_at IS NOT NULL AND id > ? ORDER BY id LIMIT ?
     ), deleted AS (
       DELETE FROM artifacts WHERE ctid = ANY(ARRAY(
         SELECT ctid FROM artifacts WHERE grant_id IN (SELECT id FROM ended) FOR UPDATE SKIP LOCKED))
       RETURNING 1
     )
     SELECT (SELECT count(*) FROM deleted) AS deleted, (SELECT max(id) FROM ended) AS last,
       (SELECT count(*) FROM ended) AS grants`,
    [after, limit],
  );
  const [row] = rows;
  return {
    deleted: row?.deleted ?? 0,
    last: row && row.grants === limit && row.last !== null ? row.last : undefined,
  };
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
