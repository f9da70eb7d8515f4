import type { IdentityProvider, Provisioning } from '../upstream/identity-provider.ts';
import { defaultMappingOf } from '../upstream/mapping.ts';
import { checkGroup } from '../roles/map-group.ts';
import { checkDomains, checkGroupsAttribute, checkMapping, checkName, checkSlug } from '../upstream/rules.ts';
import { SETTINGS, type Kind as ProviderKind } from '../upstream/settings.ts';
import { asSet, sortedRecord, type Json } from './configuration.ts';
import type { Given } from './document.ts';
import { roleKey, splitRole } from './normal-role.ts';
import { checked, type Path, type Problem } from './problem.ts';
import { settingsDefaults, settingsToWire, settingsFromWire } from './provider-settings.ts';

export type ProviderNormal = Readonly<{
  slug: string;
  kind: ProviderKind;
  name: string;
  /** Under the names of a file; what this server made itself is not among them. */
  settings: Readonly<Record<string, Json>>;
  domains: readonly string[];
  has_button: boolean;
  /** Our claim → theirs, whole. */
  mapping: Readonly<Record<string, string>>;
  provisioning: Provisioning;
  trusts_email: boolean;
  trusts_mfa: boolean;
  /** null: the kind's own. */
  groups_attribute: string | null;
  /** Group → keys of roles. */
  groups: Readonly<Record<string, readonly string[]>>;
  disabled: boolean;
}>;

export function normalizeProvider(
  given: Given<'identity_providers'>,
  path: Path,
  problems: Problem[],
): ProviderNormal {
  const { kind, slug } = given;
  const at = (member: string) => [...path, member];
  checked(problems, at('slug'), () => checkSlug(slug));
  const name = checked(problems, at('name'), () => checkName(given.name)) ?? given.name;
  const domains = checked(problems, at('domains'), () => checkDomains(given.domains ?? [])) ?? [];
  const mapping = mappingOf(kind, given.mapping ?? {});
  checked(problems, at('mapping'), () => checkMapping(mapping));
  checked(problems, at('groups_attribute'), () => checkGroupsAttribute(given.groups_attribute ?? null));
  for (const [index, { group }] of (given.groups ?? []).entries()) {
    checked(problems, [...path, 'groups', index, 'group'], () => checkGroup(group));
  }
  const settings = normalizeSettings(kind, given.settings, at('settings'), problems);
  const normal: ProviderNormal = {
    slug,
    kind,
    name,
    settings,
    domains,
    has_button: given.has_button ?? kind !== 'ldap',
    mapping,
    provisioning: given.provisioning ?? 'create',
    trusts_email: given.trusts_email ?? false,
    trusts_mfa: given.trusts_mfa ?? false,
    groups_attribute: given.groups_attribute ?? null,
    groups: groupsOf((given.groups ?? []).map(({ group, api, role }) => ({ group, audience: api, role }))),
    disabled: given.disabled ?? false,
  };
  const hasWay =
    domains.length > 0 || (kind === 'ldap' ? settings['is_default'] === true : normal.has_button);
  if (!hasWay)
    problems.push({ path, message: 'needs a domain, or a button (a directory: to be the default one)' });
  return normal;
}

function normalizeSettings(kind: ProviderKind, given: object, path: Path, problems: Problem[]) {
  const wire = { ...settingsDefaults(kind), ...given };
  const settings = settingsFromWire(kind, wire);
  // Ours is made when the provider is; one of theirs stands in for it, and what is said of it is said of theirs as well.
  const [theirs] =
    'certificates' in settings && Array.isArray(settings['certificates']) ? settings['certificates'] : [];
  const result = SETTINGS[kind].safeParse(
    kind === 'saml' ? { ...settings, ownCertificate: theirs } : settings,
  );
  if (result.success) return settingsToWire(kind, result.data);
  for (const issue of result.error.issues) {
    const [member = '', ...rest] = issue.path.map((step) => (typeof step === 'symbol' ? String(step) : step));
    if (member === 'ownCertificate') continue;
    problems.push({
      path: [...path, wireName(kind, String(member)), ...rest],
      message: `is not accepted: ${issue.message}`,
    });
  }
  return {};
}

