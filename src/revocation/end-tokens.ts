import type { Knex } from 'knex';

import { nameOf } from './origin.ts';
import type { EndedIndexes } from './status-store.ts';
import { jtiDigest, type RevokeTarget } from './token.ts';

/** What became of ledger rows: how many had not expired, and which bits of which status list say that they no longer are. */
export interface EndedTokens {
  readonly tokens: number;
  readonly indexes: EndedIndexes;
}

/** Rows of one statement: a second of work, below the statement timeout also where the database is slow or busy. */
const ROWS_PER_STATEMENT = 100_000;
/** Blocks of one statement where no index helps: 8 MB, some 40 000 rows. */
const BLOCKS_PER_STATEMENT = 1024;
/** Verifiers forgive clocks that differ by so much: a token that expired a moment ago may still be accepted somewhere. */
const VERIFIER_SKEW_SECONDS = 60;
/**
 * No issue takes this long from its `iat` to its row: ten seconds for a place in a list, ten in the queue (issue.ts), less than
 * thirty in the database. Clocks of processes may differ by the rest.
 */
const ISSUE_SECONDS_MAX = 60;

/** The first look, at everything; nobody waits for it. */
export async function endTokens(
  tx: Knex.Transaction,
  target: RevokeTarget,
  now: Date,
): Promise<EndedTokens[]> {
  return [...(await endOwn(tx, target, now)), ...(await endHeirs(tx, target, now))];
}

async function endOwn(tx: Knex.Transaction, target: RevokeTarget, now: Date): Promise<EndedTokens[]> {
  const where = conditionOf(target);
  if (mayBeMany(target)) return endBySlices(tx, where, now);
  if (isUnindexed(target)) return endByBlocks(tx, where, now);
  return [await end(tx, 'tokens', where, now)];
}

/** What others were given in exchange for a token that ends. */
async function endHeirs(tx: Knex.Transaction, target: RevokeTarget, now: Date): Promise<EndedTokens[]> {
  if (isOfRoles(target)) return [await end(tx, 'tokens', heirsOf(conditionOf(target), now), now)];
  const name = nameOf(target);
  if (name === undefined) return [];
  return [await end(tx, 'tokens', { sql: 'hangs_on @> ARRAY[?]', values: [name] }, now)];
}

/** The second look, under the ledger's lock: only at what may have been issued since the first, however many tokens there are. */
export async function endLatecomers(
  tx: Knex.Transaction,
  target: RevokeTarget,
  now: Date,
): Promise<EndedTokens> {
  const where = conditionOf(target);
  const from = new Date(now.getTime() - ISSUE_SECONDS_MAX * 1000);
  const late = { sql: `${where.sql} AND issued_at >= ?`, values: [...where.values, from] };
  const isNarrow = !mayBeMany(target) && !isUnindexed(target);
  return together([
    await end(tx, 'tokens', isNarrow ? where : late, now),
    ...(await endHeirs(tx, target, now)),
  ]);
}

/** Tokens that die with a session: those without `offline_access`. */
export async function endSessionTokens(
  tx: Knex.Transaction,
  uids: readonly string[],
  now: Date,
): Promise<EndedTokens> {
  if (uids.length === 0) return { tokens: 0, indexes: new Map() };
  return end(tx, 'tokens', { sql: 'session_uid = ANY(?)', values: [[...uids]] }, now);
}

export function together(all: readonly EndedTokens[]): EndedTokens {
  const indexes = new Map<number, Buffer[]>();
  for (const ended of all) {
    for (const [listNo, runs] of ended.indexes)
      indexes.set(listNo, [...(indexes.get(listNo) ?? []), ...runs]);
  }
  return { tokens: all.reduce((sum, { tokens }) => sum + tokens, 0), indexes };
}

interface Condition {
  readonly sql: string;
  readonly values: readonly Knex.RawBinding[];
}

