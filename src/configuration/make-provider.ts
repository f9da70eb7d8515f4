import { mapGroup, unmapGroup } from '../roles/map-group.ts';
import { createProvider, type NewProvider } from '../upstream/create-provider.ts';
import { enableProvider } from '../upstream/enable-provider.ts';
import { makeOwnKey, type OwnKey } from '../upstream/saml-certificate.ts';
import { findProvider } from '../upstream/store.ts';
import { updateProvider } from '../upstream/update-provider.ts';
import type { ConfigurationContext } from './configuration.ts';
import { roleIdOf, type Making } from './make-things.ts';
import { mappingChanges, type ProviderNormal } from './normal-provider.ts';
import type { Step } from './plan.ts';
import { settingsFromWire } from './provider-settings.ts';

/** Keys of our own for SAML providers that are to be made, by slug. Made before the transaction: each takes a second. */
export type OwnKeys = ReadonlyMap<string, OwnKey>;

export async function makeOwnKeys(
  { config, clock }: ConfigurationContext,
  steps: readonly Step[],
): Promise<OwnKeys> {
  const keys = new Map<string, OwnKey>();
  for (const { kind, action, wanted } of steps) {
    if (kind !== 'identity-provider' || action !== 'create' || wanted?.kind !== kind) continue;
    if (wanted.document.kind === 'saml') {
      keys.set(wanted.key, await makeOwnKey(new URL(config.issuer).hostname, clock.now()));
    }
  }
  return keys;
}

export async function makeProvider(
  ctx: Making,
  { step, wanted, keys }: { step: Step; wanted: ProviderNormal; keys: OwnKeys },
): Promise<void> {
  const { actor } = ctx;
  const { stored } = step;
  const secrets = step.secrets?.provider ?? {};
  const settings = settingsFromWire(wanted.kind, wanted.settings);
  const common = commonOf(wanted);
  if (stored?.kind !== 'identity-provider') {
    const key = keys.get(wanted.slug);
    await createProvider(ctx, {
      ...common,
      kind: wanted.kind,
      slug: wanted.slug,
      mapping: mappingChanges(wanted.kind, wanted.mapping),
      settings: key ? { ...settings, ownCertificate: key.certificate } : settings,
      secrets: key ? { ...secrets, privateKey: key.privateKey } : secrets,
      actor,
    });
    return;
  }
  const gone = Object.keys(stored.document.mapping).filter((claim) => !Object.hasOwn(wanted.mapping, claim));
  const mapping = { ...wanted.mapping, ...Object.fromEntries(gone.map((claim) => [claim, null])) };
  const changes = { ...common, mapping, settings, ...(Object.keys(secrets).length > 0 && { secrets }) };
  await updateProvider(ctx, stored.id, changes, actor);
  if (stored.document.disabled && !wanted.disabled) await enableProvider(ctx, stored.id, actor);
}

/** Lets go of domains and of being the default directory before somebody else is given them, where that can be done. */
export async function releaseDomains(ctx: Making, steps: readonly Step[]): Promise<void> {
  for (const { stored, wanted } of steps) {
    if (stored?.kind !== 'identity-provider' || wanted?.kind !== 'identity-provider') continue;
    const { domains, has_button: hasButton, kind, settings } = stored.document;
    const kept = domains.filter((domain) => wanted.document.domains.includes(domain));
    const losesDefault = settings['is_default'] === true && wanted.document.settings['is_default'] !== true;
    const hasWay =
      kept.length > 0 || (kind === 'ldap' ? settings['is_default'] === true && !losesDefault : hasButton);
    if ((kept.length === domains.length && !losesDefault) || !hasWay) continue;
    const change = { domains: kept, ...(losesDefault && { settings: { isDefault: false } }) };
    await updateProvider(ctx, stored.id, change, ctx.actor);
  }
}

/** What its groups are worth, once the roles are there. */
export async function connectProvider(ctx: Making, { stored }: Step, wanted: ProviderNormal): Promise<void> {
  const providerId = (await findProvider(ctx.tx, wanted.slug))?.id ?? '';
  const before = pairsOf(stored?.kind === 'identity-provider' ? stored.document.groups : {});
  const after = pairsOf(wanted.groups);
  for (const [id, [group, role]] of before) {
    if (after.has(id)) continue;
    await unmapGroup(ctx, { providerId, group, roleId: await roleIdOf(ctx, role), actor: ctx.actor });
  }
  for (const [id, [group, role]] of after) {
    if (before.has(id)) continue;
    await mapGroup(ctx, { providerId, group, roleId: await roleIdOf(ctx, role), actor: ctx.actor });
  }
}

function pairsOf(
  groups: ProviderNormal['groups'],
): ReadonlyMap<string, readonly [group: string, role: string]> {
  const pairs = Object.entries(groups).flatMap(([group, roles]) =>
    roles.map((role) => [group, role] as const),
  );
  return new Map(pairs.map((pair) => [JSON.stringify(pair), pair]));
}

function commonOf(
  wanted: ProviderNormal,
): Pick<
  NewProvider,
  'name' | 'domains' | 'hasButton' | 'provisioning' | 'trustsEmail' | 'trustsMfa' | 'groupsAttribute'
> {
  return {
    name: wanted.name,
    domains: wanted.domains,
    hasButton: wanted.has_button,
    provisioning: wanted.provisioning,
    trustsEmail: wanted.trusts_email,
    trustsMfa: wanted.trusts_mfa,
    groupsAttribute: wanted.groups_attribute,
  };
}
