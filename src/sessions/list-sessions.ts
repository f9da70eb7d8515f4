import type { Queryable } from '../db/database.ts';

/** A browser session as an operator sees it: without its payload. */
export interface SessionSummary {
  readonly id: string;
  readonly accountId: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** Where the person went with it. */
  readonly clientIds: readonly string[];
}

interface Row {
  uid: string;
  account_id: string;
  created_at: Date;
  expires_at: Date;
  client_ids: string[];
}

/** Live sessions of signed-in people, youngest first; of one person when `accountId` is given. */
export async function listSessions(
  db: Queryable,
  { now, limit, accountId }: { now: Date; limit: number; accountId?: string | undefined },
): Promise<SessionSummary[]> {
  const query = db('sessions')
    .select<Row[]>(
      'uid',
      'account_id',
      'created_at',
      'expires_at',
      db.raw(
        'array(select distinct c.client_id from session_clients c where c.session_uid = sessions.uid order by 1) as client_ids',
      ),
    )
    .whereNull('ended_at')
    .whereNotNull('account_id')
    .where('expires_at', '>', now)
    .orderBy('created_at', 'desc')
    .limit(limit);
  const rows = await (accountId === undefined ? query : query.where({ account_id: accountId }));
  return rows.map((row) => ({
    id: row.uid,
    accountId: row.account_id,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    clientIds: row.client_ids,
  }));
}
