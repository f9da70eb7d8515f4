import type { Pool } from 'pg';

import type { Queryable } from '../db/database.ts';
import { notify } from '../db/listen.ts';

/** Woken when there is something to deliver. */
export const LOGOUT_CHANNEL = 'guichet_logouts';

export interface LogoutDelivery {
  readonly id: string;
  readonly clientId: string;
  readonly accountId: string;
  readonly sid: string;
  /** How often it was tried before. */
  readonly attempts: number;
  readonly createdAt: Date;
}

/** A sign-in at a client ends once: a delivery for the same `sid` is there already and stays the only one. */
export async function enqueueLogout(
  db: Queryable,
  delivery: Pick<LogoutDelivery, 'id' | 'clientId' | 'accountId' | 'sid'>,
  now: Date,
): Promise<void> {
  await db('logout_deliveries')
    .insert({
      id: delivery.id,
      client_id: delivery.clientId,
      account_id: delivery.accountId,
      sid: delivery.sid,
      next_attempt_at: now,
      created_at: now,
    })
    .onConflict(['client_id', 'sid'])
    .ignore();
  await notify(db, LOGOUT_CHANNEL, '');
}

/** Who is to be told of something now, the longest overdue first. Reads all that is due: 19 ms with 100 000 deliveries of a dead client. */
export async function findClientsToTell(
  pool: Pool,
  { now, except, limit }: { now: Date; except: readonly string[]; limit: number },
): Promise<string[]> {
  const { rows } = await pool.query<{ client_id: string }>(
    `SELECT client_id FROM logout_deliveries
     WHERE next_attempt_at <= $1 AND delivered_at IS NULL AND abandoned_at IS NULL AND client_id <> ALL($2)
     GROUP BY client_id ORDER BY min(next_attempt_at) LIMIT $3`,
    [now, except, limit],
  );
  return rows.map(({ client_id }) => client_id);
}

/** Takes what is due at a client for the time of one attempt: another process does not see it until then, and sees it if this one dies. */
export async function claimLogouts(
  pool: Pool,
  { clientId, now, until, limit }: { clientId: string; now: Date; until: Date; limit: number },
): Promise<LogoutDelivery[]> {
  const { rows } = await pool.query<{
    id: string;
    client_id: string;
    account_id: string;
    sid: string;
    attempts: number;
    created_at: Date;
  }>(
    `UPDATE logout_deliveries SET next_attempt_at = $2, attempts = attempts + 1
     WHERE id IN (
       SELECT id FROM logout_deliveries
       WHERE client_id = $4 AND next_attempt_at <= $1 AND delivered_at IS NULL AND abandoned_at IS NULL
       ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED)
     RETURNING id, client_id, account_id, sid, attempts - 1 AS attempts, created_at`,
    [now, until, limit, clientId],
  );
  return rows.map((row) => ({
    id: row.id,
    clientId: row.client_id,
    accountId: row.account_id,
    sid: row.sid,
    attempts: row.attempts,
    createdAt: row.created_at,
  }));
}

export async function saveDelivered(pool: Pool, id: string, now: Date): Promise<void> {
  await pool.query('UPDATE logout_deliveries SET delivered_at = $2, last_error = NULL WHERE id = $1', [
    id,
    now,
  ]);
}

export async function saveFailed(
  pool: Pool,
  id: string,
  failure: { error: string; nextAttemptAt: Date | null; now: Date },
): Promise<void> {
  await pool.query(
    `UPDATE logout_deliveries
     SET last_error = $2, next_attempt_at = coalesce($3, next_attempt_at),
       abandoned_at = CASE WHEN $3::timestamptz IS NULL THEN $4::timestamptz END
     WHERE id = $1`,
    [id, failure.error, failure.nextAttemptAt, failure.now],
  );
}
