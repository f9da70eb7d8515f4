import type { Queryable } from '../db/database.ts';

/** A group at an identity provider, and a role that whoever is in it has here. */
export interface GroupRole {
  readonly providerId: string;
  readonly group: string;
  readonly roleId: string;
}

export interface NamedGroupRole extends GroupRole {
  readonly role: string;
  readonly audience: string;
}

/** A provider has a handful; all of them are read at each sign-in. */
export const GROUP_ROLES_MAX = 1000;

/** By group, audience and name. */
export async function listGroupRoles(db: Queryable, providerId: string): Promise<NamedGroupRole[]> {
  const rows = await db('identity_provider_roles as g')
    .join('roles as r', 'r.id', 'g.role_id')
    .join('apis as a', 'a.id', 'r.api_id')
    .select<{ group_value: string; role_id: string; name: string; audience: string }[]>(
      'g.group_value',
      'g.role_id',
      'r.name',
      'a.audience',
    )
    .where('g.provider_id', providerId)
    .orderBy(['g.group_value', 'a.audience', 'r.name'])
    .limit(GROUP_ROLES_MAX);
  return rows.map((row) => ({
    providerId,
    group: row.group_value,
    roleId: row.role_id,
    role: row.name,
    audience: row.audience,
  }));
}

/** False: it was so before. */
export async function insertGroupRole(
  tx: Queryable,
  { providerId, group, roleId }: GroupRole,
): Promise<boolean> {
  const rows = await tx('identity_provider_roles')
    .insert({ provider_id: providerId, group_value: group, role_id: roleId })
    .onConflict()
    .ignore()
    .returning<{ role_id: string }[]>('role_id');
  return rows.length > 0;
}

/** False: it was not so. */
export async function deleteGroupRole(
  tx: Queryable,
  { providerId, group, roleId }: GroupRole,
): Promise<boolean> {
  const row = { provider_id: providerId, group_value: group, role_id: roleId };
  return (await tx('identity_provider_roles').where(row).delete()) > 0;
}

export async function countGroupRoles(tx: Queryable, providerId: string): Promise<number> {
  const row = await tx('identity_provider_roles')
    .where({ provider_id: providerId })
    .count<{ count: string | number }[]>('* as count')
    .first();
  return Number(row?.count ?? 0);
}
