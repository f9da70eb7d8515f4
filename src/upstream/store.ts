import type { Queryable } from '../db/database.ts';
import { notify } from '../db/listen.ts';
import { isStorable } from '../db/text.ts';
import { PROVIDERS_CHANNEL, type IdentityProvider, type Provisioning } from './identity-provider.ts';
import type { Kind } from './settings.ts';

interface Row {
  id: string;
  slug: string;
  name: string;
  kind: Kind;
  settings: IdentityProvider['settings'];
  secrets: Buffer | null;
  domains: string[];
  has_button: boolean;
  mapping: Record<string, string>;
  provisioning: Provisioning;
  trusts_email: boolean;
  trusts_mfa: boolean;
  groups_attribute: string | null;
  disabled_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

const COLUMNS: (keyof Row)[] = [
  'id',
  'slug',
  'name',
  'kind',
  'settings',
  'secrets',
  'domains',
  'has_button',
  'mapping',
  'provisioning',
  'trusts_email',
  'trusts_mfa',
  'groups_attribute',
  'disabled_at',
  'created_at',
  'updated_at',
];

/** A house has a handful; every process keeps all of them in memory. */
export const PROVIDERS_MAX = 500;

/** In the order of their names. */
export async function listProviders(db: Queryable): Promise<IdentityProvider[]> {
  const rows = await db<Row>('identity_providers')
    .select(COLUMNS)
    .orderBy(['name', 'id'])
    .limit(PROVIDERS_MAX);
  return rows.map(toProvider);
}

/** By slug or id. */
export async function findProvider(db: Queryable, name: string): Promise<IdentityProvider | undefined> {
  if (!isStorable(name)) return undefined;
  const row = await db<Row>('identity_providers').first(COLUMNS).where({ slug: name }).orWhere({ id: name });
  return row && toProvider(row);
}

/** Takes the row's lock, so that two changes of one provider are made one after the other. */
export async function lockProvider(tx: Queryable, id: string): Promise<IdentityProvider | undefined> {
  const row = await tx<Row>('identity_providers').first(COLUMNS).where({ id }).forUpdate();
  return row && toProvider(row);
}

/** One of these domains that another provider has: an address must not lead to two. */
export async function findTakenDomain(
  tx: Queryable,
  { id, domains }: Pick<IdentityProvider, 'id' | 'domains'>,
): Promise<string | undefined> {
  const others = await tx('identity_providers')
    .select<{ domains: string[] }[]>('domains')
    .whereNot({ id })
    .whereRaw('domains && ?::text[]', [[...domains]])
    .limit(1);
  return others[0]?.domains.find((domain) => domains.includes(domain));
}

/** The slug of another default directory, where this one is to be it. */
export async function findOtherDefault(
  tx: Queryable,
  { id, kind, settings }: Pick<IdentityProvider, 'id' | 'kind' | 'settings'>,
): Promise<string | undefined> {
  if (kind !== 'ldap' || !('isDefault' in settings && settings.isDefault)) return undefined;
  const other = await tx('identity_providers')
    .first<{ slug: string } | undefined>('slug')
    .where({ kind })
    .whereNot({ id })
    .whereRaw("settings->>'isDefault' = 'true'");
  return other?.slug;
}

/** One change of the registry at a time: domains are compared across rows. */
export async function lockRegistry(tx: Queryable): Promise<void> {
  await tx.raw('LOCK TABLE identity_providers IN SHARE ROW EXCLUSIVE MODE');
}

export async function countProviders(tx: Queryable): Promise<number> {
  const row = await tx('identity_providers').count<{ count: string | number }[]>('* as count').first();
  return Number(row?.count ?? 0);
}

export async function insertProvider(tx: Queryable, provider: IdentityProvider): Promise<void> {
  await tx('identity_providers').insert({
    ...toRow(provider),
    id: provider.id,
    created_at: provider.createdAt,
  });
  await notifyProviders(tx);
}

export async function saveProvider(tx: Queryable, provider: IdentityProvider): Promise<void> {
  await tx('identity_providers').where({ id: provider.id }).update(toRow(provider));
  await notifyProviders(tx);
}

export async function saveProviderDisabled(
  tx: Queryable,
  id: string,
  disabledAt: Date | null,
  now: Date,
): Promise<void> {
  await tx('identity_providers').where({ id }).update({ disabled_at: disabledAt, updated_at: now });
  await notifyProviders(tx);
}

/** Its identities and requests go with it (ON DELETE CASCADE). */
export async function deleteProviderRow(tx: Queryable, id: string): Promise<void> {
  await tx('identity_providers').where({ id }).delete();
  await notifyProviders(tx);
}

async function notifyProviders(tx: Queryable): Promise<void> {
  await notify(tx, PROVIDERS_CHANNEL, '');
}

function toRow(provider: IdentityProvider) {
  return {
    slug: provider.slug,
    name: provider.name,
    kind: provider.kind,
    settings: JSON.stringify(provider.settings),
    secrets: provider.sealedSecrets,
    domains: [...provider.domains],
    has_button: provider.hasButton,
    mapping: JSON.stringify(provider.mapping),
    provisioning: provider.provisioning,
    trusts_email: provider.trustsEmail,
    trusts_mfa: provider.trustsMfa,
    groups_attribute: provider.groupsAttribute,
    updated_at: provider.updatedAt,
  };
}

/** Kind and settings were checked together when they were written. */
function toProvider(row: Row): IdentityProvider {
  return {
    id: row.id,
    slug: row.slug,
    name: row.name,
    kind: row.kind,
    settings: row.settings,
    sealedSecrets: row.secrets,
    domains: row.domains,
    hasButton: row.has_button,
    mapping: row.mapping,
    provisioning: row.provisioning,
    trustsEmail: row.trusts_email,
    trustsMfa: row.trusts_mfa,
    groupsAttribute: row.groups_attribute,
    disabledAt: row.disabled_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  } as IdentityProvider;
}
