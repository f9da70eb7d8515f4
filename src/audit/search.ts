import type { Pool } from 'pg';

import { queryOnce } from '../db/query-once.ts';
import type { Place } from '../db/place.ts';
import type { Actor } from './event.ts';
import type { Risk } from './risk.ts';

/** An event as it stands in the log. */
export interface LoggedEvent {
  /** Grows with time; names the end of a page. */
  readonly id: string;
  /** Its link in the chain. */
  readonly seq: number | null;
  readonly occurredAt: Date;
  readonly type: string;
  readonly actor: Actor;
  readonly clientId: string | null;
  readonly accountId: string | null;
  readonly requestId: string | null;
  readonly address: string | null;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly risk: Risk | null;
}

/** All of them must be met. */
export interface EventFilter {
  /** `client.` finds everything about clients, `client.created` one kind. */
  readonly type?: string | undefined;
  readonly actor?: string | undefined;
  readonly clientId?: string | undefined;
  readonly accountId?: string | undefined;
  /** An address or a network (CIDR); one that is neither finds nothing. */
  readonly address?: string | undefined;
  readonly requestId?: string | undefined;
  readonly since?: Date | undefined;
  /** Before it. */
  readonly until?: Date | undefined;
  readonly minRisk?: number | undefined;
}

/** What no column is compared with in another way. */
interface Condition {
  readonly sql: (parameter: string) => string;
  readonly value: unknown;
}

/** Newest first; `after` is where the page before ended. */
export async function searchEvents(
  pool: Pool,
  filter: EventFilter,
  { after, limit }: { after?: Place | undefined; limit: number },
): Promise<LoggedEvent[]> {
  const conditions = conditionsOf(filter);
  if (after !== undefined) {
    conditions.push({
      // The first half lets an index find where the page begins.
      sql: (place) =>
        `e.occurred_at <= (${place}::text[])[1]::timestamptz
         AND (e.occurred_at, e.id) < ((${place}::text[])[1]::timestamptz, (${place}::text[])[2]::bigint)`,
      value: [after.at.toISOString(), after.id],
    });
  }
  const { address } = filter;
  const source = address === undefined ? 'audit_events e' : await sourceOf(pool, address, conditions);
  const where = conditions.map(({ sql }, index) => sql(`$${index + 2}`)).join(' AND ') || 'true';
  // How it is best run depends on what is asked for.
  const { rows } = await queryOnce<Row>(
    pool,
    `SELECT e.id::text AS id, c.seq, e.occurred_at, e.type, e.actor, e.client_id, e.account_id, e.request_id, e.address,
       e.detail, e.risk
     FROM (
       SELECT ${COLUMNS} FROM ${source} WHERE ${where} ORDER BY e.occurred_at DESC, e.id DESC LIMIT $1
     ) e LEFT JOIN audit_chain c ON c.event_id = e.id
     ORDER BY e.occurred_at DESC, e.id DESC`,
    [limit, ...conditions.map(({ value }) => value)],
  );
  return rows.map(toEvent);
}

const COLUMNS = 'id, occurred_at, type, actor, client_id, account_id, request_id, address, detail, risk';

/** Sorting so many takes some milliseconds; of a network with more, the latest are soon met when the log is read backwards. */
const SORTED_MAX = 5000;

/**
 * PostgreSQL keeps no statistics of how many events come from a network, and either way takes seconds at a million events where the
 * other was right. So they are counted, no further than need be. Adds the condition to `conditions`.
 */
async function sourceOf(pool: Pool, address: string, conditions: Condition[]): Promise<string> {
  const { rows } = await queryOnce<{ count: number }>(
    pool,
    `SELECT count(*) AS count FROM (
       SELECT FROM audit_events WHERE address IS NOT NULL AND audit_address(address) <<= audit_address($1) LIMIT $2
     ) found LIMIT 1`,
    [address, SORTED_MAX + 1],
  );
  conditions.push({ sql: withoutIndex, value: address });
  if ((rows[0]?.count ?? 0) > SORTED_MAX) return 'audit_events e';
  return `(
    SELECT ${COLUMNS} FROM audit_events
    WHERE address IS NOT NULL AND audit_address(address) <<= audit_address($${conditions.length + 1}) OFFSET 0
  ) e`;
}

/** No index has the text as it is written here. */
function withoutIndex(parameter: string): string {
  return `audit_address(e.address || '') <<= audit_address(${parameter})`;
}

function conditionsOf(filter: EventFilter): Condition[] {
  const { type, since, until, minRisk } = filter;
  return [
    ...(type === undefined ? [] : [typeCondition(type)]),
    ...equal('actor', filter.actor),
    ...equal('client_id', filter.clientId),
    ...equal('account_id', filter.accountId),
    ...equal('request_id', filter.requestId),
    ...(since === undefined ? [] : [{ sql: (at: string) => `e.occurred_at >= ${at}`, value: since }]),
    ...(until === undefined ? [] : [{ sql: (at: string) => `e.occurred_at < ${at}`, value: until }]),
    ...(minRisk === undefined
      ? []
      : [
          {
            sql: (at: string) => `e.risk IS NOT NULL AND (e.risk->>'score')::integer >= ${at}`,
            value: minRisk,
          },
        ]),
  ];
}

function equal(column: string, value: string | undefined): Condition[] {
  return value === undefined ? [] : [{ sql: (parameter) => `e.${column} = ${parameter}`, value }];
}

function typeCondition(type: string): Condition {
  if (!type.endsWith('.')) return { sql: (parameter) => `e.type = ${parameter}`, value: type };
  return { sql: (parameter) => `e.type LIKE ${parameter}`, value: `${type.replaceAll(/[\\%_]/g, '\\$&')}%` };
}

interface Row {
  id: string;
  seq: number | null;
  occurred_at: Date;
  type: string;
  actor: string;
  client_id: string | null;
  account_id: string | null;
  request_id: string | null;
  address: string | null;
  detail: Record<string, unknown>;
  risk: Risk | null;
}

function toEvent(row: Row): LoggedEvent {
  return {
    id: row.id,
    seq: row.seq,
    occurredAt: row.occurred_at,
    type: row.type,
    actor: row.actor,
    clientId: row.client_id,
    accountId: row.account_id,
    requestId: row.request_id,
    address: row.address,
    detail: row.detail,
    risk: row.risk,
  };
}
