import type { Pool, PoolClient } from 'pg';

import type { Clock } from '../clock.ts';
import { createBatch } from '../db/batch.ts';
import { isDeadlock } from '../db/violation.ts';
import { AppError } from '../errors.ts';
import type { Artifact } from '../grants/artifact.ts';
import { artifactColumns } from '../grants/store.ts';
import { standingIn } from '../roles/assignment-store.ts';
import type { TokenRow } from './token.ts';

/** Everything one request issues. All of it becomes durable together, or none of it. */
export interface Issue {
  /** Digest of the code or refresh token that is spent for it. */
  readonly spends: Buffer | null;
  readonly clientId: string;
  readonly grantId: string | null;
  readonly sessionUid: string | null;
  readonly accountId: string | null;
  readonly artifacts: readonly Artifact[];
  readonly token: TokenRow | null;
  /** The sealed answer for a client that repeats the same refresh. */
  readonly answer: RefreshAnswerRow | null;
}

export interface RefreshAnswerRow {
  readonly digest: Buffer;
  readonly successorDigest: Buffer | null;
  readonly sealed: Buffer;
  readonly expiresAt: Date;
}

/**
 * `issued` · `spent`: somebody else used the code or refresh token first · `ended`: the grant, session, person, client, API,
 * key or role behind it is gone. Nothing was written in the last two cases, but for the mark on a code that was spent for nothing.
 */
export type IssueOutcome = 'issued' | 'spent' | 'ended';

/** Processes hold it shared while they issue; a revocation takes it alone for an instant (see revoke.ts). */
export const LEDGER_LOCK = 7_203_001;

/** A run of 128 keeps a statement's parameters below 200 kB; larger runs gained nothing. */
const UNITS_PER_RUN = 128;
/** Two runs in flight: one waits for the disk while the next is filled. */
const RUNS_IN_FLIGHT = 2;
/** Deadlocks cannot be ruled out between processes that spend the same artifacts; a victim is simply run again. */
const ATTEMPTS = 4;

/**
 * Who waited longer is refused: a revocation looks a second time at what was issued in the last minute only (end-tokens.ts), so
 * a token must be recorded well within a minute of its `iat`, and the statements themselves may take half of that.
 */
const QUEUE_MS_MAX = 10_000;

interface Queued {
  readonly issue: Issue;
  /** By `performance.now`: clocks may be set. */
  readonly atMs: number;
}

/** Group commit: requests that issue at the same time share one transaction and one flush to disk. Throws `overloaded` (503). */
export function createIssuer(ctx: { pool: Pool; clock: Clock }): (issue: Issue) => Promise<IssueOutcome> {
  const batch = createBatch<Queued, IssueOutcome | 'late'>({
    run: (queued) => commit(ctx.pool, queued, ctx.clock.now()),
    maxItems: UNITS_PER_RUN,
    maxParallel: RUNS_IN_FLIGHT,
  });
  return async function issueOne(issue) {
    const outcome = await batch({ issue, atMs: performance.now() });
    if (outcome !== 'late') return outcome;
    throw new AppError('overloaded', 'The server is busy. Try again in a moment.', {
      status: 503,
      retryAfterSeconds: 1,
    });
  };
}

async function commit(pool: Pool, queued: readonly Queued[], now: Date): Promise<(IssueOutcome | 'late')[]> {
  for (let attempt = 1; ; attempt += 1) {
    const inTime = queued.filter(({ atMs }) => performance.now() - atMs < QUEUE_MS_MAX);
    if (inTime.length === 0) return queued.map(() => 'late');
    try {
      const outcomes = await commitOnce(
        pool,
        inTime.map(({ issue }) => issue),
        now,
      );
      const byItem = new Map(inTime.map((item, no) => [item, outcomes[no]]));
      return queued.map((item) => byItem.get(item) ?? 'late');
    } catch (error) {
      if (attempt === ATTEMPTS || !isDeadlock(error)) throw error;
    }
  }
}

async function commitOnce(pool: Pool, issues: readonly Issue[], now: Date): Promise<IssueOutcome[]> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    // The lock comes first and in a statement of its own: the snapshot of the next one then sees every finished revocation.
    // All three are sent at once; when one fails, those behind it fail or roll back (a fifth more tokens a second).
    const [, outcomes, end] = await Promise.all([
      client.query(`BEGIN; SELECT pg_advisory_xact_lock_shared(${LEDGER_LOCK})`),
      write(client, issues, now),
      client.query('COMMIT'),
    ]);
    if (end.command !== 'COMMIT') throw new Error('What was to be issued was rolled back');
    return outcomes;
  } catch (error) {
    broken = error instanceof Error ? error : new Error(String(error));
    await client.query('ROLLBACK').then(
      () => (broken = undefined),
      () => undefined,
    );
    throw error;
  } finally {
    client.release(broken);
  }
}

const TOKEN_COLUMNS = `jti, client_id, api_id, grant_id, session_uid, account_id, kid, status_list, status_index, issued_at,
  expires_at`;

