import type { Pool } from 'pg';
import { z } from 'zod';

/** Heard by every process; the payload is `Counter[]` as compact JSON. */
export const THROTTLE_CHANNEL = 'guichet_throttles';

export interface Counter {
  /** Base64url of the digest that stands for a bucket's key. */
  digest: string;
  /** 0: forgotten after a success. */
  failures: number;
  blockedUntil: Date | null;
  expiresAt: Date;
}

export interface Failure {
  digest: Buffer;
  free: number;
  windowSeconds: number;
  /** Seconds closed after the failure that uses up `free`, the next, … ; the last one holds for all later ones. */
  delays: readonly number[];
}

interface Row {
  key: Buffer;
  failures: number;
  blocked_until: Date | null;
  expires_at: Date;
}

/**
 * Counts one failure in all its buckets and tells every process, in one statement. Concurrent failures queue at the row,
 * so none is lost; the rows are taken in order of their keys, so that two statements never wait for each other.
 * `$7` holds the delays of all buckets one after the other; `first` and `size` say where a bucket's own are.
 */
const COUNT = `
  WITH bucket AS (
    SELECT key, free, window_seconds * interval '1 second' AS length, first, size
      FROM unnest($2::bytea[], $3::int[], $4::int[], $5::int[], $6::int[]) AS b (key, free, window_seconds, first, size)
  ), counted AS (
    INSERT INTO throttles AS t (key, failures, window_starts, blocked_until, expires_at)
    SELECT key, 1, $1::timestamptz, CASE WHEN free <= 1 THEN $1 + ($7::int[])[first] * interval '1 second' END,
           $1 + greatest(length, CASE WHEN free <= 1 THEN ($7::int[])[first] * interval '1 second' END)
      FROM bucket ORDER BY key
    ON CONFLICT (key) DO UPDATE SET (failures, window_starts, blocked_until, expires_at) = (
      SELECT n.failures, n.starts, greatest(t.blocked_until, n.blocked_until),
             greatest(n.starts + b.length, t.blocked_until, n.blocked_until)
        FROM bucket b
       CROSS JOIN LATERAL (
         SELECT CASE WHEN t.window_starts + b.length <= $1 THEN 1 ELSE t.failures + 1 END AS failures,
                CASE WHEN t.window_starts + b.length <= $1 THEN $1 ELSE t.window_starts END AS starts
       ) c
       CROSS JOIN LATERAL (
         SELECT c.failures, c.starts,
                CASE WHEN c.failures >= b.free
                     THEN $1 + ($7::int[])[b.first + least(c.failures - b.free, b.size - 1)] * interval '1 second'
                END AS blocked_until
       ) n
       WHERE b.key = excluded.key
    )
    RETURNING key, failures, blocked_until, expires_at
  ), told AS (
    SELECT pg_notify('${THROTTLE_CHANNEL}', json_agg(json_build_array(
             encode(key, 'base64'), failures, extract(epoch FROM blocked_until), extract(epoch FROM expires_at)))::text)
      FROM counted
  )
  SELECT key, failures, blocked_until, expires_at FROM counted, told`;

export async function countFailure(pool: Pool, now: Date, failures: readonly Failure[]): Promise<Counter[]> {
  const sizes = failures.map(({ delays }) => delays.length);
  const firsts = sizes.map((_, index) => 1 + sizes.slice(0, index).reduce((sum, size) => sum + size, 0));
  const { rows } = await pool.query<Row>({
    name: 'throttles-count',
    text: COUNT,
    values: [
      now,
      failures.map(({ digest }) => digest),
      failures.map(({ free }) => free),
      failures.map(({ windowSeconds }) => windowSeconds),
      firsts,
      sizes,
      failures.flatMap(({ delays }) => delays),
    ],
  });
  return rows.map(toCounter);
}

const FORGET = `
  WITH gone AS (DELETE FROM throttles WHERE key = ANY ($1::bytea[]) RETURNING key)
  SELECT pg_notify('${THROTTLE_CHANNEL}', json_agg(json_build_array(encode(key, 'base64'), 0, NULL, 0))::text)
    FROM gone HAVING count(*) > 0`;

/** Forgets the counters and tells every process. */
export async function forgetFailures(pool: Pool, digests: readonly Buffer[]): Promise<void> {
  await pool.query({ name: 'throttles-forget', text: FORGET, values: [digests] });
}

/** Live counters, closed ones first: they matter when there are more than fit. */
export async function listCounters(pool: Pool, now: Date, limit: number): Promise<Counter[]> {
  const { rows } = await pool.query<Row>({
    name: 'throttles-list',
    text: `SELECT key, failures, blocked_until, expires_at FROM throttles
            WHERE expires_at > $1 ORDER BY blocked_until DESC NULLS LAST LIMIT $2`,
    values: [now, limit],
  });
  return rows.map(toCounter);
}

/** What `COUNT` and `FORGET` tell; anything else was not sent by us. */
const news = z.array(z.tuple([z.string(), z.int(), z.number().nullable(), z.number()]));

export function parseNews(payload: string): Counter[] {
  return news.parse(JSON.parse(payload)).map(([digest, failures, blockedUntil, expiresAt]) => ({
    digest: Buffer.from(digest, 'base64').toString('base64url'),
    failures,
    blockedUntil: blockedUntil === null ? null : new Date(blockedUntil * 1000),
    expiresAt: new Date(expiresAt * 1000),
  }));
}

function toCounter(row: Row): Counter {
  return {
    digest: row.key.toString('base64url'),
    failures: row.failures,
    blockedUntil: row.blocked_until,
    expiresAt: row.expires_at,
  };
}
