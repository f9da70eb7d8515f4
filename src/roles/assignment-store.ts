import type { Pool } from 'pg';

import type { Queryable } from '../db/database.ts';
import { isStorable } from '../db/text.ts';
import type { HeldRole, RoleAssignment, RoleSource, Subject } from './role.ts';

interface Row {
  id: string;
  role_id: string;
  account_id: string | null;
  client_id: string | null;
  source: RoleSource;
  given_at: Date;
  given_by: string;
}

const COLUMNS: (keyof Row)[] = ['id', 'role_id', 'account_id', 'client_id', 'source', 'given_at', 'given_by'];

/** More than anybody can keep apart; each is read at a sign-in to an API that enforces roles. */
export const HELD_ROLES_MAX = 500;

/** False: they had it from this source before. */
export async function insertAssignment(tx: Queryable, assignment: RoleAssignment): Promise<boolean> {
  const { subject } = assignment;
  const rows = await tx('role_assignments')
    .insert({
      id: assignment.id,
      role_id: assignment.roleId,
      account_id: 'accountId' in subject ? subject.accountId : null,
      client_id: 'clientId' in subject ? subject.clientId : null,
      source: assignment.source,
      given_at: assignment.givenAt,
      given_by: assignment.givenBy,
    })
    .onConflict()
    .ignore()
    .returning<{ id: string }[]>('id');
  return rows.length > 0;
}

/** The ids of what was taken; none: they did not have it from this source. */
export async function deleteAssignments(
  tx: Queryable,
  { roleIds, subject, source }: { roleIds: readonly string[]; subject: Subject; source: RoleSource },
): Promise<string[]> {
  const rows = await tx('role_assignments')
    .whereIn('role_id', [...roleIds])
    .where({ ...columnOf(subject), source })
    .delete()
    .returning<{ role_id: string }[]>('role_id');
  return rows.map((row) => row.role_id);
}

/** The roles that a source has given to anybody. */
export async function listGivenBy(
  db: Queryable,
  source: RoleSource,
): Promise<{ readonly roleId: string; readonly apiId: string; readonly enforcesRoles: boolean }[]> {
  const rows = await db('roles as r')
    .join('apis as a', 'a.id', 'r.api_id')
    .select<{ id: string; api_id: string; enforces_roles: boolean }[]>('r.id', 'r.api_id', 'a.enforces_roles')
    .whereIn('r.id', db('role_assignments').distinct('role_id').where({ source }))
    .orderBy('r.id')
    .limit(HELD_ROLES_MAX);
  return rows.map((row) => ({ roleId: row.id, apiId: row.api_id, enforcesRoles: row.enforces_roles }));
}

/** Whatever a source has given. How many there were. */
export async function deleteAssignmentsOf(tx: Queryable, source: RoleSource): Promise<number> {
  return tx('role_assignments').where({ source }).delete();
}

/** Who has a role, page by page; `after` is the id that ended the previous page. */
export async function listAssignments(
  db: Queryable,
  { roleId, after, limit }: { roleId: string; after?: string | undefined; limit: number },
): Promise<RoleAssignment[]> {
  const rows = db<Row>('role_assignments')
    .select(COLUMNS)
    .where('role_id', roleId)
    .orderBy('id')
    .limit(limit);
  if (after !== undefined) rows.where('id', '>', after);
  return (await rows).map(toAssignment);
}

/** How many people and clients have a role. */
export async function countAssignments(db: Queryable, roleId: string): Promise<number> {
  const row = await db('role_assignments')
    .where({ role_id: roleId })
    .countDistinct<{ count: string | number }[]>({ count: db.raw('coalesce(account_id, client_id)') })
    .first();
  return Number(row?.count ?? 0);
}

export interface GivenRole extends RoleAssignment {
  readonly apiId: string;
  readonly audience: string;
  readonly name: string;
  readonly scopes: readonly string[];
}

/** What somebody has, by audience and name, with whose word it is; {@link HELD_ROLES_MAX} at most. */
export async function rolesOf(db: Queryable, subject: Subject): Promise<GivenRole[]> {
  if (!isStorable(idOf(subject))) return [];
  const rows = await db('role_assignments as ra')
    .join('roles as r', 'r.id', 'ra.role_id')
    .join('apis as a', 'a.id', 'r.api_id')
    .select<(Row & { api_id: string; audience: string; name: string; scopes: string[] })[]>(
      ...COLUMNS.map((column) => `ra.${column}`),
      'r.api_id',
      'a.audience',
      'r.name',
      'r.scopes',
    )
    .where(columnOf(subject, 'ra.'))
    .orderBy(['a.audience', 'r.name', 'ra.source'])
    .limit(HELD_ROLES_MAX);
  return rows.map((row) => {
    const { api_id: apiId, audience, name, scopes } = row;
    return Object.assign(toAssignment(row), { apiId, audience, name, scopes });
  });
}