async function write(client: PoolClient, issues: readonly Issue[], now: Date): Promise<IssueOutcome[]> {
  const onlyTokens = issues.every(isOnlyToken);
  const roles = issues.map(({ token }) => token?.roles ?? null);
  const values = [...(onlyTokens ? numberedTokens(issues) : fullValues(issues, now)), roles];
  const { rows } = await client.query<{ no: number; live: boolean; fresh: boolean }>({
    ...statementFor(issues),
    values,
  });
  const outcomes: IssueOutcome[] = issues.map(() => 'ended');
  for (const row of rows) outcomes[row.no] = row.live ? 'issued' : row.fresh ? 'ended' : 'spent';
  return outcomes;
}

function statementFor(issues: readonly Issue[]): { readonly name: string; readonly text: string } {
  if (issues.every(isOnlyToken)) return ISSUE_TOKENS;
  return issues.some(({ token }) => token?.origin !== undefined) ? ISSUE_EXCHANGED : ISSUE;
}

function isOnlyToken({ spends, artifacts, answer, token }: Issue): boolean {
  return spends === null && artifacts.length === 0 && answer === null && token?.origin === undefined;
}

// What must still stand for a token to leave. Looked up by primary key, inside the shared lock. Written as values, which are null
// where there is no row: of EXISTS PostgreSQL may make a hash of the whole table, once for every run.
const LIVE = `
  (SELECT x.disabled_at IS NULL FROM clients x WHERE x.id = u.client_id)
  AND (u.grant_id IS NULL OR (SELECT x.revoked_at IS NULL FROM grants x WHERE x.id = u.grant_id))
  AND (u.session_uid IS NULL OR (SELECT x.ended_at IS NULL FROM sessions x WHERE x.uid = u.session_uid))
  AND (u.account_id IS NULL OR (SELECT x.disabled_at IS NULL FROM accounts x WHERE x.id = u.account_id))
  AND (u.api_id IS NULL OR (SELECT x.disabled_at IS NULL AND x.enforces_roles = (u.roles IS NOT NULL)
    FROM apis x WHERE x.id = u.api_id))
  AND ${standingIn('u.roles')}
  AND (u.kid IS NULL OR (SELECT x.state <> 'revoked' FROM signing_keys x WHERE x.kid = u.kid))`;

// And what an exchanged token came of. Whatever ends a subject's client, person or session has ended its row as well.
const ORIGIN_LIVE = `
  (u.subject_jti IS NULL OR EXISTS (SELECT FROM tokens x
    WHERE x.jti = u.subject_jti AND x.expires_at = u.subject_expires_at AND x.revoked_at IS NULL))
  AND (u.actor_jti IS NULL OR EXISTS (SELECT FROM tokens x
    WHERE x.jti = u.actor_jti AND x.expires_at = u.actor_expires_at AND x.revoked_at IS NULL))
  AND (u.issuer_id IS NULL OR EXISTS (SELECT FROM trusted_issuers x
    JOIN identity_providers p ON p.id = x.provider_id AND p.disabled_at IS NULL
    JOIN identities i ON i.provider_id = p.id
    WHERE x.id = u.issuer_id AND i.id = u.identity_id))`;

/** The common case of client credentials: ledger rows only. */
const ISSUE_TOKENS = {
  name: 'issue_tokens',
  text: `
  WITH u AS MATERIALIZED (
    SELECT * FROM unnest($1::int[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
      $9::int[], $10::int[], $11::timestamptz[], $12::timestamptz[], $13::text[]) AS t(no, ${TOKEN_COLUMNS}, roles)
  ), live AS MATERIALIZED (SELECT u.* FROM u WHERE ${LIVE}),
  recorded AS (INSERT INTO tokens (${TOKEN_COLUMNS}) SELECT ${TOKEN_COLUMNS} FROM live)
  SELECT no, true AS live, true AS fresh FROM live`,
};

