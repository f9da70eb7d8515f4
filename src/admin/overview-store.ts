import type { Queryable } from '../db/database.ts';

/** Where counting stops: beyond, a figure is read as "many", and five counts of 100 000 take 200 ms on a busy machine. */
export const COUNT_MAX = 10_000;

export interface Totals {
  readonly clients: number;
  readonly apis: number;
  readonly users: number;
  readonly sessions: number;
  readonly tokens: number;
}

/** How many there are of each, up to {@link COUNT_MAX}; sessions and tokens: alive. */
export async function countAll(db: Queryable, now: Date): Promise<Totals> {
  const { rows } = await db.raw<{ rows: [Record<keyof Totals, string>] }>(
    `select
       (select count(*) from (select from clients where origin <> 'built-in' limit :most) c) as clients,
       (select count(*) from (select from apis where origin <> 'built-in' limit :most) a) as apis,
       (select count(*) from (select from accounts limit :most) u) as users,
       (select count(*) from (select from sessions
          where account_id is not null and ended_at is null and expires_at > :now limit :most) s) as sessions,
       (select count(*) from (select from tokens where revoked_at is null and expires_at > :now limit :most) t) as tokens`,
    { most: COUNT_MAX, now },
  );
  const [row] = rows;
  return {
    clients: Number(row.clients),
    apis: Number(row.apis),
    users: Number(row.users),
    sessions: Number(row.sessions),
    tokens: Number(row.tokens),
  };
}

/** How many access tokens were issued in each minute that had one. */
export async function countTokensByMinute(
  db: Queryable,
  since: Date,
): Promise<{ readonly at: Date; readonly count: number }[]> {
  const { rows } = await db.raw<{ rows: { at: Date; count: string }[] }>(
    `select date_trunc('minute', issued_at) as at, count(*) as count
     from tokens where issued_at >= :since and expires_at > :since group by 1`,
    { since },
  );
  return rows.map(({ at, count }) => ({ at, count: Number(count) }));
}

/** How often each of these events happened in each hour or minute that had one. */
export async function countEvents(
  db: Queryable,
  { since, types, step }: { since: Date; types: readonly string[]; step: 'hour' | 'minute' },
): Promise<{ readonly at: Date; readonly type: string; readonly count: number; readonly tokens: number }[]> {
  const { rows } = await db.raw<{ rows: { at: Date; type: string; count: string; tokens: string | null }[] }>(
    `select date_trunc(:step, occurred_at) as at, type, count(*) as count,
       sum(case when jsonb_typeof(detail->'tokens') = 'number' then (detail->>'tokens')::numeric end) as tokens
     from audit_events where occurred_at >= :since and type = any(:types) group by 1, 2`,
    { since, types: [...types], step },
  );
  return rows.map(({ at, type, count, tokens }) => ({
    at,
    type,
    count: Number(count),
    tokens: Number(tokens ?? 0),
  }));
}

/** Letters and logout messages that should have left by now. */
export async function countOverdue(
  db: Queryable,
  before: Date,
): Promise<{ readonly mails: number; readonly logouts: number }> {
  const { rows } = await db.raw<{ rows: [{ mails: string; logouts: string }] }>(
    `select
       (select count(*) from (select from mails
          where next_attempt_at is not null and created_at < :before limit 1000) m) as mails,
       (select count(*) from (select from logout_deliveries
          where delivered_at is null and abandoned_at is null and created_at < :before limit 1000) l) as logouts`,
    { before },
  );
  const [row] = rows;
  return { mails: Number(row.mails), logouts: Number(row.logouts) };
}
