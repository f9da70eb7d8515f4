import type { Queryable } from '../db/database.ts';
import type { Place } from '../db/place.ts';
import { AppError } from '../errors.ts';
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

export interface SessionQuery {
  readonly now: Date;
  readonly idleSeconds: number;
  readonly limit: number;
  /** Of one person. */
  readonly accountId?: string | undefined;
  /** With which somebody went to this client. */
  readonly clientId?: string | undefined;
  readonly id?: string | undefined;
  /** The last of the page before. */
  readonly after?: Place | undefined;
}

/** Live sessions of signed-in people, youngest first. */
export async function listSessions(db: Queryable, query: SessionQuery): Promise<SessionSummary[]> {
  const { now, idleSeconds, limit, accountId, clientId, id, after } = query;
  const rows = db('sessions')
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
    .orderBy([
      { column: 'created_at', order: 'desc' },
      { column: 'uid', order: 'desc' },
    ])
    .limit(limit);
  if (accountId !== undefined) rows.where({ account_id: accountId });
  if (id !== undefined) rows.where({ uid: id });
  if (clientId !== undefined) {
    rows.whereExists(
      db('session_clients').whereRaw('session_uid = sessions.uid').where({ client_id: clientId }),
    );
  }
  if (after) rows.whereRaw('(created_at, uid) < (?, ?)', [after.at, after.id]);
  return (await rows).map(toSummary);
}

/** One that lives. Throws `session_not_found` (404). */
export async function getSession(
  db: Queryable,
  query: Pick<SessionQuery, 'now' | 'idleSeconds'> & { readonly id: string },
): Promise<SessionSummary> {
  const [session] = await listSessions(db, { ...query, limit: 1 });
  if (session) return session;
  throw new AppError('session_not_found', 'There is no such session, or it has ended.', { status: 404 });
}

function toSummary(row: Row): SessionSummary {
  return {
    id: row.uid,
    accountId: row.account_id,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    userAgent: row.user_agent,
    address: row.address,
    identityId: row.identity_id,
    clientIds: row.client_ids,
  };
}
