import { record, type Actor } from '../audit/record.ts';
import { lockApi } from '../resources/store.ts';
import { roleNotFound } from '../roles/not-found.ts';
import { refuseBeyond, refuseBuiltInRole } from '../roles/rules.ts';
import { deleteRoleRow, findRole, lockRole, notifyRoles } from '../roles/store.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';
import { nothingEnded } from './unassign-role.ts';

/**
 * Takes a role from everybody who has it and forgets it. Where its API enforces roles, their tokens for it die. Throws
 * `role_not_found` (404), `role_built_in` (409), and `beyond_own_scopes` (403) as `updateRole`.
 */
export async function deleteRole(
  ctx: RevocationContext,
  id: string,
  { actor, allowedScopes }: { actor: Actor; allowedScopes?: ReadonlySet<string> | undefined },
): Promise<Revoked> {
  return revoking(ctx, async (tx) => {
    const known = await findRole(tx, id);
    const api = known && (await lockApi(tx, known.apiId));
    const role = api && (await lockRole(tx, id));
    if (!role) throw roleNotFound();
    refuseBuiltInRole(role);
    refuseBeyond(role.scopes, allowedScopes);
    const detail = { roleId: id, role: role.name, apiId: api.id, audience: api.audience };
    await record(tx, { occurredAt: ctx.clock.now(), type: 'role.deleted', actor, detail });
    await notifyRoles(tx);
    // Before the row goes: afterwards nobody can tell who had it.
    const revoked =
      api.enforcesRoles && role.scopes.length > 0
        ? await revokeWithin(tx, ctx, { role: id, apiId: api.id }, actor)
        : nothingEnded(ctx);
    await deleteRoleRow(tx, id);
    return revoked;
  });
}