function conditionOf(target: RevokeTarget): Condition {
  if ('jti' in target || 'digest' in target) {
    const digest = 'jti' in target ? jtiDigest(target.jti) : Buffer.from(target.digest, 'hex');
    if (!target.expiresAt) return { sql: 'jti = ?', values: [digest] };
    return { sql: 'jti = ? AND expires_at = ?', values: [digest, target.expiresAt] };
  }
  if ('grant' in target) return { sql: 'grant_id = ?', values: [target.grant] };
  if ('session' in target) return { sql: 'session_uid = ?', values: [target.session] };
  if ('account' in target) return conditionOfAccount(target);
  if ('client' in target) return { sql: 'client_id = ?', values: [target.client] };
  if ('consentOf' in target) return conditionOfConsent(target);
  if ('api' in target) return { sql: 'api_id = ?', values: [target.api] };
  if (isOfRoles(target)) return conditionOfRoles(target);
  if ('key' in target) return { sql: 'kid = ?', values: [target.key] };
  // It has only heirs.
  if ('trustedIssuer' in target) return { sql: 'false', values: [] };
  // They end with their sessions.
  if ('identitySessions' in target) return { sql: 'false', values: [] };
  if ('identity' in target || 'provider' in target) return conditionOfIdentity(target);
  // A grant or session of before ends as a whole, with what it was given since.
  return {
    sql: `(issued_at < ? OR EXISTS (SELECT FROM grants g WHERE g.id = t.grant_id AND g.created_at < ?)
      OR EXISTS (SELECT FROM sessions s WHERE s.uid = t.session_uid AND s.created_at < ?)
      OR EXISTS (SELECT FROM unnest(t.hangs_on) name JOIN tokens p
        ON p.jti = CASE WHEN name LIKE 'jti:%' THEN decode(substr(name, 5), 'hex') END WHERE p.issued_at < ?))`,
    values: [target.issuedBefore, target.issuedBefore, target.issuedBefore, target.issuedBefore],
  };
}

function conditionOfAccount(target: { account: string; exceptSession?: string }): Condition {
  const { account, exceptSession } = target;
  if (exceptSession === undefined) return { sql: 'account_id = ?', values: [account] };
  // A token of the session, or of a grant that the session uses (one with `offline_access` knows no session).
  return {
    sql: `account_id = ? AND session_uid IS DISTINCT FROM ? AND NOT EXISTS (
      SELECT FROM session_clients c WHERE c.session_uid = ? AND c.grant_id = t.grant_id)`,
    values: [account, exceptSession, exceptSession],
  };
}

/** What clients hold for a person's absence; the rest ends with a session. */
function conditionOfIdentity(target: { identity: string } | { provider: string }): Condition {
  const grants = 'grant_id IN (SELECT g.id FROM grants g';
  if ('identity' in target) return { sql: `${grants} WHERE g.identity_id = ?)`, values: [target.identity] };
  const sql = `${grants} JOIN identities i ON i.id = g.identity_id WHERE i.provider_id = ?)`;
  return { sql, values: [target.provider] };
}

/** Also what others got in exchange for a token of the client's: it hangs on the same grant. */
function conditionOfConsent({ consentOf, clientId }: { consentOf: string; clientId: string }): Condition {
  return {
    sql: `account_id = ? AND (client_id = ?
      OR grant_id IN (SELECT g.id FROM grants g WHERE g.account_id = ? AND g.client_id = ?))`,
    values: [consentOf, clientId, consentOf, clientId],
  };
}

type RolesTarget = Extract<RevokeTarget, { apiId: string }>;

function isOfRoles(target: RevokeTarget): target is RolesTarget {
  return 'accountRoles' in target || 'clientRoles' in target || 'role' in target;
}

/** What a client was given in exchange for a token of another client acts for that other one, and hangs on it. */
function conditionOfRoles(target: RolesTarget): Condition {
  if ('accountRoles' in target) {
    return { sql: 'account_id = ? AND api_id = ?', values: [target.accountRoles, target.apiId] };
  }
  if ('clientRoles' in target) {
    const { clientRoles, apiId } = target;
    return {
      sql: 'account_id IS NULL AND api_id = ? AND (client_id = ? OR hangs_on @> ARRAY[?])',
      values: [apiId, clientRoles, `client:${clientRoles}`],
    };
  }
  return {
    sql: `api_id = ? AND (account_id IN (SELECT ra.account_id FROM role_assignments ra WHERE ra.role_id = ?)
      OR account_id IS NULL AND EXISTS (SELECT FROM role_assignments ra WHERE ra.role_id = ?
        AND (ra.client_id = t.client_id OR t.hangs_on @> ARRAY['client:' || ra.client_id])))`,
    values: [target.apiId, target.role, target.role],
  };
}

/** What came of the tokens that ended just now, for whatever API; no name says which they are. */
function heirsOf({ sql, values }: Condition, now: Date): Condition {
  return {
    sql: `hangs_on && ARRAY(SELECT 'jti:' || encode(t.jti, 'hex') FROM tokens t
      WHERE t.revoked_at = ? AND ${sql})`,
    values: [now, ...values],
  };
}

