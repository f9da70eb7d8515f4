import type { Knex } from 'knex';

import { record, type Actor } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import { isStorable } from '../db/text.ts';
import { AppError } from '../errors.ts';
import { lockRoleOf } from './assign-role.ts';
import {
  countGroupRoles,
  deleteGroupRole,
  GROUP_ROLES_MAX,
  insertGroupRole,
  type GroupRole,
} from './group-store.ts';
import { refuseBeyond } from './rules.ts';

/** A distinguished name (RFC 4514) of a deep directory. */
export const GROUP_LENGTH_MAX = 500;

export interface GroupMapping extends GroupRole {
  readonly actor: Actor;
  /** See `refuseBeyond` in rules.ts. */
  readonly allowedScopes?: ReadonlySet<string> | undefined;
}

/**
 * From their next sign-in on, whoever is in a group at an identity provider has the role. False: it was so before. Throws
 * `invalid_group` (400), `beyond_own_scopes` (403), `role_not_found`, `identity_provider_not_found` (404),
 * `too_many_groups` (409).
 */
export async function mapGroup(
  ctx: { db: Database; clock: Clock },
  { actor, allowedScopes, ...mapping }: GroupMapping,
): Promise<boolean> {
  checkGroup(mapping.group);
  return ctx.db.transaction(async (tx) => {
    const { role } = await lockRoleOf(tx, mapping.roleId);
    refuseBeyond(role.scopes, allowedScopes);
    if ((await lockProvider(tx, mapping.providerId)) === undefined) throw providerNotFound();
    if ((await countGroupRoles(tx, mapping.providerId)) >= GROUP_ROLES_MAX) {
      const rule = `An identity provider maps at most ${GROUP_ROLES_MAX} groups.`;
      throw new AppError('too_many_groups', rule, { status: 409 });
    }
    if (!(await insertGroupRole(tx, mapping))) return false;
    await recordMapping(
      tx,
      'identity-provider.group-mapped',
      { ...mapping, role: role.name },
      ctx.clock.now(),
      actor,
    );
    return true;
  });
}

/** Whoever has the role by it keeps it until they sign in again. False: it was not so. Throws `role_not_found` (404). */
export async function unmapGroup(
  ctx: { db: Database; clock: Clock },
  { actor, ...mapping }: GroupRole & { readonly actor: Actor },
): Promise<boolean> {
  return ctx.db.transaction(async (tx) => {
    const { role } = await lockRoleOf(tx, mapping.roleId);
    if (!isStorable(mapping.group) || !(await deleteGroupRole(tx, mapping))) return false;
    const named = { ...mapping, role: role.name };
    await recordMapping(tx, 'identity-provider.group-unmapped', named, ctx.clock.now(), actor);
    return true;
  });
}

/** Throws `invalid_group` (400). */
export function checkGroup(group: string): void {
  if (group.trim() !== '' && group.length <= GROUP_LENGTH_MAX && isStorable(group)) return;
  throw new AppError('invalid_group', `A group is 1 to ${GROUP_LENGTH_MAX} characters.`, { status: 400 });
}

async function lockProvider(tx: Knex.Transaction, id: string): Promise<unknown> {
  return tx('identity_providers').where({ id }).forUpdate().first('id');
}

async function recordMapping(
  tx: Knex.Transaction,
  type: string,
  { providerId, group, roleId, role }: GroupRole & { readonly role: string },
  now: Date,
  actor: Actor,
): Promise<void> {
  await record(tx, { occurredAt: now, type, actor, detail: { providerId, group, roleId, role } });
}

function providerNotFound(): AppError {
  return new AppError('identity_provider_not_found', 'There is no such identity provider.', { status: 404 });
}
