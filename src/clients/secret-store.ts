import type { Pool } from 'pg';
import type { Knex } from 'knex';

import type { Queryable } from '../db/database.ts';

/** A secret that goes back in time stays where it was: another process has seen it later. */
export async function saveSecretUses(pool: Pool, uses: ReadonlyMap<string, Date>): Promise<void> {
  await pool.query({
    name: 'client_secrets_used',
    // Locked in one order, so that two processes wait for each other instead of deadlocking.
    text: `
      WITH used AS (SELECT * FROM unnest($1::text[], $2::timestamptz[]) AS t(id, at)),
      held AS (SELECT id FROM client_secrets WHERE id = ANY($1::text[]) ORDER BY id FOR NO KEY UPDATE)
      UPDATE client_secrets s SET last_used_at = used.at FROM used JOIN held USING (id)
      WHERE s.id = used.id AND (s.last_used_at IS NULL OR s.last_used_at < used.at)`,
    values: [[...uses.keys()], [...uses.values()]],
  });
}

/** A client's last secret, and its end. */
export interface ExpiringSecret {
  readonly id: string;
  readonly clientId: string;
  readonly hint: string;
  readonly expiresAt: Date;
}

interface Row {
  id: string;
  client_id: string;
  hint: string;
  expires_at: Date;
}

/** Rows of one run or answer; what is left comes next time. */
const EXPIRING_MAX = 1000;

/** What a client is left without: no other secret of it lives longer. Disabled clients need none. */
const LAST_OF_ITS_CLIENT = `NOT EXISTS (SELECT FROM client_secrets o WHERE o.client_id = s.client_id AND o.id <> s.id
    AND (o.expires_at IS NULL OR o.expires_at > s.expires_at))
  AND EXISTS (SELECT FROM clients c WHERE c.id = s.client_id AND c.disabled_at IS NULL)`;

/** The last secrets of clients that end before this, the first to end first; those that have ended too. */
export async function listExpiring(db: Queryable, before: Date): Promise<ExpiringSecret[]> {
  const { rows } = await db.raw<{ rows: Row[] }>(
    `SELECT s.id, s.client_id, s.hint, s.expires_at FROM client_secrets s
     WHERE s.expires_at < ? AND ${LAST_OF_ITS_CLIENT} ORDER BY s.expires_at, s.id LIMIT ${EXPIRING_MAX}`,
    [before],
  );
  return rows.map(toExpiring);
}

/** The same, of those that nobody was warned of; marks them, so that each is answered once. */
export async function takeExpiring(
  tx: Knex.Transaction,
  { before, now }: { before: Date; now: Date },
): Promise<ExpiringSecret[]> {
  const { rows } = await tx.raw<{ rows: Row[] }>(
    `UPDATE client_secrets SET expiry_warned_at = ? WHERE expiry_warned_at IS NULL AND id IN (
       SELECT s.id FROM client_secrets s WHERE s.expires_at < ? AND s.expiry_warned_at IS NULL AND ${LAST_OF_ITS_CLIENT}
       ORDER BY s.expires_at LIMIT ${EXPIRING_MAX})
     RETURNING id, client_id, hint, expires_at`,
    [now, before],
  );
  return rows.map(toExpiring);
}

function toExpiring(row: Row): ExpiringSecret {
  return { id: row.id, clientId: row.client_id, hint: row.hint, expiresAt: row.expires_at };
}
