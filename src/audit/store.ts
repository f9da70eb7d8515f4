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
        AND $3 IN (e.client_id, e.account_id, e.detail->>'apiId', e.detail->>'kid', e.detail->>'identityId',
          e.detail->>'providerId', e.detail->>'roleId')
      ORDER BY e.id DESC LIMIT 1`,
    values: [revocation.id, types, target],
  });
  return rows[0]?.type;
}

/** An event about one person, with what may be shown of it. */
export interface AccountEvent {
  /** Grows with time; names a page's end. */
  readonly id: string;
  readonly occurredAt: Date;
  readonly type: string;
  readonly actor: Actor;
  readonly clientId: string | null;
  /** Only of what they did themselves, or somebody did who said that they are this person: an operator's is not for them. */
  readonly address: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** Newest first; `before` is the id that ended the previous page, `types` leaves out all others. */
export async function listAccountEvents(
  pool: Pool,
  {
    accountId,
    before,
    types,
    limit,
  }: { accountId: string; before?: string | undefined; types?: readonly string[]; limit: number },
): Promise<AccountEvent[]> {
  const { rows } = await pool.query<{
    id: string;
    occurred_at: Date;
    type: string;
    actor: string;
    client_id: string | null;
    address: string | null;
    detail: Record<string, unknown>;
  }>({
    name: 'audit_account_events_list',
    text: `
      SELECT id::text AS id, occurred_at, type, actor, client_id, detail,
        CASE WHEN actor IN ('anonymous', 'account:' || account_id) THEN address END AS address
      FROM audit_events WHERE account_id = $1 AND ($2::bigint IS NULL OR audit_events.id < $2)
        AND ($3::text[] IS NULL OR type = ANY($3))
      ORDER BY audit_events.id DESC LIMIT $4`,
    values: [accountId, before ?? null, types ?? null, limit],
  });
  return rows.map((row) => ({
    id: row.id,
    occurredAt: row.occurred_at,
    type: row.type,
    actor: row.actor,
    clientId: row.client_id,
    address: row.address,
    detail: row.detail,
  }));
}
