import type { Queryable } from '../db/database.ts';
import { notify } from '../db/listen.ts';
import { isStorable } from '../db/text.ts';
import { ROLES_CHANNEL, subjectKey, type Role, type Subject } from './role.ts';

interface Row {
  id: string;
  api_id: string;
  name: string;
  description: string;
  scopes: string[];
  built_in: boolean;
  narrowings: number;
  created_at: Date;
  updated_at: Date;
}

const COLUMNS: (keyof Row)[] = [
  'id',
  'api_id',
  'name',
  'description',
  'scopes',
  'built_in',
  'narrowings',
  'created_at',
  'updated_at',
];

export async function findRole(db: Queryable, id: string): Promise<Role | undefined> {
  if (!isStorable(id)) return undefined;
  const row = await db<Row>('roles').first(COLUMNS).where({ id });
  return row && toRole(row);
}

export async function findRoleByName(
  db: Queryable,
  { apiId, name }: Pick<Role, 'apiId' | 'name'>,
): Promise<Role | undefined> {
  if (!isStorable(name)) return undefined;
  const row = await db<Row>('roles').first(COLUMNS).where({ api_id: apiId, name });
  return row && toRole(row);
}

/** Of one API by name, or of all of them by id; `after` is the id that ended the previous page. */
export async function listRoles(
  db: Queryable,
  page: { apiId?: string | undefined; after?: string | undefined; limit: number },
): Promise<Role[]> {
  const rows = db<Row>('roles').select(COLUMNS).limit(page.limit);
  if (page.after !== undefined) rows.where('id', '>', page.after);
  if (page.apiId === undefined) return (await rows.orderBy('id')).map(toRole);
  return (await rows.where({ api_id: page.apiId }).orderBy('id')).map(toRole);
}

/** Takes the row's lock, so that two changes of one role are made one after the other. */
export async function lockRole(tx: Queryable, id: string): Promise<Role | undefined> {
  if (!isStorable(id)) return undefined;
  const row = await tx<Row>('roles').first(COLUMNS).where({ id }).forUpdate();
  return row && toRole(row);
}

export async function countRoles(db: Queryable, apiId: string): Promise<number> {
  const row = await db('roles')
    .where({ api_id: apiId })
    .count<{ count: string | number }[]>('* as count')
    .first();
  return Number(row?.count ?? 0);
}

export async function insertRole(tx: Queryable, role: Role): Promise<void> {
  await tx('roles').insert({
    id: role.id,
    api_id: role.apiId,
    name: role.name,
    description: role.description,
    scopes: [...role.scopes],
    built_in: role.builtIn,
    narrowings: role.narrowings,
    created_at: role.createdAt,
    updated_at: role.updatedAt,
  });
}

export async function saveRole(
  tx: Queryable,
  role: Pick<Role, 'id' | 'name' | 'description' | 'scopes' | 'narrowings' | 'updatedAt'>,
): Promise<void> {
  await tx('roles')
    .where({ id: role.id })
    .update({
      name: role.name,
      description: role.description,
      scopes: [...role.scopes],
      narrowings: role.narrowings,
      updated_at: role.updatedAt,
    });
}

/** Whoever has it has it no more (ON DELETE CASCADE). */
export async function deleteRoleRow(tx: Queryable, id: string): Promise<void> {
  await tx('roles').where({ id }).delete();
}

/** Takes scopes that an API no longer has away from its roles. */
export async function stripRoleScopes(
  tx: Queryable,
  apiId: string,
  scopes: readonly string[],
): Promise<void> {
  await tx.raw(
    `update roles set scopes = array(select unnest(scopes) except select unnest(?::text[]) order by 1),
       narrowings = narrowings + 1
     where api_id = ? and scopes && ?::text[]`,
    [[...scopes], apiId, [...scopes]],
  );
}

/** An API as far as its roles need it. */
export interface RoleApi {
  readonly id: string;
  readonly audience: string;
  readonly enforcesRoles: boolean;
  readonly scopes: readonly string[];
}

/** Share-locked until the transaction ends, so that neither a scope nor the API goes away, and it does not begin to enforce. */
export async function lockRoleApi(tx: Queryable, id: string): Promise<RoleApi | undefined> {
  const { rows } = await tx.raw<{
    rows: { id: string; audience: string; enforces_roles: boolean; scopes: string[] }[];
  }>(
    `select a.id, a.audience, a.enforces_roles,
       array(select s.name from api_scopes s where s.api_id = a.id order by s.name) as scopes
     from apis a where a.id = ? for share of a`,
    [id],
  );
  const [row] = rows;
  return row && { id: row.id, audience: row.audience, enforcesRoles: row.enforces_roles, scopes: row.scopes };
}

/** Takes the lock of whoever it is, so that two changes of their roles are made one after the other. False: nobody. */
export async function lockSubject(tx: Queryable, subject: Subject): Promise<boolean> {
  const [table, id] =
    'accountId' in subject ? ['accounts', subject.accountId] : ['clients', subject.clientId];
  if (!isStorable(id)) return false;
  return (await tx(table).where({ id }).forUpdate().first('id')) !== undefined;
}

/** Tells every process that what it knows of these roles is stale, once this transaction commits. undefined: of everybody's. */
export async function notifyRoles(tx: Queryable, subject?: Subject): Promise<void> {
  await notify(tx, ROLES_CHANNEL, subject === undefined ? '' : subjectKey(subject));
}

function toRole(row: Row): Role {
  return {
    id: row.id,
    apiId: row.api_id,
    name: row.name,
    description: row.description,
    scopes: row.scopes,
    builtIn: row.built_in,
    narrowings: row.narrowings,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
