import { z } from 'zod';

import { text } from '../documents/document.ts';
import { identityProviderDocument, providerToJson } from '../documents/identity-provider.ts';
import {
  identityProviderChangesDocument,
  newIdentityProviderDocument,
  toCommon,
  toNewLdap,
  toNewOidc,
  toProviderChanges,
  toSamlWishes,
} from '../documents/new-identity-provider.ts';
import { checkToJson, providerCheckDocument } from '../documents/provider-check.ts';
import { revokedDocument, revokedMembers } from '../documents/revoked.ts';
import { deleteProvider, disableProvider } from '../revocation/disable-provider.ts';
import { syncDirectory } from '../revocation/sync-directory.ts';
import { checkProvider } from '../upstream/check-provider.ts';
import { createProvider } from '../upstream/create-provider.ts';
import { enableProvider } from '../upstream/enable-provider.ts';
import type { IdentityProvider } from '../upstream/identity-provider.ts';
import { countIdentities } from '../upstream/identity-store.ts';
import { newSaml } from '../upstream/new-saml.ts';
import { providerNotFound } from '../upstream/not-found.ts';
import { invalid } from '../upstream/rules.ts';
import { readProviderMetadata } from '../upstream/saml-metadata.ts';
import { findProvider, listProviders, lockProvider } from '../upstream/store.ts';
import { updateProvider, type ProviderChanges } from '../upstream/update-provider.ts';
import type { AdminContext } from './context.ts';
import { operation, pathId } from './define.ts';
import type { Operation, Resource } from './operation.ts';

const READ = 'admin:identity-providers:read';
const WRITE = 'admin:identity-providers:write';
const params = pathId('identity_provider_id');

const resource: Resource = {
  async lock(tx, name) {
    const provider = await findProvider(tx, name);
    return provider && lockProvider(tx, provider.id);
  },
  async read(context, id) {
    const provider = await findProvider(context.db.knex, id);
    return provider && present(context, provider);
  },
};

export const listProvidersOperation = operation({
  id: 'identity-providers.list',
  command: 'identity-providers list',
  method: 'GET',
  path: '/identity-providers',
  scope: READ,
  summary: 'Identity providers, by name',
  answer: z.strictObject({ identity_providers: z.array(identityProviderDocument) }),
  async run(context) {
    const providers = await listProviders(context.db.knex);
    return { identity_providers: providers.map((provider) => present(context, provider)) };
  },
});

export const createProviderOperation = operation({
  id: 'identity-providers.create',
  command: 'identity-providers create',
  inFiles: 'identity_providers[]',
  method: 'POST',
  path: '/identity-providers',
  scope: WRITE,
  summary: 'Let people come through an OpenID provider, a SAML provider or a directory',
  body: newIdentityProviderDocument,
  status: 201,
  answer: identityProviderDocument,
  outside: true,
  async run(context, { body, operator: { actor } }) {
    const input = { ...toCommon(body), ...(await madeOf(context, body)), actor };
    return present(context, await createProvider(context, input));
  },
});

export const showProviderOperation = operation({
  id: 'identity-providers.show',
  command: 'identity-providers show',
  method: 'GET',
  path: '/identity-providers/{identity_provider_id}',
  scope: READ,
  summary: 'One identity provider',
  params,
  answer: identityProviderDocument,
  resource,
  run: async (context, { params: { identity_provider_id: id } }) =>
    present(context, await getProvider(context, id)),
});

export const countIdentitiesOperation = operation({
  id: 'identity-providers.usage',
  command: 'identity-providers show',
  method: 'GET',
  path: '/identity-providers/{identity_provider_id}/usage',
  scope: READ,
  summary: 'How many people are connected through it',
  params,
  answer: z.strictObject({ identities: z.int() }),
  async run(context, { params: { identity_provider_id: id } }) {
    const provider = await getProvider(context, id);
    return { identities: await countIdentities(context.db.knex, provider.id) };
  },
});

export const updateProviderOperation = operation({
  id: 'identity-providers.update',
  command: 'identity-providers update',
  inFiles: 'identity_providers[]',
  method: 'PATCH',
  path: '/identity-providers/{identity_provider_id}',
  scope: WRITE,
  summary: 'Change an identity provider (RFC 7396); who came through it stays signed in',
  params,
  body: identityProviderChangesDocument,
  answer: identityProviderDocument,
  resource,
  async run(context, { params: { identity_provider_id: id }, body, operator: { actor } }) {
    const before = await getProvider(context, id);
    refuseForeignSecret(body, before);
    const { settings, ...changes } = toProviderChanges(body, before);
    const refreshed = body.metadata === undefined ? {} : await readAgain(context, before, body.metadata);
    const all = settings || body.metadata !== undefined ? { ...settings, ...refreshed } : undefined;
    return present(context, await updateProvider(context, before.id, { ...changes, settings: all }, actor));
  },
});

export const disableProviderOperation = operation({
  id: 'identity-providers.disable',
  command: 'identity-providers disable',
  inFiles: 'identity_providers[].disabled',
  method: 'POST',
  path: '/identity-providers/{identity_provider_id}/disable',
  scope: WRITE,
  summary: 'Let nobody come through it, and end the sessions and tokens of everybody who did',
  params,
  answer: revokedDocument,
  async run(context, { params: { identity_provider_id: name }, operator: { actor } }) {
    const { id } = await getProvider(context, name);
    return revokedMembers(await disableProvider(context, id, actor));
  },
});

