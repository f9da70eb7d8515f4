import type { Pool } from 'pg';

import type { Queryable } from '../db/database.ts';
import type { Consent } from './consent.ts';

interface Row {
  account_id: string;
  client_id: string;
  scopes: string[];
  claims: string[];
  api_scopes: string[];
  registration: Buffer;
  granted_at: Date;
  updated_at: Date;
}

const COLUMNS = 'account_id, client_id, scopes, claims, api_scopes, registration, granted_at, updated_at';

export async function findConsent(
  pool: Pool,
  { accountId, clientId }: { accountId: string; clientId: string },
): Promise<Consent | undefined> {
  const { rows } = await pool.query<Row>({
    name: 'consents_find',
    text: `SELECT ${COLUMNS} FROM consents WHERE account_id = $1 AND client_id = $2`,
    values: [accountId, clientId],
  });
  return rows[0] && toConsent(rows[0]);
}

/** A person has tens of them. */
const CONSENTS_MAX = 500;

/** The one given last comes first. */
export async function listConsents(db: Queryable, accountId: string): Promise<Consent[]> {
  const rows = await db('consents')
    .select<Row[]>(COLUMNS.split(', '))
    .where({ account_id: accountId })
    .orderBy([{ column: 'updated_at', order: 'desc' }, { column: 'client_id' }])
    .limit(CONSENTS_MAX);
  return rows.map(toConsent);
}

/**
 * Adds to what the person allowed; where the client is no longer what it was, this takes the place of it. Of two tabs that
 * allow different things at once neither loses. Nothing is saved of a person or client that is gone.
 */
export async function saveConsent(
  tx: Queryable,
  consent: Omit<Consent, 'grantedAt' | 'updatedAt'>,
  now: Date,
): Promise<void> {
  await tx.raw(
    `INSERT INTO consents AS c (${COLUMNS})
      SELECT a.id, k.id, ?::text[], ?::text[], ?::text[], ?::bytea, ?::timestamptz, ?::timestamptz
      FROM accounts a, clients k WHERE a.id = ? AND k.id = ? FOR KEY SHARE
      ON CONFLICT (account_id, client_id) DO UPDATE SET
        scopes = ${union('scopes')}, claims = ${union('claims')}, api_scopes = ${union('api_scopes')},
        granted_at = CASE WHEN c.registration = excluded.registration THEN c.granted_at ELSE excluded.granted_at END,
        registration = excluded.registration,
        updated_at = excluded.updated_at`,
    [
      [...consent.scopes],
      [...consent.claims],
      [...consent.apiScopes],
      consent.registration,
      now,
      now,
      consent.accountId,
      consent.clientId,
    ],
  );
}

/** Whether there was one. Waits for whoever makes a grant under it (grants/store.ts), so that what ends grants then sees that one too. */
export async function deleteConsent(
  tx: Queryable,
  { accountId, clientId }: { accountId: string; clientId: string },
): Promise<boolean> {
  const deleted = await tx('consents').where({ account_id: accountId, client_id: clientId }).delete();
  return deleted > 0;
}

/** Scopes of an API that are no more: under the same name they would be something that nobody was asked about. */
export async function deleteConsentedScopes(
  tx: Queryable,
  { audience, scopes }: { audience: string; scopes: readonly string[] },
): Promise<void> {
  const gone = scopes.map((scope) => `${audience} ${scope}`);
  await tx.raw(
    `UPDATE consents SET api_scopes = ARRAY(SELECT unnest(api_scopes) EXCEPT SELECT unnest(?::text[]) ORDER BY 1)
     WHERE api_scopes && ?::text[]`,
    [gone, gone],
  );
}

function toConsent(row: Row): Consent {
  return {
    accountId: row.account_id,
    clientId: row.client_id,
    scopes: row.scopes,
    claims: row.claims,
    apiScopes: row.api_scopes,
    registration: row.registration,
    grantedAt: row.granted_at,
    updatedAt: row.updated_at,
  };
}

/** Both, for one registration of the client; of another, only what was allowed now. */
function union(column: string): string {
  return `
    CASE WHEN c.registration = excluded.registration
      THEN ARRAY(SELECT DISTINCT unnest(c.${column} || excluded.${column}) ORDER BY 1) ELSE excluded.${column} END`;
}