function mayBeMany(target: RevokeTarget): boolean {
  return 'client' in target || 'clientRoles' in target;
}

/** The ledger has no index for these: each would cost every issue, and they are rare. */
function isUnindexed(target: RevokeTarget): boolean {
  return 'api' in target || 'key' in target || 'issuedBefore' in target || 'role' in target;
}

/** A client may have millions: a slice at a time. Digests are spread evenly, so slices of their space are of one size. */
async function endBySlices(tx: Knex.Transaction, where: Condition, now: Date): Promise<EndedTokens[]> {
  const slices = Math.ceil((await countLive(tx, where, now)) / ROWS_PER_STATEMENT);
  if (slices <= 1) return [await end(tx, 'tokens', where, now)];
  const all: EndedTokens[] = [];
  for (let slice = 0; slice < slices; slice += 1) {
    const bounds = [digestAt(slice / slices), digestAt((slice + 1) / slices)];
    const within = { sql: `${where.sql} AND jti >= ? AND jti < ?`, values: [...where.values, ...bounds] };
    all.push(await end(tx, 'tokens', within, now));
  }
  return all;
}

async function countLive(tx: Knex.Transaction, where: Condition, now: Date): Promise<number> {
  const { rows } = await tx.raw<{ rows: { count: number }[] }>(
    `SELECT count(*) FROM tokens WHERE revoked_at IS NULL AND expires_at > ? AND ${where.sql}`,
    [now, ...where.values],
  );
  return rows[0]?.count ?? 0;
}

const DIGEST_BYTES = 32;

/** The digest at this share of all; 1 is beyond the last one. */
function digestAt(share: number): Buffer {
  if (share >= 1) return Buffer.alloc(DIGEST_BYTES + 1, 0xff);
  const digest = Buffer.alloc(DIGEST_BYTES);
  digest.writeUInt32BE(Math.floor(share * 2 ** 32));
  return digest;
}

async function endByBlocks(tx: Knex.Transaction, where: Condition, now: Date): Promise<EndedTokens[]> {
  const all: EndedTokens[] = [];
  for (const { name, blocks } of await listPartitions(tx)) {
    for (let from = 0; from < blocks; from += BLOCKS_PER_STATEMENT) {
      const range = {
        sql: `ctid >= ?::tid AND ctid < ?::tid AND ${where.sql}`,
        values: [`(${from},0)`, `(${from + BLOCKS_PER_STATEMENT},0)`, ...where.values],
      };
      all.push(await end(tx, name, range, now));
    }
  }
  return all;
}

/** With a lock that keeps them from being dropped before the transaction ends; it is the one that every UPDATE takes. */
async function listPartitions(tx: Knex.Transaction): Promise<{ name: string; blocks: number }[]> {
  await tx.raw('LOCK TABLE ONLY tokens IN ROW EXCLUSIVE MODE');
  const { rows } = await tx.raw<{ rows: { name: string; blocks: number }[] }>(
    `SELECT inhrelid::regclass::text AS name, pg_relation_size(inhrelid) / current_setting('block_size')::int AS blocks
       FROM pg_inherits WHERE inhparent = 'tokens'::regclass AND NOT inhdetachpending ORDER BY 1`,
  );
  return rows;
}

async function end(tx: Knex.Transaction, table: string, where: Condition, now: Date): Promise<EndedTokens> {
  const from = new Date(now.getTime() - VERIFIER_SKEW_SECONDS * 1000);
  const { rows } = await tx.raw<{
    rows: { list_no: number | null; tokens: number; indexes: Buffer | null }[];
  }>(
    `WITH ended AS (
       UPDATE ${table} t SET revoked_at = ? WHERE revoked_at IS NULL AND expires_at > ? AND ${where.sql}
       RETURNING status_list, status_index, expires_at
     )
     SELECT status_list AS list_no, count(*) FILTER (WHERE expires_at > ?) AS tokens,
       string_agg(int4send(status_index), ''::bytea) AS indexes
     FROM ended GROUP BY status_list`,
    [now, from, ...where.values, now],
  );
  const indexes = new Map<number, Buffer[]>();
  for (const { list_no: listNo, indexes: run } of rows)
    if (listNo !== null && run) indexes.set(listNo, [run]);
  return { tokens: rows.reduce((sum, row) => sum + row.tokens, 0), indexes };
}
