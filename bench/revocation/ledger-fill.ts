import { createHash } from 'node:crypto';

import type { Database } from '../../src/db/database.ts';
import { LIST_TOKENS_MAX, LIST_SIZE } from '../../src/revocation/status-list.ts';

const TTL_SECONDS = 3600;
/** Of one statement. */
const ROWS = 50_000;

export interface Fill {
  readonly clientId: string;
  readonly apiId: string;
  readonly kid: string;
  readonly tokens: number;
}

/** Live tokens as if they had been issued over the last half hour, in lists as full as a process fills them. */
export async function fillLedger({ pool }: Database, fill: Fill): Promise<void> {
  for (let from = 0; from < fill.tokens; from += LIST_TOKENS_MAX) {
    const id = `stl_${createHash('sha256').update(`${fill.clientId} ${from}`).digest('hex').slice(0, 22)}`;
    const { rows } = await pool.query<{ no: number }>(
      `INSERT INTO status_lists (id, size, leased_until, expires_at)
       VALUES ($1, $2, now(), now() + interval '2 hours') RETURNING no`,
      [id, LIST_SIZE],
    );
    const until = Math.min(fill.tokens, from + LIST_TOKENS_MAX);
    for (let at = from; at < until; at += ROWS) {
      await pool.query(
        `INSERT INTO tokens (jti, client_id, api_id, kid, status_list, status_index, issued_at, expires_at)
         SELECT sha256(convert_to($1 || n, 'UTF8')), $1, $2, $3, $4, n - $5::int,
           now() - interval '30 minutes', now() + make_interval(secs => $6 - random() * 1500)
         FROM generate_series($7::int, $8::int - 1) n`,
        [fill.clientId, fill.apiId, fill.kid, rows[0]?.no, from, TTL_SECONDS, at, Math.min(until, at + ROWS)],
      );
    }
  }
  await pool.query('ANALYZE tokens');
}
