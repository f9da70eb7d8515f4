import type { Knex } from 'knex';

import { record, type Actor } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import { newId } from '../crypto/ids.ts';
import type { Database } from '../db/database.ts';
import { violatedConstraint } from '../db/violation.ts';
import { AppError } from '../errors.ts';
import type { Role } from './role.ts';
import {
  checkDescription,
  checkRoleName,
  checkRoleScopes,
  refuseBeyond,
  ROLES_PER_API_MAX,
} from './rules.ts';
import { countRoles, insertRole, lockRoleApi } from './store.ts';

export interface NewRole {
  readonly apiId: string;
  readonly name: string;
  readonly description?: string | undefined;
  readonly scopes: readonly string[];
  readonly actor: Actor;
  /** See `refuseBeyond` in rules.ts. */
  readonly allowedScopes?: ReadonlySet<string> | undefined;
}

/**
 * Throws `invalid_role_name`, `invalid_role_description`, `invalid_scope` (400), `beyond_own_scopes` (403), `api_not_found`
 * (404), `role_name_taken`, `too_many_roles` (409).
 */
export async function createRole(ctx: { db: Database; clock: Clock }, input: NewRole): Promise<Role> {
  return ctx.db.transaction((tx) => createRoleWithin(tx, ctx, input)).catch(refuseTakenName);
}

/** The same, inside the transaction of whoever makes more; `refuseTakenName` goes around that one. */
export async function createRoleWithin(
  tx: Knex.Transaction,
  { clock }: { clock: Clock },
  input: NewRole,
): Promise<Role> {
  const now = clock.now();
  const api = await lockRoleApi(tx, input.apiId);
  if (!api) throw new AppError('api_not_found', 'There is no such API.', { status: 404 });
  const role: Role = {
    id: newId('rol'),
    apiId: api.id,
    name: checkRoleName(input.name),
    description: checkDescription(input.description ?? ''),
    scopes: checkRoleScopes(input.scopes, api.scopes),
    builtIn: false,
    narrowings: 0,
    createdAt: now,
    updatedAt: now,
  };
  refuseBeyond(role.scopes, input.allowedScopes);
  if ((await countRoles(tx, api.id)) >= ROLES_PER_API_MAX) {
    throw new AppError('too_many_roles', `An API has at most ${ROLES_PER_API_MAX} roles.`, { status: 409 });
  }
  await insertRole(tx, role);
  const detail = {
    roleId: role.id,
    role: role.name,
    apiId: api.id,
    audience: api.audience,
    scopes: role.scopes,
  };
  await record(tx, { occurredAt: now, type: 'role.created', actor: input.actor, detail });
  return role;
}

export function refuseTakenName(error: unknown): never {
  if (violatedConstraint(error) !== 'roles_api_id_name_key') throw error;
  throw new AppError('role_name_taken', 'Another role of this API has this name.', {
    status: 409,
    cause: error,
  });
}
