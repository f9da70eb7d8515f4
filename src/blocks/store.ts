import type { Knex } from 'knex';
import type { Pool } from 'pg';

import type { Queryable } from '../db/database.ts';
import { notify } from '../db/listen.ts';
import type { Place } from '../db/place.ts';
import { isStorable } from '../db/text.ts';
import { BLOCKS_CHANNEL, type AddressBlock } from './block.ts';

interface Row {
  id: string;
  network: string;
  reason: string;
  created_at: Date;
  created_by: string;
  expires_at: Date | null;
  lifted_at: Date | null;
}

const COLUMNS = 'id, network::text, reason, created_at, created_by, expires_at, lifted_at';

/** Changes are made one after the other from here on, so that a later revision is never seen before an earlier one. Reading goes on. */
export async function lockBlocks(tx: Knex.Transaction): Promise<void> {
  await tx.raw('LOCK TABLE address_blocks IN SHARE ROW EXCLUSIVE MODE');
}

/** The block of a network that nobody has lifted; it may be over. */
export async function findUnlifted(tx: Queryable, network: string): Promise<AddressBlock | undefined> {
  const { rows } = await tx.raw<{ rows: Row[] }>(
    `SELECT ${COLUMNS} FROM address_blocks WHERE network = ?::cidr AND lifted_at IS NULL`,
    [network],
  );
  return rows[0] && toBlock(rows[0]);
}

export async function countUnlifted(tx: Queryable): Promise<number> {
  const { rows } = await tx.raw<{ rows: { count: number }[] }>(
    'SELECT count(*)::int AS count FROM address_blocks WHERE lifted_at IS NULL',
  );
  return rows[0]?.count ?? 0;
}

export async function insertBlock(tx: Knex.Transaction, block: AddressBlock): Promise<void> {
  await tx('address_blocks').insert({
    id: block.id,
    network: block.network,
    reason: block.reason,
    created_at: block.createdAt,
    created_by: block.createdBy,
    expires_at: block.expiresAt,
    lifted_at: block.liftedAt,
  });
  await notify(tx, BLOCKS_CHANNEL, '');
}

export async function saveTerms(
  tx: Knex.Transaction,
  { id, reason, expiresAt }: Pick<AddressBlock, 'id' | 'reason' | 'expiresAt'>,
): Promise<void> {
  await tx('address_blocks')
    .where({ id })
    .update({ reason, expires_at: expiresAt, revision: tx.raw("nextval('address_blocks_revision')") });
  await notify(tx, BLOCKS_CHANNEL, '');
}

/** A block that ran out gives its network free for another one. */
export async function closeExpired(tx: Queryable, id: string): Promise<void> {
  await tx('address_blocks')
    .where({ id })
    .update({ lifted_at: tx.ref('expires_at') });
}

/** By id or by network; undefined when there is no live one. */
export async function liftBlock(
  tx: Knex.Transaction,
  { id, network, now }: { id: string; network: string | undefined; now: Date },
): Promise<AddressBlock | undefined> {
  if (!isStorable(id)) return undefined;
  const { rows } = await tx.raw<{ rows: Row[] }>(
    `UPDATE address_blocks SET lifted_at = :now, revision = nextval('address_blocks_revision')
      WHERE (id = :id OR network = CAST(:network AS cidr)) AND lifted_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
      RETURNING ${COLUMNS}`,
    { id, network: network ?? null, now },
  );
  if (rows[0]) await notify(tx, BLOCKS_CHANNEL, '');
  return rows[0] && toBlock(rows[0]);
}

/** Newest first; `after` is where the previous page ended. `now` leaves out what is lifted or over by then. */
export async function listBlocks(
  db: Queryable,
  { limit, after, now }: { limit: number; after?: Place | undefined; now?: Date | undefined },
): Promise<AddressBlock[]> {
  const { rows } = await db.raw<{ rows: Row[] }>(
    `SELECT ${COLUMNS} FROM address_blocks
      WHERE (CAST(:at AS timestamptz) IS NULL OR (created_at, id) < (:at, :id))
        AND (CAST(:now AS timestamptz) IS NULL OR (lifted_at IS NULL AND (expires_at IS NULL OR expires_at > :now)))
      ORDER BY created_at DESC, id DESC LIMIT :limit`,
    { at: after?.at ?? null, id: after?.id ?? null, now: now ?? null, limit },
  );
  return rows.map(toBlock);
}

export interface BlockChange {
  readonly revision: string;
  readonly network: string;
  readonly expiresAt: Date | null;
  readonly isLifted: boolean;
}

/** What changed after a revision, the oldest first. From the beginning, what is lifted already needs no telling. */
export async function listChanges(pool: Pool, after: string, limit: number): Promise<BlockChange[]> {
  const { rows } = await pool.query<{
    revision: string;
    network: string;
    expires_at: Date | null;
    is_lifted: boolean;
  }>({
    name: 'address_blocks_changes',
    text: `SELECT revision::text, network::text, expires_at, lifted_at IS NOT NULL AS is_lifted FROM address_blocks
            WHERE revision > $1::bigint AND ($1::bigint > 0 OR lifted_at IS NULL) ORDER BY address_blocks.revision LIMIT $2`,
    values: [after, limit],
  });
  return rows.map((row) => ({
    revision: row.revision,
    network: row.network,
    expiresAt: row.expires_at,
    isLifted: row.is_lifted,
  }));
}

function toBlock(row: Row): AddressBlock {
  return {
    id: row.id,
    network: row.network,
    reason: row.reason,
    createdAt: row.created_at,
    createdBy: row.created_by,
    expiresAt: row.expires_at,
    liftedAt: row.lifted_at,
  };
}
