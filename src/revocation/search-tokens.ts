import type { Queryable } from '../db/database.ts';
import type { Place } from '../db/place.ts';

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
  readonly after?: Place | undefined;
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

/** Youngest first. */
export async function searchTokens(db: Queryable, query: TokenQuery): Promise<LedgerRow[]> {
  const standing = query.state === 'revoked' ? [] : await look(db, query, { isRevoked: false });
  if (query.state === 'live' || query.state === 'expired') return standing;
  const isFull = query.state === undefined && standing.length === query.limit;
  const oldest = isFull ? standing.at(-1)?.issuedAt : undefined;
  const revoked = oldest
    ? await look(db, query, { isRevoked: true, from: oldest })
    : await searchRevoked(db, query);
  return [...standing, ...revoked].toSorted(youngestFirst).slice(0, query.limit);
}

function youngestFirst(a: LedgerRow, b: LedgerRow): number {
  return b.issuedAt.getTime() - a.issuedAt.getTime() || (a.id < b.id ? 1 : -1);
}

/**
 * How far back each look goes. Of revoked tokens the ledger has no order but that of its blocks (`tokens_span`), so that all of a
 * span is read and sorted; at a thousand tokens a second the first one is that of 15 000. Tokens that live for days are found at
 * the end.
 */
const SPANS_MS = [15_000, 120_000, 900_000, 7_200_000, 57_600_000];

async function searchRevoked(db: Queryable, query: TokenQuery): Promise<LedgerRow[]> {
  const top = (query.after?.at ?? query.issuedBefore ?? query.now).getTime();
  const found: LedgerRow[] = [];
  let before: Date | undefined;
  for (const span of SPANS_MS) {
    const from = new Date(top - span);
    if (query.issuedFrom && from <= query.issuedFrom) break;
    found.push(...(await look(db, query, { isRevoked: true, from, before, missing: found.length })));
    if (found.length >= query.limit) return found;
    before = from;
  }
  return [...found, ...(await look(db, query, { isRevoked: true, before, missing: found.length }))];
}

/** By the same {@link LedgerRow.id}; one row, since digests do not meet. */
export async function findLedgerRow(db: Queryable, id: string): Promise<LedgerRow | undefined> {
  const row = await db<Row>('tokens').first(COLUMNS).where('jti', Buffer.from(id, 'hex'));
  return row && toLedgerRow(row);
}

interface Span {
  readonly isRevoked: boolean;
  readonly from?: Date | undefined;
  readonly before?: Date | undefined;
  /** How many have been found elsewhere. */
  readonly missing?: number;
}

/** What was not revoked is in indexes of its own, in the order of its time and by whose it is. */
async function look(db: Queryable, query: TokenQuery, span: Span): Promise<LedgerRow[]> {
  const { state, issuedFrom, issuedBefore, after, now } = query;
  const { isRevoked, before, from = issuedFrom } = span;
  const rows = db<Row>('tokens')
    .select(COLUMNS)
    .where(columnsOf(query))
    .orderBy([
      { column: 'issued_at', order: 'desc' },
      { column: 'jti', order: 'desc' },
    ])
    .limit(query.limit - (span.missing ?? 0));
  if (isRevoked) rows.whereNotNull('revoked_at');
  else rows.whereNull('revoked_at');
  if (state === 'live') rows.where('expires_at', '>', now);
  if (state === 'expired') rows.where('expires_at', '<=', now);
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

function columnsOf({ accountId, clientId, apiId, grantId, sessionUid, kid }: TokenQuery): Partial<Row> {
  const wanted = {
    account_id: accountId,
    client_id: clientId,
    api_id: apiId,
    grant_id: grantId,
    session_uid: sessionUid,
    kid,
  };
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
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