function wireName(kind: ProviderKind, member: string): string {
  return Object.keys(settingsToWire(kind, { [member]: true }))[0] ?? member;
}

function mappingOf(
  kind: ProviderKind,
  changes: Readonly<Record<string, string | null>>,
): Readonly<Record<string, string>> {
  const merged = Object.entries({ ...defaultMappingOf(kind), ...changes });
  return sortedRecord(merged.filter((entry): entry is [string, string] => entry[1] !== null));
}

interface GroupRole {
  readonly group: string;
  readonly audience: string;
  readonly role: string;
}

function groupsOf(mapped: readonly GroupRole[]): Readonly<Record<string, readonly string[]>> {
  const groups = Map.groupBy(mapped, ({ group }) => group);
  return sortedRecord(
    [...groups].map(([group, roles]) => [
      group,
      asSet(roles.map(({ audience: api, role: name }) => roleKey({ api, name }))),
    ]),
  );
}

export function normalOfProvider(provider: IdentityProvider, mapped: readonly GroupRole[]): ProviderNormal {
  return {
    slug: provider.slug,
    kind: provider.kind,
    name: provider.name,
    settings: settingsToWire(provider.kind, provider.settings),
    domains: asSet(provider.domains),
    has_button: provider.hasButton,
    mapping: sortedRecord(Object.entries(provider.mapping)),
    provisioning: provider.provisioning,
    trusts_email: provider.trustsEmail,
    trusts_mfa: provider.trustsMfa,
    groups_attribute: provider.groupsAttribute,
    groups: groupsOf(mapped),
    disabled: provider.disabledAt !== null,
  };
}

/** Without its secrets, which are references of the file's own. */
export function providerToFile(provider: ProviderNormal): Readonly<Record<string, Json>> {
  const { kind } = provider;
  const mapping = mappingChanges(kind, provider.mapping);
  const groups = Object.entries(provider.groups).flatMap(([group, roles]) =>
    roles.map((role) => Object.assign({ group }, splitRole(role))),
  );
  const defaults = settingsDefaults(kind);
  const settings = Object.entries(provider.settings).filter(
    ([member, value]) => JSON.stringify(value) !== JSON.stringify(defaults[member]),
  );
  return {
    slug: provider.slug,
    kind,
    name: provider.name,
    settings: Object.fromEntries(settings),
    ...(provider.domains.length > 0 && { domains: provider.domains }),
    ...(provider.has_button !== (kind !== 'ldap') && { has_button: provider.has_button }),
    ...(Object.keys(mapping).length > 0 && { mapping }),
    ...(provider.provisioning !== 'create' && { provisioning: provider.provisioning }),
    ...(provider.trusts_email && { trusts_email: true }),
    ...(provider.trusts_mfa && { trusts_mfa: true }),
    ...(provider.groups_attribute !== null && { groups_attribute: provider.groups_attribute }),
    ...(groups.length > 0 && { groups }),
    ...(provider.disabled && { disabled: true }),
  };
}

/** What makes this mapping of the one its kind has anyway; null takes a claim away. */
export function mappingChanges(
  kind: ProviderKind,
  mapping: Readonly<Record<string, string>>,
): Readonly<Record<string, string | null>> {
  const defaults: Readonly<Record<string, string>> = defaultMappingOf(kind);
  const gone = Object.keys(defaults).filter((claim) => !Object.hasOwn(mapping, claim));
  const other = Object.entries(mapping).filter(([claim, theirs]) => defaults[claim] !== theirs);
  return sortedRecord<string | null>([...other, ...gone.map((claim) => [claim, null] as const)]);
}
