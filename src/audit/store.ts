import type { Pool } from 'pg';

import type { Actor } from './event.ts';

/** Something was ended: `detail` names the target (`{ client: 'nightly' }`) and how many tokens there were. */
export interface RevocationEvent {
  readonly id: string;
  readonly occurredAt: Date;
  readonly actor: Actor;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Revocations of one millisecond. */
const EVENTS_MAX = 100;

/** What was revoked at this instant, the first recorded first. */
export async function findRevocations(pool: Pool, at: Date): Promise<RevocationEvent[]> {
  const { rows } = await pool.query<{
    id: string;
    occurred_at: Date;
    actor: string;
    detail: Record<string, unknown>;
  }>({
    name: 'audit_revocations_find',
    text: `
      SELECT id::text AS id, occurred_at, actor, detail FROM audit_events
      WHERE type = 'revoked' AND occurred_at = $1 ORDER BY audit_events.id LIMIT $2`,
    values: [at, EVENTS_MAX],
  });
  return rows.map((row) => ({
    id: row.id,
    occurredAt: row.occurred_at,
    actor: row.actor,
    detail: row.detail,
  }));
}

/**
 * The change of which a revocation was a part (`client.disabled`, say): an event of the same transaction about the same
 * target. Rows carry the transaction that wrote them; after a restore from a dump that is one and the same for all of them,
 * so that the time between has to be short as well. A revocation waits for locks, which statement timeouts bound.
 */
export async function findOccasion(
  pool: Pool,
  revocation: Pick<RevocationEvent, 'id'>,
  { types, target }: { types: readonly string[]; target: string },
): Promise<string | undefined> {
  const { rows } = await pool.query<{ type: string }>({
    name: 'audit_occasion_find',
    text: `
      SELECT e.type FROM audit_events r
      JOIN audit_events e ON e.occurred_at BETWEEN r.occurred_at - interval '1 minute' AND r.occurred_at
      WHERE r.id = $1 AND e.id < r.id AND e.xmin = r.xmin AND e.actor = r.actor AND e.type = ANY($2::text[])
        AND $3 IN (e.client_id, e.account_id, e.detail->>'apiId', e.detail->>'kid')
      ORDER BY e.id DESC LIMIT 1`,
    values: [revocation.id, types, target],
  });
  return rows[0]?.type;
}
