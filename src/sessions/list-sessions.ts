import type { Queryable } from '../db/database.ts';
import { idleSince } from './session.ts';

/** A browser session as its person and operators see it: without its payload. */
export interface SessionSummary {
  readonly id: string;
  readonly accountId: string;
  readonly createdAt: Date;
  /** Its end, however much it is used. */
  readonly expiresAt: Date;
  /** Give or take a few minutes, see `touchSeconds`. */
  readonly lastUsedAt: Date;
  /** As the browser sent it, see device.ts; null: none, or signed in before this was kept. */
  readonly userAgent: string | null;
  /** Where the browser was last seen. */
  readonly address: string | null;
  /** The upstream identity it was begun with. */
  readonly identityId: string | null;
  /** Where the person went with it. */
  readonly clientIds: readonly string[];
}

interface Row {
  uid: string;
  account_id: string;
  created_at: Date;
  expires_at: Date;
  last_used_at: Date;
  user_agent: string | null;
  address: string | null;
  identity_id: string | null;
  client_ids: string[];
}

/** Live sessions of signed-in people, youngest first; of one person when `accountId` is given. */
export async function listSessions(
  db: Queryable,
  {
    now,
    idleSeconds,
    limit,
    accountId,
  }: { now: Date; idleSeconds: number; limit: number; accountId?: string | undefined },
): Promise<SessionSummary[]> {
  const query = db('sessions')
    .select<Row[]>(
      'uid',
      'account_id',
      'created_at',
      'expires_at',
      'last_used_at',
      'user_agent',
      'address',
      'identity_id',
      db.raw(
        'array(select distinct c.client_id from session_clients c where c.session_uid = sessions.uid order by 1) as client_ids',
      ),
    )
    .whereNull('ended_at')
    .whereNotNull('account_id')
    .where('expires_at', '>', now)
    .where('last_used_at', '>', idleSince(now, idleSeconds))
    .orderBy('created_at', 'desc')
    .limit(limit);
  const rows = await (accountId === undefined ? query : query.where({ account_id: accountId }));
  return rows.map((row) => ({
    id: row.uid,
    accountId: row.account_id,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    userAgent: row.user_agent,
    address: row.address,
    identityId: row.identity_id,
    clientIds: row.client_ids,
  }));
}
