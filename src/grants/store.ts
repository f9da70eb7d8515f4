import type { Knex } from 'knex';
import type { Pool } from 'pg';

import type { Database } from '../db/database.ts';
import type { Artifact } from './artifact.ts';
import { allowanceOf } from './consent.ts';
import { mergePayloads, type Grant } from './grant.ts';

export interface ArtifactRow {
  digest: Buffer;
  model: string;
  payload: Buffer;
  grant_id: string | null;
  client_id: string | null;
  account_id: string | null;
  user_code_digest: Buffer | null;
  created_at: Date;
  consumed_at: Date | null;
  expires_at: Date | null;
}

export const ARTIFACT_COLUMNS =
  'digest, model, payload, grant_id, client_id, account_id, user_code_digest, created_at, consumed_at, expires_at';

/** What hangs on a grant dies with it, at the instant its end commits; the row itself may stay for a while. */
export const STANDS =
  '(grant_id IS NULL OR EXISTS (SELECT FROM grants g WHERE g.id = artifacts.grant_id AND g.revoked_at IS NULL))';

/** The newest row counts: a short code may have been drawn before. */
export async function findArtifactByUserCode(
  pool: Pool,
  userCodeDigest: Buffer,
): Promise<Artifact | undefined> {
  const { rows } = await pool.query<ArtifactRow>({
    name: 'artifacts_find_user_code',
    text: `SELECT ${ARTIFACT_COLUMNS} FROM artifacts WHERE user_code_digest = $1 AND ${STANDS} ORDER BY created_at DESC LIMIT 1`,
    values: [userCodeDigest],
  });
  return rows[0] && toArtifact(rows[0]);
}

/** Inserts or replaces. A row once consumed stays consumed. */
export async function saveArtifacts(pool: Pool, artifacts: readonly Artifact[]): Promise<void> {
  await pool.query({
    name: 'artifacts_save',
    text: `
      INSERT INTO artifacts (${ARTIFACT_COLUMNS})
      SELECT DISTINCT ON (digest) * FROM unnest($1::bytea[], $2::text[], $3::bytea[], $4::text[], $5::text[], $6::text[],
        $7::bytea[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[]) AS a(${ARTIFACT_COLUMNS})
      ORDER BY digest
      ON CONFLICT (digest) DO UPDATE SET payload = excluded.payload, grant_id = excluded.grant_id,
        account_id = excluded.account_id, expires_at = excluded.expires_at,
        consumed_at = coalesce(artifacts.consumed_at, excluded.consumed_at)`,
    values: artifactColumns(artifacts),
  });
}

/** Column arrays for `unnest`, in the order of {@link ARTIFACT_COLUMNS}. */
export function artifactColumns(artifacts: readonly Artifact[]): unknown[] {
  return [
    artifacts.map((a) => a.digest),
    artifacts.map((a) => a.model),
    artifacts.map((a) => a.payload),
    artifacts.map((a) => a.grantId),
    artifacts.map((a) => a.clientId),
    artifacts.map((a) => a.accountId),
    artifacts.map((a) => a.userCodeDigest),
    artifacts.map((a) => a.createdAt),
    artifacts.map((a) => a.consumedAt),
    artifacts.map((a) => a.expiresAt),
  ];
}

/** Single use is decided here: true for exactly one caller, whatever process asks. */
export async function consumeArtifact(pool: Pool, digest: Buffer, now: Date): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'artifacts_consume',
    text: 'UPDATE artifacts SET consumed_at = $2 WHERE digest = $1 AND consumed_at IS NULL',
    values: [digest, now],
  });
  return rowCount === 1;
}

export async function deleteArtifact(pool: Pool, digest: Buffer): Promise<void> {
  await pool.query({
    name: 'artifacts_delete',
    text: 'DELETE FROM artifacts WHERE digest = $1',
    values: [digest],
  });
}

/** True for each value that was not seen before; an expired row that was not pruned yet does not count. */
export async function recordReplays(
  pool: Pool,
  values: readonly { digest: Buffer; expiresAt: Date }[],
  now: Date,
): Promise<boolean[]> {
  const { rows } = await pool.query<{ digest: Buffer }>({
    name: 'replays_record',
    text: `
      INSERT INTO replays (digest, expires_at)
      SELECT DISTINCT ON (digest) digest, expires_at FROM unnest($1::bytea[], $2::timestamptz[]) AS v(digest, expires_at)
      ORDER BY digest
      ON CONFLICT (digest) DO UPDATE SET expires_at = excluded.expires_at WHERE replays.expires_at <= $3
      RETURNING digest`,
    values: [values.map((v) => v.digest), values.map((v) => v.expiresAt), now],
  });
  const fresh = new Set(rows.map((row) => row.digest.toString('latin1')));
  // Twice in one batch: `delete` answers true for the first only.
  return values.map((value) => fresh.delete(value.digest.toString('latin1')));
}

