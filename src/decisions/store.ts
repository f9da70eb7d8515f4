import type { Pool } from 'pg';

import type { Queryable } from '../db/database.ts';
import type { Place } from '../db/place.ts';
import { isStorable } from '../db/text.ts';
import { DECISION_KEEP_SECONDS, type Decision, type DecisionLine } from './decision.ts';

interface Row {
  request_id: string;
  decided_at: Date;
  endpoint: string;
  status: number;
  outcome: string;
  client_id: string | null;
  account_id: string | null;
  address: string | null;
  lines: DecisionLine[];
}

const COLUMNS = 'request_id, decided_at, endpoint, status, outcome, client_id, account_id, address, lines';

export async function insertDecisions(pool: Pool, decisions: readonly Decision[]): Promise<void> {
  await pool.query({
    name: 'decisions_insert',
    text: `
      INSERT INTO decisions (${COLUMNS})
      SELECT * FROM unnest($1::text[], $2::timestamptz[], $3::text[], $4::smallint[], $5::text[], $6::text[], $7::text[],
        $8::text[], $9::jsonb[])
      ON CONFLICT DO NOTHING`,
    values: [
      decisions.map(({ requestId }) => requestId),
      decisions.map(({ decidedAt }) => decidedAt),
      decisions.map(({ endpoint }) => endpoint),
      decisions.map(({ status }) => status),
      decisions.map(({ outcome }) => outcome),
      decisions.map(({ clientId }) => clientId),
      decisions.map(({ accountId }) => accountId),
      decisions.map(({ address }) => address),
      decisions.map(({ lines }) => JSON.stringify(lines)),
    ],
  });
}

/** Nothing older than a day, whether it is pruned already or not. */
export async function findDecision(
  db: Queryable,
  { requestId, now }: { requestId: string; now: Date },
): Promise<Decision | undefined> {
  if (!isStorable(requestId)) return undefined;
  const { rows } = await db.raw<{ rows: Row[] }>(
    `SELECT ${COLUMNS} FROM decisions WHERE request_id = ? AND decided_at > ?`,
    [requestId, oldest(now)],
  );
  return rows[0] && toDecision(rows[0]);
}

/** Newest first; `after` is where the previous page ended. */
export async function listDecisions(
  db: Queryable,
  page: { now: Date; limit: number; after?: Place | undefined; clientId?: string | undefined },
): Promise<Decision[]> {
  const { now, limit, after, clientId = null } = page;
  if (!isStorable(`${clientId}`)) return [];
  const { rows } = await db.raw<{ rows: Row[] }>(
    `SELECT ${COLUMNS} FROM decisions
      WHERE decided_at > :oldest AND (CAST(:clientId AS text) IS NULL OR client_id = :clientId)
        AND (CAST(:at AS timestamptz) IS NULL OR (decided_at, request_id) < (:at, :id))
      ORDER BY decided_at DESC, request_id DESC LIMIT :limit`,
    { oldest: oldest(now), clientId, at: after?.at ?? null, id: after?.id ?? null, limit },
  );
  return rows.map(toDecision);
}

/** Leaves the newest `max`; how many went. */
export async function deleteOverflow(pool: Pool, max: number): Promise<number> {
  const { rowCount } = await pool.query(
    `DELETE FROM decisions WHERE decided_at <= (SELECT decided_at FROM decisions ORDER BY decided_at DESC OFFSET $1 LIMIT 1)`,
    [max],
  );
  return rowCount ?? 0;
}

function oldest(now: Date): Date {
  return new Date(now.getTime() - DECISION_KEEP_SECONDS * 1000);
}

function toDecision(row: Row): Decision {
  return {
    requestId: row.request_id,
    decidedAt: row.decided_at,
    endpoint: row.endpoint,
    status: row.status,
    outcome: row.outcome,
    clientId: row.client_id,
    accountId: row.account_id,
    address: row.address,
    lines: row.lines,
  };
}
