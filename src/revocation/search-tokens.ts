import type { Queryable } from '../db/database.ts';

/** A row of the ledger as operators see it. */
export interface LedgerRow {
  /** The digest of the `jti` (`jtiDigest`) in hexadecimal: the ledger does not know the token itself. */
  readonly id: string;
  readonly clientId: string;
  readonly apiId: string;
  readonly accountId: string | null;
  readonly grantId: string | null;
  readonly sessionUid: string | null;
  readonly kid: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  readonly revokedAt: Date | null;
}

export const TOKEN_STATES = ['live', 'revoked', 'expired'] as const;
/** What was revoked stays so when it has expired. */
export type TokenState = (typeof TOKEN_STATES)[number];

export function stateOf(
  { revokedAt, expiresAt }: Pick<LedgerRow, 'revokedAt' | 'expiresAt'>,
  now: Date,
): TokenState {
  if (revokedAt !== null) return 'revoked';
  return expiresAt > now ? 'live' : 'expired';
}

export interface TokenQuery {
  readonly accountId?: string | undefined;
  readonly clientId?: string | undefined;
  readonly apiId?: string | undefined;
  readonly grantId?: string | undefined;
  readonly sessionUid?: string | undefined;
  readonly kid?: string | undefined;
  readonly state?: TokenState | undefined;
  /** Included. */
  readonly issuedFrom?: Date | undefined;
  /** Not included. */
  readonly issuedBefore?: Date | undefined;
  /** The last of the page before. */
  readonly after?: { readonly at: Date; readonly id: string } | undefined;
  readonly now: Date;
  readonly limit: number;
}

interface Row {
  jti: Buffer;
  client_id: string;
  api_id: string;
  account_id: string | null;
  grant_id: string | null;
  session_uid: string | null;
  kid: string;
  issued_at: Date;
  expires_at: Date;
  revoked_at: Date | null;
}

const COLUMNS: (keyof Row)[] = [
  'jti',
  'client_id',
  'api_id',
  'account_id',
  'grant_id',
  'session_uid',
  'kid',
  'issued_at',
  'expires_at',
  'revoked_at',
];

/**
 * How far back each look goes. Of revoked tokens the ledger has no order but that of its blocks (`tokens_span`), so that all of a
 * span is read and sorted; at a thousand tokens a second the first one is that of 15 000. Tokens that live for days are found at the end.
 */
const SPANS_MS = [15_000, 120_000, 900_000, 7_200_000, 57_600_000];

/** Youngest first. */
export async function searchTokens(db: Queryable, query: TokenQuery): Promise<LedgerRow[]> {
  const newest = query.after?.at ?? query.issuedBefore;
  const top = (newest ?? query.now).getTime();
  const found: LedgerRow[] = [];
  let before: Date | undefined;
  for (const span of isNarrow(query) ? [] : SPANS_MS) {
    const from = new Date(top - span);
    if (query.issuedFrom && from <= query.issuedFrom) break;
    found.push(...(await look(db, query, { from, before, limit: query.limit - found.length })));
    if (found.length >= query.limit) return found;
    before = from;
  }
  const rest = await look(db, query, { from: query.issuedFrom, before, limit: query.limit - found.length });
  return [...found, ...rest];
}

/** By the same {@link LedgerRow.id}; one row, since digests do not meet. */
export async function findLedgerRow(db: Queryable, id: string): Promise<LedgerRow | undefined> {
  const row = await db<Row>('tokens').first(COLUMNS).where('jti', Buffer.from(id, 'hex'));
  return row && toLedgerRow(row);
}

/** One person, grant or session has a few, and an index has those that were not revoked. */
function isNarrow({ accountId, grantId, sessionUid, state }: TokenQuery): boolean {
  const isOfOne = accountId !== undefined || grantId !== undefined || sessionUid !== undefined;
  return isOfOne && (state === 'live' || state === 'expired');
}

interface Span {
  readonly from: Date | undefined;
  readonly before: Date | undefined;
  readonly limit: number;
}

async function look(db: Queryable, query: TokenQuery, { from, before, limit }: Span): Promise<LedgerRow[]> {
  const { accountId, clientId, apiId, grantId, sessionUid, kid, state, issuedBefore, after, now } = query;
  const rows = db<Row>('tokens')
    .select(COLUMNS)
    .orderBy([
      { column: 'issued_at', order: 'desc' },
      { column: 'jti', order: 'desc' },
    ])
    .limit(limit);
  if (accountId !== undefined) rows.where('account_id', accountId);
  if (clientId !== undefined) rows.where('client_id', clientId);
  if (apiId !== undefined) rows.where('api_id', apiId);
  if (grantId !== undefined) rows.where('grant_id', grantId);
  if (sessionUid !== undefined) rows.where('session_uid', sessionUid);
  if (kid !== undefined) rows.where('kid', kid);
  if (state === 'revoked') rows.whereNotNull('revoked_at');
  else if (state !== undefined)
    rows.whereNull('revoked_at').where('expires_at', state === 'live' ? '>' : '<=', now);
  if (issuedBefore) rows.where('issued_at', '<', issuedBefore);
  if (before) rows.where('issued_at', '<', before);
  // A token expires after it was issued: partitions that ended before need not be looked at.
  if (from) rows.where('issued_at', '>=', from).where('expires_at', '>=', from);
  if (after) {
    rows
      .where('issued_at', '<=', after.at)
      .whereRaw('(issued_at, jti) < (?, ?)', [after.at, Buffer.from(after.id, 'hex')]);
  }
  return (await rows).map(toLedgerRow);
}

function toLedgerRow(row: Row): LedgerRow {
  return {
    id: row.jti.toString('hex'),
    clientId: row.client_id,
    apiId: row.api_id,
    accountId: row.account_id,
    grantId: row.grant_id,
    sessionUid: row.session_uid,
    kid: row.kid,
    issuedAt: row.issued_at,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
  };
}
