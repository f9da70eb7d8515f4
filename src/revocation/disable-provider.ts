import { record, type Actor } from '../audit/record.ts';
import { providerNotFound } from '../upstream/not-found.ts';
import { deleteProviderRow, lockProvider, saveProviderDisabled } from '../upstream/store.ts';
import { takeProviderRoles } from './sync-provider-roles.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';

/**
 * Lets nobody come through an identity provider any more, and ends the sessions and tokens of everybody who did. Roles that it
 * gave are taken. People who came another way stay. Throws `identity_provider_not_found` (404).
 */
export async function disableProvider(ctx: RevocationContext, id: string, actor: Actor): Promise<Revoked> {
  return revoking(ctx, async (tx) => {
    const provider = await lockProvider(tx, id);
    if (!provider) throw providerNotFound();
    const now = ctx.clock.now();
    if (provider.disabledAt === null) {
      await saveProviderDisabled(tx, id, now, now);
      const detail = { providerId: id, slug: provider.slug };
      await record(tx, { occurredAt: now, type: 'identity-provider.disabled', actor, detail });
    }
    // They come back with the next sign-in through it, once it is enabled.
    const ofRoles = await takeProviderRoles(tx, ctx, { providerId: id, actor });
    const { tokens, knownBy } = await revokeWithin(tx, ctx, { provider: id }, actor);
    return { tokens: tokens + ofRoles, knownBy };
  });
}

/** The same, and forgets the provider with who its people are here. Their accounts stay. */
export async function deleteProvider(ctx: RevocationContext, id: string, actor: Actor): Promise<Revoked> {
  return revoking(ctx, async (tx) => {
    const provider = await lockProvider(tx, id);
    if (!provider) throw providerNotFound();
    const detail = { providerId: id, slug: provider.slug };
    const event = { occurredAt: ctx.clock.now(), type: 'identity-provider.deleted', actor, detail };
    await record(tx, event);
    const ofRoles = await takeProviderRoles(tx, ctx, { providerId: id, actor });
    const { tokens, knownBy } = await revokeWithin(tx, ctx, { provider: id }, actor);
    await deleteProviderRow(tx, id);
    return { tokens: tokens + ofRoles, knownBy };
  });
}
