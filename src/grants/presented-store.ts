import type { Pool } from 'pg';

import type { Artifact } from './artifact.ts';
import type { Grant } from './grant.ts';
import { ARTIFACT_COLUMNS, STANDS, toArtifact, type ArtifactRow } from './store.ts';

/** With the grant it hangs on, as it is at the same instant: whoever presents one is asked for the other next. */
export interface FoundArtifact extends Artifact {
  readonly grant: Grant | undefined;
}

interface FoundRow extends ArtifactRow {
  found_grant: string | null;
  grant_account_id: string;
  grant_client_id: string;
  grant_payload: Record<string, unknown>;
  grant_expires_at: Date;
}

/** One statement for many look-ups; the answers stand in the order of the digests. */
export async function findArtifacts(
  pool: Pool,
  digests: readonly Buffer[],
): Promise<(FoundArtifact | undefined)[]> {
  const { rows } = await pool.query<FoundRow>({
    name: 'artifacts_find',
    text: `
      SELECT ${ARTIFACT_COLUMNS.split(', ')
        .map((column) => `a.${column}`)
        .join(', ')},
        g.id AS found_grant, g.account_id AS grant_account_id, g.client_id AS grant_client_id,
        g.payload AS grant_payload, g.expires_at AS grant_expires_at
      FROM artifacts a LEFT JOIN grants g ON g.id = a.grant_id AND g.revoked_at IS NULL
      WHERE a.digest = ANY($1::bytea[]) AND (a.grant_id IS NULL OR g.id IS NOT NULL)`,
    values: [digests],
  });
  const found = new Map(
    rows.map((row) => [row.digest.toString('latin1'), { ...toArtifact(row), grant: grantIn(row) }]),
  );
  return digests.map((digest) => found.get(digest.toString('latin1')));
}

function grantIn(row: FoundRow): Grant | undefined {
  if (row.found_grant === null) return undefined;
  return {
    id: row.found_grant,
    accountId: row.grant_account_id,
    clientId: row.grant_client_id,
    payload: row.grant_payload,
    expiresAt: row.grant_expires_at,
  };
}

export interface PresentedArtifact extends Artifact {
  /** False: the grant it hangs on has ended, and it with it. */
  readonly stands: boolean;
  /** When its grant was revoked; null also when the grant is forgotten. */
  readonly grantRevokedAt: Date | null;
}

/** For explaining: dead ones too, as long as their rows are there. At most one row, since models do not share digests. */
export async function findPresentedArtifact(
  pool: Pool,
  digests: readonly Buffer[],
): Promise<PresentedArtifact | undefined> {
  const { rows } = await pool.query<ArtifactRow & { stands: boolean; grant_revoked_at: Date | null }>({
    name: 'artifacts_find_presented',
    text: `
      SELECT ${ARTIFACT_COLUMNS}, ${STANDS} AS stands,
        (SELECT g.revoked_at FROM grants g WHERE g.id = artifacts.grant_id) AS grant_revoked_at
      FROM artifacts WHERE digest = ANY($1::bytea[]) LIMIT 1`,
    values: [digests],
  });
  const [row] = rows;
  return row && { ...toArtifact(row), stands: row.stands, grantRevokedAt: row.grant_revoked_at };
}