const issueText = (live: string): string => `
  WITH u AS MATERIALIZED (
    SELECT * FROM unnest($1::int[], $2::bytea[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
      $38::bytea[], $39::timestamptz[], $40::bytea[], $41::timestamptz[], $42::text[], $43::text[], $45::text[])
      AS t(no, spends, client_id, grant_id, session_uid, account_id, api_id, kid,
        subject_jti, subject_expires_at, actor_jti, actor_expires_at, issuer_id, identity_id, roles)
  ), held AS MATERIALIZED (
    -- locked in one order everywhere, so that two processes wait for each other instead of deadlocking
    SELECT digest FROM artifacts WHERE digest IN (SELECT spends FROM u) AND consumed_at IS NULL ORDER BY digest FOR UPDATE
  ), spent AS (
    UPDATE artifacts a SET consumed_at = $9
    FROM held, (SELECT DISTINCT ON (spends) no, spends FROM u WHERE spends IS NOT NULL ORDER BY spends, no) first
    WHERE a.digest = held.digest AND first.spends = a.digest
    RETURNING first.no
  ), fresh AS MATERIALIZED (
    SELECT no FROM u WHERE spends IS NULL OR no IN (SELECT no FROM spent)
  ), live AS MATERIALIZED (
    SELECT no FROM u WHERE no IN (SELECT no FROM fresh) AND ${live}
  ), kept AS (
    INSERT INTO artifacts (digest, model, payload, grant_id, client_id, account_id, user_code_digest,
      created_at, consumed_at, expires_at)
    SELECT digest, model, payload, grant_id, client_id, account_id, user_code_digest,
      created_at, consumed_at, expires_at
    FROM unnest($10::int[], $11::bytea[], $12::text[], $13::bytea[], $14::text[], $15::text[], $16::text[], $17::bytea[],
      $18::timestamptz[], $19::timestamptz[], $20::timestamptz[])
      AS a(no, digest, model, payload, grant_id, client_id, account_id, user_code_digest, created_at,
        consumed_at, expires_at)
    WHERE no IN (SELECT no FROM live)
  ), recorded AS (
    INSERT INTO tokens (${TOKEN_COLUMNS}, hangs_on)
    SELECT ${TOKEN_COLUMNS}, string_to_array(names, E'\\n')
    FROM unnest($21::int[], $22::bytea[], $23::text[], $24::text[], $25::text[], $26::text[], $27::text[], $28::text[],
      $29::int[], $30::int[], $31::timestamptz[], $32::timestamptz[], $44::text[]) AS t(no, ${TOKEN_COLUMNS}, names)
    WHERE no IN (SELECT no FROM live)
  ), answered AS (
    INSERT INTO refresh_answers (digest, successor_digest, sealed, expires_at)
    SELECT digest, successor_digest, sealed, expires_at
    FROM unnest($33::int[], $34::bytea[], $35::bytea[], $36::bytea[], $37::timestamptz[])
      AS r(no, digest, successor_digest, sealed, expires_at)
    WHERE no IN (SELECT no FROM live)
    ON CONFLICT (digest) DO NOTHING
  )
  SELECT no, no IN (SELECT no FROM live) AS live, no IN (SELECT no FROM fresh) AS fresh FROM u`;

const ISSUE = { name: 'issue', text: issueText(LIVE) };

/** Looks into every partition of the ledger, which nobody else should pay for. */
const ISSUE_EXCHANGED = { name: 'issue_exchanged', text: issueText(`${LIVE} AND ${ORIGIN_LIVE}`) };

function fullValues(issues: readonly Issue[], now: Date): unknown[] {
  const artifacts = issues.flatMap((issue, no) => issue.artifacts.map((artifact) => ({ no, artifact })));
  const answers = issues.flatMap((issue, no) => (issue.answer ? [{ no, ...issue.answer }] : []));
  return [
    issues.map((_, no) => no),
    issues.map((i) => i.spends),
    issues.map((i) => i.clientId),
    issues.map((i) => i.grantId),
    issues.map((i) => i.sessionUid),
    issues.map((i) => i.accountId),
    issues.map((i) => i.token?.apiId ?? null),
    issues.map((i) => i.token?.kid ?? null),
    now,
    artifacts.map(({ no }) => no),
    ...artifactColumns(artifacts.map(({ artifact }) => artifact)),
    ...numberedTokens(issues),
    answers.map((a) => a.no),
    answers.map((a) => a.digest),
    answers.map((a) => a.successorDigest),
    answers.map((a) => a.sealed),
    answers.map((a) => a.expiresAt),
    ...originColumns(issues),
  ];
}

/** One of each issue, but for the names, which stand beside the tokens: a list a token is no array that PostgreSQL has. */
function originColumns(issues: readonly Issue[]): unknown[] {
  const origins = issues.map(({ token }) => token?.origin);
  const tokens = issues.flatMap(({ token }) => token ?? []);
  return [
    origins.map((origin) => origin?.subject?.jti ?? null),
    origins.map((origin) => origin?.subject?.expiresAt ?? null),
    origins.map((origin) => origin?.actor?.jti ?? null),
    origins.map((origin) => origin?.actor?.expiresAt ?? null),
    origins.map((origin) => origin?.foreign?.issuerId ?? null),
    origins.map((origin) => origin?.foreign?.identityId ?? null),
    tokens.map(({ origin }) => origin?.hangsOn.join('\n') ?? null),
  ];
}

function numberedTokens(issues: readonly Issue[]): unknown[] {
  const tokens = issues.flatMap((issue, no) => (issue.token ? [{ no, ...issue.token }] : []));
  return [
    tokens.map((t) => t.no),
    tokens.map((t) => t.jti),
    tokens.map((t) => t.clientId),
    tokens.map((t) => t.apiId),
    tokens.map((t) => t.grantId),
    tokens.map((t) => t.sessionUid),
    tokens.map((t) => t.accountId),
    tokens.map((t) => t.kid),
    tokens.map((t) => t.statusList),
    tokens.map((t) => t.statusIndex),
    tokens.map((t) => t.issuedAt),
    tokens.map((t) => t.expiresAt),
  ];
}
