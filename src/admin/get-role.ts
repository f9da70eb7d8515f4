import { roleToJson } from '../documents/role.ts';
import { findApi } from '../resources/store.ts';
import { roleNotFound } from '../roles/not-found.ts';
import type { Role } from '../roles/role.ts';
import { findRole } from '../roles/store.ts';
import { ADMIN_API_ID } from '../resources/built-in.ts';
import type { AdminContext } from './context.ts';
import type { Operator } from './operation.ts';

export async function getRole({ db }: Pick<AdminContext, 'db'>, id: string): Promise<Role> {
  const role = await findRole(db.knex, id);
  if (!role) throw roleNotFound();
  return role;
}

export async function presentRole({ db }: Pick<AdminContext, 'db'>, role: Role) {
  return roleToJson(role, (await findApi(db.knex, role.apiId))?.audience ?? null);
}

/** What bounds a role that the operator makes, gives or takes: of this API, what they have themselves; of others, nothing. */
export function allowedScopesOf(
  { scopes }: Operator,
  { apiId }: Pick<Role, 'apiId'>,
): ReadonlySet<string> | undefined {
  return apiId === ADMIN_API_ID ? scopes : undefined;
}
