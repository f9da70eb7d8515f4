import { record, type Actor } from '../audit/record.ts';
import {
  mergeMapping,
  refuseSecondDefault,
  refuseTakenDomain,
  refuseTakenSlug,
  requireWayIn,
  type NewProvider,
  type UpstreamContext,
} from './create-provider.ts';
import type { IdentityProvider } from './identity-provider.ts';
import { providerNotFound } from './not-found.ts';
import { checkDomains, checkGroupsAttribute, checkName, checkSettings, checkSlug } from './rules.ts';
import { openSecrets, sealSecrets } from './secrets.ts';
import { findOtherDefault, findTakenDomain, lockProvider, lockRegistry, saveProvider } from './store.ts';

type Changeable = Omit<NewProvider, 'kind' | 'actor' | 'settings'>;

export interface ProviderChanges extends Readonly<{
  [Member in keyof Changeable]?: Changeable[Member] | undefined;
}> {
  /** Members over those there are; what is not mentioned stays. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
}

/** Throws `identity_provider_not_found` (404) and what `createProvider` throws. Who came through it stays signed in. */
export async function updateProvider(
  ctx: UpstreamContext,
  id: string,
  changes: ProviderChanges,
  actor: Actor,
): Promise<IdentityProvider> {
  return ctx.db
    .transaction(async (tx) => {
      await lockRegistry(tx);
      const before = await lockProvider(tx, id);
      if (!before) throw providerNotFound();
      const after = apply(ctx, before, changes);
      requireWayIn(after);
      refuseTakenDomain(await findTakenDomain(tx, after));
      refuseSecondDefault(await findOtherDefault(tx, after));
      await saveProvider(tx, after);
      await record(tx, {
        occurredAt: after.updatedAt,
        type: 'identity-provider.updated',
        actor,
        detail: { providerId: id, slug: after.slug, changed: changedMembers(changes) },
      });
      return after;
    })
    .catch(refuseTakenSlug);
}

function apply(
  { seal, clock }: UpstreamContext,
  before: IdentityProvider,
  changes: ProviderChanges,
): IdentityProvider {
  const { settings, secrets } = changes;
  return {
    ...before,
    slug: changes.slug === undefined ? before.slug : checkSlug(changes.slug),
    name: changes.name === undefined ? before.name : checkName(changes.name),
    settings:
      settings === undefined
        ? before.settings
        : checkSettings(before.kind, { ...before.settings, ...settings }),
    sealedSecrets:
      secrets === undefined
        ? before.sealedSecrets
        : sealSecrets(seal, before.id, { ...openSecrets(seal, before), ...secrets }),
    domains: changes.domains === undefined ? before.domains : checkDomains(changes.domains),
    hasButton: changes.hasButton ?? before.hasButton,
    mapping: mergeMapping(before.mapping, changes.mapping ?? {}),
    provisioning: changes.provisioning ?? before.provisioning,
    trustsEmail: changes.trustsEmail ?? before.trustsEmail,
    trustsMfa: changes.trustsMfa ?? before.trustsMfa,
    groupsAttribute:
      changes.groupsAttribute === undefined
        ? before.groupsAttribute
        : checkGroupsAttribute(changes.groupsAttribute),
    updatedAt: clock.now(),
  } as IdentityProvider;
}

/** Names only. */
function changedMembers({ settings, ...own }: ProviderChanges): string[] {
  const mentioned = Object.entries(own).filter(([, value]) => value !== undefined);
  return [...mentioned.map(([member]) => member), ...Object.keys(settings ?? {})];
}
