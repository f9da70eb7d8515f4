import type { Queryable } from '../db/database.ts';
import { newId } from '../crypto/ids.ts';
import type { Role } from './role.ts';
import { findRoleByName, insertRole, notifyRoles, saveRole } from './store.ts';

/**
 * Makes a role that is a part of this server, or brings it up to date. `scopes` are scopes of the API. Whoever calls it holds the
 * API's row. An upgrade that takes scopes away from it ends no token: `revocation/` would.
 */
export async function ensureBuiltInRole(
  tx: Queryable,
  wanted: Pick<Role, 'apiId' | 'name' | 'description' | 'scopes'>,
  now: Date,
): Promise<Role> {
  const known = await findRoleByName(tx, wanted);
  const scopes = wanted.scopes.toSorted();
  if (!known) {
    const times = { createdAt: now, updatedAt: now };
    const role = { ...wanted, id: newId('rol'), scopes, builtIn: true, narrowings: 0, ...times };
    await insertRole(tx, role);
    return role;
  }
  const lost = known.scopes.some((scope) => !scopes.includes(scope));
  const isCurrent = known.description === wanted.description && known.scopes.join(' ') === scopes.join(' ');
  if (isCurrent) return known;
  const narrowings = known.narrowings + (lost ? 1 : 0);
  const role = { ...known, description: wanted.description, scopes, narrowings, updatedAt: now };
  await saveRole(tx, role);
  await notifyRoles(tx);
  return role;
}
