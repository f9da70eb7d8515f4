import type { Queryable } from '../db/database.ts';
import type { Place } from '../db/place.ts';
import { AppError } from '../errors.ts';
import { toAllowance } from './grant.ts';

/** A grant as operators see it: without its payload. */
export interface GrantSummary {
  readonly id: string;
  readonly accountId: string;
  readonly clientId: string;
  /** Scopes of our own (OIDC Core §5.4, §11). */
  readonly scopes: readonly string[];
  /** Scopes of APIs, by audience. */
  readonly resources: Readonly<Record<string, readonly string[]>>;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export interface GrantQuery {
  readonly accountId?: string | undefined;
  readonly clientId?: string | undefined;
  /** The last of the page before. */
  readonly after?: Place | undefined;
  readonly now: Date;
  readonly limit: number;
}

interface Row {
  id: string;
  account_id: string;
  client_id: string;
  payload: Record<string, unknown>;
  created_at: Date;
  expires_at: Date;
}

const COLUMNS: (keyof Row)[] = ['id', 'account_id', 'client_id', 'payload', 'created_at', 'expires_at'];

/** Live grants, youngest first. */
export async function listGrants(db: Queryable, query: GrantQuery): Promise<GrantSummary[]> {
  const { accountId, clientId, after, now, limit } = query;
  const rows = db<Row>('grants')
    .select(COLUMNS)
    .whereNull('revoked_at')
    .where('expires_at', '>', now)
    .orderBy([
      { column: 'created_at', order: 'desc' },
      { column: 'id', order: 'desc' },
    ])
    .limit(limit);
  if (accountId !== undefined) rows.where({ account_id: accountId });
  if (clientId !== undefined) rows.where({ client_id: clientId });
  if (after) rows.whereRaw('(created_at, id) < (?, ?)', [after.at, after.id]);
  return (await rows).map(toSummary);
}

/** A live one. */
export async function findGrantSummary(
  db: Queryable,
  id: string,
  now: Date,
): Promise<GrantSummary | undefined> {
  const row = await db<Row>('grants')
    .first(COLUMNS)
    .where({ id })
    .whereNull('revoked_at')
    .where('expires_at', '>', now);
  return row && toSummary(row);
}

/** The same. Throws `grant_not_found` (404). */
export async function getGrantSummary(db: Queryable, id: string, now: Date): Promise<GrantSummary> {
  const grant = await findGrantSummary(db, id, now);
  if (grant) return grant;
  throw new AppError('grant_not_found', 'There is no such grant, or it has ended.', { status: 404 });
}

function toSummary(row: Row): GrantSummary {
  return {
    id: row.id,
    accountId: row.account_id,
    clientId: row.client_id,
    ...toAllowance(row.payload),
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}
