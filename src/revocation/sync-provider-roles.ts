import type { Knex } from 'knex';

import { record, type Actor } from '../audit/record.ts';
import { assignRoleWithin } from '../roles/assign-role.ts';
import { deleteAssignmentsOf, listGivenBy, rolesOf } from '../roles/assignment-store.ts';
import { listGroupRoles } from '../roles/group-store.ts';
import { sourceOfProvider } from '../roles/role.ts';
import { notifyRoles } from '../roles/store.ts';
import type { IdentityProvider } from '../upstream/identity-provider.ts';
import { groupsOf } from '../upstream/mapping.ts';
import type { UpstreamIdentity } from '../upstream/identity.ts';
import { revokeWithin, revoking, type RevocationContext } from './revoke.ts';
import { unassignRoleWithin } from './unassign-role.ts';

/**
 * What an identity provider's groups are worth to somebody who has just come through it: roles that are new are given, roles that
 * it gave before and no longer does are taken, with the tokens that carry them. What anybody else gave is left alone.
 */
export async function syncProviderRoles(
  ctx: RevocationContext,
  provider: IdentityProvider,
  identity: Pick<UpstreamIdentity, 'attributes'>,
  { accountId, actor }: { accountId: string; actor: Actor },
): Promise<void> {
  const source = sourceOfProvider(provider.id);
  const subject = { accountId };
  const groups = new Set(groupsOf(provider, identity).map((group) => folded(provider, group)));
  const change = async (db: Knex) => {
    const mapped = await listGroupRoles(db, provider.id);
    const wanted = new Set(
      mapped.filter(({ group }) => groups.has(folded(provider, group))).map(({ roleId }) => roleId),
    );
    const given = (await rolesOf(db, subject)).filter((role) => role.source === source);
    return {
      fresh: [...wanted].filter((roleId) => !given.some((role) => role.roleId === roleId)),
      stale: given.flatMap(({ roleId }) => (wanted.has(roleId) ? [] : roleId)),
    };
  };
  const expected = await change(ctx.db.knex);
  // Nothing at most sign-ins.
  if (expected.fresh.length + expected.stale.length === 0) return;
  await revoking(ctx, async (tx) => {
    const { fresh, stale } = await change(tx);
    // First what is given, so that nothing counts as lost that another role carries.
    for (const roleId of fresh.toSorted())
      await assignRoleWithin(tx, ctx, { roleId, subject, source, actor });
    for (const roleId of stale.toSorted())
      await unassignRoleWithin(tx, ctx, { roleId, subject, source, actor });
  });
}

/**
 * Takes every role that a provider gave, from one person or from all of them, with the tokens of whoever has such a role where
 * its API enforces them. Call it before its rows go. How many tokens ended.
 */
export async function takeProviderRoles(
  tx: Knex.Transaction,
  ctx: Omit<RevocationContext, 'db'>,
  { providerId, accountId, actor }: { providerId: string; accountId?: string; actor: Actor },
): Promise<number> {
  const source = sourceOfProvider(providerId);
  if (accountId !== undefined) {
    const subject = { accountId };
    const given = (await rolesOf(tx, subject)).filter((role) => role.source === source);
    let tokens = 0;
    for (const { roleId } of given) {
      const revoked = await unassignRoleWithin(tx, ctx, { roleId, subject, source, actor });
      tokens += revoked?.tokens ?? 0;
    }
    return tokens;
  }
  const given = await listGivenBy(tx, source);
  if (given.length === 0) return 0;
  let tokens = 0;
  for (const { roleId, apiId, enforcesRoles } of given) {
    if (!enforcesRoles) continue;
    tokens += (await revokeWithin(tx, ctx, { role: roleId, apiId }, actor)).tokens;
  }
  const count = await deleteAssignmentsOf(tx, source);
  await record(tx, {
    occurredAt: ctx.clock.now(),
    type: 'identity-provider.roles-taken',
    actor,
    detail: { providerId, roleIds: given.map(({ roleId }) => roleId), assignments: count },
  });
  await notifyRoles(tx);
  return tokens;
}

/** RFC 4514 names are compared without regard to case; what other providers call a group is theirs. */
function folded({ kind }: Pick<IdentityProvider, 'kind'>, group: string): string {
  return kind === 'ldap' ? group.toLowerCase() : group;
}
