import type { Knex } from 'knex';

import { record, type Actor } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import { newId } from '../crypto/ids.ts';
import type { Database } from '../db/database.ts';
import { AppError } from '../errors.ts';
import { HELD_ROLES_MAX, insertAssignment, rolesOf } from './assignment-store.ts';
import { roleNotFound, subjectNotFound } from './not-found.ts';
import { subjectColumns, type Role, type RoleSource, type Subject } from './role.ts';
import { refuseBeyond } from './rules.ts';
import { findRole, lockRoleApi, lockSubject, notifyRoles, type RoleApi } from './store.ts';

export interface RoleGift {
  readonly roleId: string;
  readonly subject: Subject;
  /** `operator` unless said otherwise. */
  readonly source?: RoleSource | undefined;
  readonly actor: Actor;
  /** See `refuseBeyond` in rules.ts. */
  readonly allowedScopes?: ReadonlySet<string> | undefined;
}

/**
 * Gives a role; it counts from the next token on. False: they had it. Throws `role_not_found`, `account_not_found`,
 * `client_not_found` (404), `beyond_own_scopes` (403), `too_many_roles` (409).
 */
export async function assignRole(ctx: { db: Database; clock: Clock }, gift: RoleGift): Promise<boolean> {
  return ctx.db.transaction((tx) => assignRoleWithin(tx, ctx, gift));
}

/** The same, inside the transaction of whoever changes more. */
export async function assignRoleWithin(
  tx: Knex.Transaction,
  { clock }: { clock: Clock },
  { roleId, subject, source = 'operator', actor, allowedScopes }: RoleGift,
): Promise<boolean> {
  const { role, api } = await lockRoleOf(tx, roleId);
  refuseBeyond(role.scopes, allowedScopes);
  if (!(await lockSubject(tx, subject))) throw subjectNotFound(subject);
  if ((await rolesOf(tx, subject)).length >= HELD_ROLES_MAX) {
    throw new AppError('too_many_roles', `Nobody has more than ${HELD_ROLES_MAX} roles.`, { status: 409 });
  }
  const now = clock.now();
  const id = newId('ras');
  if (!(await insertAssignment(tx, { id, roleId, subject, source, givenAt: now, givenBy: actor })))
    return false;
  await record(tx, {
    occurredAt: now,
    type: 'role.given',
    actor,
    ...subjectColumns(subject),
    detail: detailOf(role, api, source),
  });
  await notifyRoles(tx, subject);
  return true;
}

/**
 * A role with its API, which is locked first and shared, as everywhere: nobody narrows the role before the transaction ends,
 * since that takes the API's lock alone. Throws `role_not_found` (404).
 */
export async function lockRoleOf(
  tx: Knex.Transaction,
  roleId: string,
): Promise<{ role: Role; api: RoleApi }> {
  const known = await findRole(tx, roleId);
  const api = known && (await lockRoleApi(tx, known.apiId));
  const role = api && (await findRole(tx, roleId));
  if (!role) throw roleNotFound();
  return { role, api };
}

/** For the events of giving and taking. */
export function detailOf(role: Role, api: RoleApi, source: RoleSource): Record<string, unknown> {
  return { roleId: role.id, role: role.name, apiId: api.id, audience: api.audience, source };
}
