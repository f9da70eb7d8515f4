import { record, type Actor } from '../audit/record.ts';
import type { UpstreamContext } from './create-provider.ts';
import type { IdentityProvider } from './identity-provider.ts';
import { providerNotFound } from './not-found.ts';
import { lockProvider, saveProviderDisabled } from './store.ts';

/** Lets people come through it again. What ended when it was disabled stays ended. Throws `identity_provider_not_found` (404). */
export async function enableProvider(
  { db, clock }: Pick<UpstreamContext, 'db' | 'clock'>,
  id: string,
  actor: Actor,
): Promise<IdentityProvider> {
  return db.transaction(async (tx) => {
    const provider = await lockProvider(tx, id);
    if (!provider) throw providerNotFound();
    if (provider.disabledAt === null) return provider;
    const now = clock.now();
    await saveProviderDisabled(tx, id, null, now);
    await record(tx, {
      occurredAt: now,
      type: 'identity-provider.enabled',
      actor,
      detail: { providerId: id, slug: provider.slug },
    });
    return { ...provider, disabledAt: null, updatedAt: now };
  });
}