export const enableProviderOperation = operation({
  id: 'identity-providers.enable',
  command: 'identity-providers enable',
  inFiles: 'identity_providers[].disabled',
  method: 'POST',
  path: '/identity-providers/{identity_provider_id}/enable',
  scope: WRITE,
  summary: 'Let people come through it again',
  params,
  answer: identityProviderDocument,
  async run(context, { params: { identity_provider_id: name }, operator: { actor } }) {
    const { id } = await getProvider(context, name);
    return present(context, await enableProvider(context, id, actor));
  },
});

export const deleteProviderOperation = operation({
  id: 'identity-providers.delete',
  command: 'identity-providers delete',
  inFiles: 'identity_providers[]',
  method: 'DELETE',
  path: '/identity-providers/{identity_provider_id}',
  scope: WRITE,
  summary: 'Forget it and who its people are here; their accounts stay, signed out',
  params,
  answer: revokedDocument,
  resource,
  async run(context, { params: { identity_provider_id: name }, operator: { actor } }) {
    const { id } = await getProvider(context, name);
    return revokedMembers(await deleteProvider(context, id, actor));
  },
});

export const checkProviderOperation = operation({
  id: 'identity-providers.check',
  command: 'identity-providers check',
  method: 'POST',
  path: '/identity-providers/{identity_provider_id}/check',
  scope: WRITE,
  summary: 'Call it, as far as a sign-in goes without a person; `error` says that it cannot be used',
  params,
  body: z.strictObject({
    identifier: text.optional().describe('Whom to look for in a directory'),
  }),
  answer: providerCheckDocument,
  outside: true,
  async run(context, { params: { identity_provider_id: name }, body: { identifier = 'guichet-check' } }) {
    const provider = await getProvider(context, name);
    return checkToJson(provider.slug, await checkProvider(context, provider, identifier));
  },
});

export const syncProviderOperation = operation({
  id: 'identity-providers.sync',
  command: 'identity-providers sync',
  method: 'POST',
  path: '/identity-providers/{identity_provider_id}/sync',
  scope: WRITE,
  summary: 'Sign out whoever a directory does not let in any more, as happens every hour by itself',
  params,
  body: z.strictObject({
    dry_run: z.boolean().default(false).describe('Say who that would be, and leave them signed in'),
    force: z.boolean().default(false).describe('Also when more than a fifth of all seem to have left'),
  }),
  answer: z.strictObject({
    slug: z.string(),
    people: z.int().describe('Whom the directory was asked for'),
    left: z.array(z.string()).describe('Ids of accounts'),
    tokens_revoked: z.int(),
    dry_run: z.boolean(),
  }),
  outside: true,
  async run(context, { params: { identity_provider_id: name }, body, operator: { actor } }) {
    const { dry_run: dryRun, force } = body;
    const provider = await getProvider(context, name);
    if (provider.kind !== 'ldap') throw invalid('Only a directory can be asked who has left.');
    const { people, left, tokens } = await syncDirectory(context, provider, { dryRun, force, actor });
    return { slug: provider.slug, people, left: [...left], tokens_revoked: tokens, dry_run: dryRun };
  },
});

export const identityProviderOperations: readonly Operation[] = [
  listProvidersOperation,
  createProviderOperation,
  showProviderOperation,
  updateProviderOperation,
  deleteProviderOperation,
  disableProviderOperation,
  enableProviderOperation,
  countIdentitiesOperation,
  checkProviderOperation,
  syncProviderOperation,
];

function present({ config }: AdminContext, provider: IdentityProvider) {
  return providerToJson(provider, config.issuer);
}

/** By id or slug. */
export async function getProvider({ db }: Pick<AdminContext, 'db'>, name: string): Promise<IdentityProvider> {
  const provider = await findProvider(db.knex, name);
  if (!provider) throw providerNotFound();
  return provider;
}

async function madeOf(
  { config, clock }: AdminContext,
  body: z.output<typeof newIdentityProviderDocument>,
): Promise<ReturnType<typeof toNewOidc>> {
  if (body.kind === 'oidc') {
    const made = toNewOidc(body);
    if (body.client_secret !== undefined || body.settings.auth_method === 'none') return made;
    throw invalid('client_secret is missing.');
  }
  if (body.kind === 'ldap') return toNewLdap(body);
  const now = clock.now();
  const theirs = await readProviderMetadata(body.metadata, now);
  return { kind: 'saml', ...(await newSaml({ issuer: config.issuer, now }, theirs, toSamlWishes(body))) };
}

function refuseForeignSecret(
  body: z.output<typeof identityProviderChangesDocument>,
  { kind }: IdentityProvider,
): void {
  if (body.client_secret !== undefined && kind !== 'oidc')
    throw invalid('Only an OpenID provider has a client_secret.');
  if (body.bind_password !== undefined && kind !== 'ldap')
    throw invalid('Only a directory has a bind_password.');
}

/** New certificates, another address. */
async function readAgain(
  { clock }: AdminContext,
  before: IdentityProvider,
  metadata: string,
): Promise<ProviderChanges['settings']> {
  if (before.kind !== 'saml') throw invalid('Only a SAML provider has metadata.');
  const { entityId, ssoUrl, certificates } = await readProviderMetadata(metadata, clock.now());
  if (entityId === before.settings.entityId) return { ssoUrl, certificates };
  throw invalid('The metadata is of another provider: people of another issuer are other people.');
}
