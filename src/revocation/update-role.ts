import { record, type Actor } from '../audit/record.ts';
import { lockApi } from '../resources/store.ts';
import { refuseTakenName } from '../roles/create-role.ts';
import { roleNotFound } from '../roles/not-found.ts';
import type { Role } from '../roles/role.ts';
import {
  checkDescription,
  checkRoleName,
  checkRoleScopes,
  refuseBeyond,
  refuseBuiltInRole,
} from '../roles/rules.ts';
import { findRole, lockRole, notifyRoles, saveRole } from '../roles/store.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';
import { nothingEnded } from './unassign-role.ts';

export interface RoleChanges {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  /** Replaces those it carries. */
  readonly scopes?: readonly string[] | undefined;
}

/**
 * Changes a role. Where its API enforces roles and it loses scopes, the tokens for the API of everybody who has it die; grants
 * and refresh tokens live on and give narrower ones. `allowedScopes` as in roles/create-role.ts: it bounds what the role carries
 * before and after. Throws `role_not_found` (404), `role_built_in` (409) and what `createRole` throws.
 */
export async function updateRole(
  ctx: RevocationContext,
  id: string,
  changes: RoleChanges,
  { actor, allowedScopes }: { actor: Actor; allowedScopes?: ReadonlySet<string> | undefined },
): Promise<{ role: Role; revoked: Revoked }> {
  return revoking(ctx, async (tx) => {
    const known = await findRole(tx, id);
    const api = known && (await lockApi(tx, known.apiId));
    const before = api && (await lockRole(tx, id));
    if (!before) throw roleNotFound();
    refuseBuiltInRole(before);
    const scopes =
      changes.scopes === undefined
        ? before.scopes
        : checkRoleScopes(
            changes.scopes,
            api.scopes.map(({ name }) => name),
          );
    refuseBeyond([...before.scopes, ...scopes], allowedScopes);
    const lost = before.scopes.filter((scope) => !scopes.includes(scope));
    const now = ctx.clock.now();
    const role: Role = {
      ...before,
      name: changes.name === undefined ? before.name : checkRoleName(changes.name),
      description:
        changes.description === undefined ? before.description : checkDescription(changes.description),
      scopes,
      narrowings: before.narrowings + (lost.length > 0 ? 1 : 0),
      updatedAt: now,
    };
    await saveRole(tx, role);
    await record(tx, {
      occurredAt: now,
      type: 'role.updated',
      actor,
      detail: {
        roleId: id,
        role: role.name,
        apiId: api.id,
        audience: api.audience,
        ...differing(before, role),
      },
    });
    await notifyRoles(tx);
    const narrows = api.enforcesRoles && lost.length > 0;
    const revoked = narrows
      ? await revokeWithin(tx, ctx, { role: id, apiId: api.id }, actor)
      : nothingEnded(ctx);
    return { role, revoked };
  }).catch(refuseTakenName);
}

function differing(before: Role, after: Role): Record<string, unknown> {
  return {
    ...(before.name === after.name ? {} : { formerly: before.name }),
    ...(before.description === after.description ? {} : { description: after.description }),
    ...(before.scopes.join(' ') === after.scopes.join(' ') ? {} : { scopes: after.scopes }),
  };
}