/** The same of one value, within a transaction: if that fails, the value may come again. */
export async function recordReplayWithin(
  tx: Knex.Transaction,
  { digest, expiresAt }: { digest: Buffer; expiresAt: Date },
  now: Date,
): Promise<boolean> {
  const inserted: unknown[] = await tx('replays')
    .insert({ digest, expires_at: expiresAt })
    .onConflict('digest')
    .merge(['expires_at'])
    .where('replays.expires_at', '<=', now)
    .returning('digest');
  return inserted.length === 1;
}

/** Live grants only: a revoked one is as good as absent. */
export async function findGrants(pool: Pool, ids: readonly string[]): Promise<(Grant | undefined)[]> {
  const { rows } = await pool.query<{
    id: string;
    account_id: string;
    client_id: string;
    payload: Record<string, unknown>;
    expires_at: Date;
  }>({
    name: 'grants_find',
    text: `SELECT id, account_id, client_id, payload, expires_at FROM grants
           WHERE id = ANY($1::text[]) AND revoked_at IS NULL`,
    values: [ids],
  });
  const found = new Map(
    rows.map((row) => [
      row.id,
      {
        id: row.id,
        accountId: row.account_id,
        clientId: row.client_id,
        payload: row.payload,
        expiresAt: row.expires_at,
      },
    ]),
  );
  return ids.map((id) => found.get(id));
}

/**
 * A revoked grant stays revoked, whatever is saved over it; what others have added to it meanwhile stays as well. A new one of
 * a client that is not ours is saved only under the person's consent to all of it: whoever withdraws that waits for us and ends
 * the grant, or was first, and then there is none.
 */
export async function saveGrant(
  { pool, transaction }: Pick<Database, 'pool' | 'transaction'>,
  grant: Grant,
  now: Date,
): Promise<void> {
  const { scopes, claims, apiScopes } = allowanceOf(grant.payload);
  const { rowCount } = await pool.query({
    name: 'grants_insert',
    text: `
      WITH consented AS (
        SELECT 1 FROM consents
        WHERE account_id = $2 AND client_id = $3 AND scopes @> $7 AND claims @> $8 AND api_scopes @> $9 FOR SHARE
      )
      INSERT INTO grants (id, account_id, client_id, payload, created_at, expires_at)
      SELECT $1, $2, $3, $4, $5, $6 FROM clients
      WHERE clients.id = $3 AND (clients.first_party OR EXISTS (SELECT FROM consented))
      ON CONFLICT (id) DO NOTHING`,
    values: [
      grant.id,
      grant.accountId,
      grant.clientId,
      JSON.stringify(grant.payload),
      now,
      grant.expiresAt,
      scopes,
      claims,
      apiScopes,
    ],
  });
  if (rowCount === 1) return;
  await transaction(async (tx) => {
    const stored = await tx('grants')
      .first<{ payload: Record<string, unknown> } | undefined>('payload')
      .where({ id: grant.id })
      .whereNull('revoked_at')
      .forUpdate();
    if (!stored) return;
    const payload = JSON.stringify(mergePayloads(stored.payload, grant.payload));
    await tx('grants').where({ id: grant.id }).update({ payload, expires_at: grant.expiresAt });
  });
}

export interface RefreshAnswer {
  readonly sealed: Buffer;
  /** The refresh token that the answer carries was itself spent: the window is over. */
  readonly successorSpent: boolean;
}

export async function findRefreshAnswer(
  pool: Pool,
  digest: Buffer,
  now: Date,
): Promise<RefreshAnswer | undefined> {
  const { rows } = await pool.query<{ sealed: Buffer; successor_spent: boolean }>({
    name: 'refresh_answers_find',
    text: `
      SELECT r.sealed, (s.digest IS NULL OR s.consumed_at IS NOT NULL) AS successor_spent
      FROM refresh_answers r LEFT JOIN artifacts s ON s.digest = r.successor_digest
      WHERE r.digest = $1 AND r.expires_at > $2`,
    values: [digest, now],
  });
  return rows[0] && { sealed: rows[0].sealed, successorSpent: rows[0].successor_spent };
}

export function toArtifact(row: ArtifactRow): Artifact {
  return {
    digest: row.digest,
    model: row.model,
    payload: row.payload,
    grantId: row.grant_id,
    clientId: row.client_id,
    accountId: row.account_id,
    userCodeDigest: row.user_code_digest,
    createdAt: row.created_at,
    consumedAt: row.consumed_at,
    expiresAt: row.expires_at,
  };
}
