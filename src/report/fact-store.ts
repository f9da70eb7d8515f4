import type { Queryable } from '../db/database.ts';
import type { Administrator, LogFacts, PeopleFacts } from './facts.ts';

interface PeopleRow {
  total: number;
  password_only: number;
  dormant: number;
  imported: number;
}

/** Counts over all accounts. `dormantSince`: who has not signed in after it, and was not made after it either. */
export async function countPeople(
  db: Queryable,
  dormantSince: Date,
): Promise<Omit<PeopleFacts, 'administrators'>> {
  const { rows } = await db.raw<{ rows: PeopleRow[] }>(
    `SELECT count(*)::int AS total,
       count(*) FILTER (WHERE password_hash IS NOT NULL
         AND NOT EXISTS (SELECT FROM passkeys p WHERE p.account_id = a.id)
         AND NOT EXISTS (SELECT FROM totps t WHERE t.account_id = a.id AND t.confirmed_at IS NOT NULL))::int AS password_only,
       count(*) FILTER (WHERE coalesce(signed_in_at, created_at) < ?)::int AS dormant,
       count(*) FILTER (WHERE password_hash IS NOT NULL AND password_hash NOT LIKE '$argon2id$%')::int AS imported
     FROM accounts a WHERE disabled_at IS NULL`,
    [dormantSince],
  );
  const [row] = rows;
  return {
    total: row?.total ?? 0,
    passwordOnly: row?.password_only ?? 0,
    dormant: row?.dormant ?? 0,
    importedHashes: row?.imported ?? 0,
  };
}

/** More than this, and the report says so by its number of owners. */
const ADMINISTRATORS_MAX = 1000;

/** People with a role at the API, by id. */
export async function listAdministrators(db: Queryable, apiId: string): Promise<Administrator[]> {
  const { rows } = await db.raw<{
    rows: {
      id: string;
      name: string;
      roles: string[];
      has_second_factor: boolean;
      signed_in_at: Date | null;
    }[];
  }>(
    `SELECT a.id, coalesce(a.email, a.username, a.id) AS name, array_agg(DISTINCT r.name ORDER BY r.name) AS roles, a.signed_in_at,
       EXISTS (SELECT FROM passkeys p WHERE p.account_id = a.id)
         OR EXISTS (SELECT FROM totps t WHERE t.account_id = a.id AND t.confirmed_at IS NOT NULL) AS has_second_factor
     FROM role_assignments ra
     JOIN roles r ON r.id = ra.role_id AND r.api_id = ?
     JOIN accounts a ON a.id = ra.account_id AND a.disabled_at IS NULL
     GROUP BY a.id ORDER BY a.id LIMIT ?`,
    [apiId, ADMINISTRATORS_MAX],
  );
  return rows.map((row) => ({
    accountId: row.id,
    name: row.name,
    roles: row.roles,
    hasSecondFactor: row.has_second_factor,
    signedInAt: row.signed_in_at,
  }));
}

/** How many clients may ask for tokens of each API, by the API's id. */
export async function countClientsByApi(db: Queryable): Promise<ReadonlyMap<string, number>> {
  const { rows } = await db.raw<{ rows: { api_id: string; clients: number }[] }>(
    'SELECT api_id, count(*)::int AS clients FROM client_apis GROUP BY api_id',
  );
  return new Map(rows.map((row) => [row.api_id, row.clients]));
}

/** How long the audit log is, when it was last signed for, and who is sent all of it. */
export async function describeLog(db: Queryable): Promise<LogFacts> {
  const { rows } = await db.raw<{ rows: { events: string | null; jws: string | null; sinks: number }[] }>(
    `SELECT (SELECT max(seq) FROM audit_chain) AS events,
       (SELECT jws FROM audit_checkpoints ORDER BY number DESC LIMIT 1) AS jws,
       (SELECT count(*)::int FROM webhooks WHERE disabled_at IS NULL AND min_risk = 0 AND types = '{}') AS sinks`,
  );
  const [row] = rows;
  return {
    events: Number(row?.events ?? 0),
    checkpointAt: row?.jws == null ? null : timeOf(row.jws),
    sinks: row?.sinks ?? 0,
  };
}

/** Whether its signature is right, `guichet audit verify` says. */
function timeOf(jws: string): Date {
  const payload: unknown = JSON.parse(Buffer.from(jws.split('.')[1] ?? '', 'base64url').toString());
  const at = typeof payload === 'object' && payload !== null && 'at' in payload ? Number(payload.at) : 0;
  return new Date(at * 1000);
}
