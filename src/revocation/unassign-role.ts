import type { Knex } from 'knex';

import { record, type Actor } from '../audit/record.ts';
import { detailOf, lockRoleOf } from '../roles/assign-role.ts';
import { deleteAssignments, scopesOf } from '../roles/assignment-store.ts';
import { subjectNotFound } from '../roles/not-found.ts';
import { subjectColumns, type RoleSource, type Subject } from '../roles/role.ts';
import { lockSubject, notifyRoles } from '../roles/store.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';
import type { RevokeTarget } from './token.ts';

export interface RoleLoss {
  readonly roleId: string;
  readonly subject: Subject;
  /** `operator` unless said otherwise. What another source gave stays. */
  readonly source?: RoleSource | undefined;
  readonly actor: Actor;
}

/**
 * Takes a role from somebody. Where its API enforces roles and they are left with fewer scopes, their tokens for it die; grants
 * and refresh tokens live on and give narrower ones. undefined: they did not have it from this source. Throws `role_not_found`,
 * `account_not_found`, `client_not_found` (404).
 */
export async function unassignRole(ctx: RevocationContext, loss: RoleLoss): Promise<Revoked | undefined> {
  return revoking(ctx, (tx) => unassignRoleWithin(tx, ctx, loss));
}

/** The same, inside the transaction of whoever changes more. Call it last, as `revokeWithin`. */
export async function unassignRoleWithin(
  tx: Knex.Transaction,
  ctx: Omit<RevocationContext, 'db'>,
  { roleId, subject, source = 'operator', actor }: RoleLoss,
): Promise<Revoked | undefined> {
  const { role, api } = await lockRoleOf(tx, roleId);
  if (!(await lockSubject(tx, subject))) throw subjectNotFound(subject);
  const before = await scopesOf(tx, subject, api.id);
  if ((await deleteAssignments(tx, { roleIds: [roleId], subject, source })).length === 0) return undefined;
  const after = await scopesOf(tx, subject, api.id);
  await record(tx, {
    occurredAt: ctx.clock.now(),
    type: 'role.taken',
    actor,
    ...subjectColumns(subject),
    detail: detailOf(role, api, source),
  });
  await notifyRoles(tx, subject);
  if (!api.enforcesRoles || after.size === before.size) return nothingEnded(ctx);
  return revokeWithin(tx, ctx, targetOf(subject, api.id), actor);
}

/** For a change that took nothing from anybody's tokens. */
export function nothingEnded({ clock }: Pick<RevocationContext, 'clock'>): Revoked {
  return { tokens: 0, knownBy: clock.now() };
}

function targetOf(subject: Subject, apiId: string): RevokeTarget {
  return 'accountId' in subject
    ? { accountRoles: subject.accountId, apiId }
    : { clientRoles: subject.clientId, apiId };
}