/** The scopes of one API that somebody's roles carry. */
export async function scopesOf(db: Queryable, subject: Subject, apiId: string): Promise<Set<string>> {
  if (!isStorable(idOf(subject))) return new Set();
  const rows = await db('role_assignments as ra')
    .join('roles as r', 'r.id', 'ra.role_id')
    .select<{ scopes: string[] }[]>('r.scopes')
    .where({ ...columnOf(subject, 'ra.'), 'r.api_id': apiId })
    .limit(HELD_ROLES_MAX);
  return new Set(rows.flatMap(({ scopes }) => scopes));
}

/** For issuing tokens: what each of them has. One statement for many. */
export async function findHeldRoles(pool: Pool, subjects: readonly Subject[]): Promise<HeldRole[][]> {
  const { rows } = await pool.query<{
    owner: string;
    id: string;
    role_id: string;
    api_id: string;
    name: string;
    scopes: string[];
    narrowings: number;
  }>({
    name: 'roles_held',
    text: `
      SELECT coalesce(ra.account_id, ra.client_id) AS owner, ra.id, ra.role_id, r.api_id, r.name, r.scopes, r.narrowings
      FROM (SELECT * FROM role_assignments WHERE account_id = ANY($1::text[])
        UNION ALL SELECT * FROM role_assignments WHERE client_id = ANY($2::text[])) ra
      JOIN roles r ON r.id = ra.role_id ORDER BY r.name, ra.id`,
    values: [
      subjects.flatMap((subject) => ('accountId' in subject ? subject.accountId : [])),
      subjects.flatMap((subject) => ('clientId' in subject ? subject.clientId : [])),
    ],
  });
  const held = new Map<string, HeldRole[]>();
  for (const row of rows) {
    const role = {
      assignmentId: row.id,
      roleId: row.role_id,
      apiId: row.api_id,
      name: row.name,
      scopes: row.scopes,
      narrowings: row.narrowings,
    };
    const roles = held.get(row.owner) ?? [];
    // From a second source: the same role.
    if (!roles.some(({ roleId }) => roleId === role.roleId)) held.set(row.owner, [...roles, role]);
  }
  return subjects.map((subject) => held.get(idOf(subject)) ?? []);
}

/**
 * In SQL, whether the roles that a token was made by still stand: `column` holds a line for each, its assignment's id and how
 * often the role had lost scopes by then; null where its API does not enforce roles.
 */
export function standingIn(column: string): string {
  return `(${column} IS NULL OR NOT EXISTS (
    SELECT FROM unnest(string_to_array(${column}, E'\\n')) AS line WHERE NOT EXISTS (
      SELECT FROM role_assignments ra JOIN roles r ON r.id = ra.role_id
      WHERE ra.id = split_part(line, ' ', 1) AND r.narrowings = split_part(line, ' ', 2)::int)))`;
}

/** The same for one token, with whether its API still enforces roles as it did. True also where the API is gone. */
export async function areStanding(
  pool: Pool,
  { apiId, standing }: { apiId: string; standing: string | null },
): Promise<boolean> {
  const { rows } = await pool.query<{ stand: boolean }>({
    name: 'roles_standing',
    text: `SELECT a.enforces_roles = ($2::text IS NOT NULL) AND ${standingIn('$2::text')} AS stand FROM apis a WHERE a.id = $1`,
    values: [apiId, standing],
  });
  return rows[0]?.stand ?? true;
}

/** Accounts and clients share one space of ids. */
function idOf(subject: Subject): string {
  return 'accountId' in subject ? subject.accountId : subject.clientId;
}

function columnOf(subject: Subject, prefix = ''): Record<string, string> {
  return 'accountId' in subject
    ? { [`${prefix}account_id`]: subject.accountId }
    : { [`${prefix}client_id`]: subject.clientId };
}

function toAssignment(row: Row): RoleAssignment {
  return {
    id: row.id,
    roleId: row.role_id,
    subject: row.account_id === null ? { clientId: row.client_id ?? '' } : { accountId: row.account_id },
    source: row.source,
    givenAt: row.given_at,
    givenBy: row.given_by,
  };
}
