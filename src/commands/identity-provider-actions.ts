import { z } from 'zod';

import { deleteProvider, disableProvider } from '../revocation/disable-provider.ts';
import { enableProvider } from '../upstream/enable-provider.ts';
import type { IdentityProvider } from '../upstream/identity-provider.ts';
import { PROVISIONINGS } from '../upstream/identity-provider.ts';
import { countIdentities } from '../upstream/identity-store.ts';
import { providerNotFound } from '../upstream/not-found.ts';
import { findProvider, listProviders } from '../upstream/store.ts';
import type { ProviderSecrets } from '../upstream/secrets.ts';
import { updateProvider } from '../upstream/update-provider.ts';
import { ACTOR } from './actor.ts';
import { COMMAND } from './command-name.ts';
import type { CommandContext } from './context.ts';
import { moment, table } from './outcome.ts';
import { parseArgument, parseOptions } from './parse.ts';
import { providerToJson } from '../documents/identity-provider.ts';
import { revokedMembers } from '../documents/revoked.ts';
import { endedInWords } from './revoked.ts';
import { settingsOf, settingsSchema } from './provider-settings.ts';
import type { Action } from './run.ts';
import { readSecret } from './stdin.ts';
import { providerSchema, shownProvider } from './upstream-input.ts';
import { UsageError } from './usage-error.ts';

export const list: Action = async ({ db, config }) => {
  const providers = await listProviders(db.knex);
  const rows = providers.map(({ slug, kind, name, domains, disabledAt }) => [
    slug,
    kind,
    name,
    domains.join(' '),
    moment(disabledAt),
  ]);
  return {
    json: { identity_providers: providers.map((each) => providerToJson(each, config.issuer)) },
    text: table(['SLUG', 'KIND', 'NAME', 'DOMAINS', 'DISABLED'], rows),
  };
};

export const show: Action = async (context, { args }) => {
  const provider = await getProvider(context, args);
  const people = await countIdentities(context.db.knex, provider.id);
  const { issuer } = context.config;
  const { text } = shownProvider(`${people} people are connected through it.`, provider, { issuer });
  return { text, json: { ...providerToJson(provider, issuer), identities: people } };
};

const changes = z.object({
  ...settingsSchema,
  name: z.string().optional(),
  domain: z.union([z.array(z.string()), z.literal(false)]).optional(),
  map: providerSchema.map.optional(),
  provisioning: z.enum(PROVISIONINGS).optional(),
  trustEmail: z.boolean().optional(),
  trustMfa: z.boolean().optional(),
  button: z.boolean().optional(),
  groups: z.union([z.string(), z.literal(false)]).optional(),
  newSecret: z.boolean().default(false),
});

/** What each kind has of an operator: a SAML provider is asked with a key of our own making. */
const SECRETS = { oidc: 'clientSecret', ldap: 'bindPassword', saml: undefined } as const;

export const update: Action = async (context, { args, options: given }) => {
  const { id, kind } = await getProvider(context, args);
  const options = parseOptions(changes, given);
  const secrets = options.newSecret ? await readNewSecret(kind) : undefined;
  const provider = await updateProvider(
    context,
    id,
    {
      name: options.name,
      settings: settingsOf(options),
      domains: options.domain === false ? [] : options.domain,
      mapping: options.map,
      provisioning: options.provisioning,
      trustsEmail: options.trustEmail,
      trustsMfa: options.trustMfa,
      hasButton: options.button,
      groupsAttribute: options.groups === false ? null : options.groups,
      secrets,
    },
    ACTOR,
  );
  return shownProvider('The identity provider is updated.', provider, context.config);
};

export const disable: Action = async (context, { args }) => {
  const { id, slug } = await getProvider(context, args);
  const revoked = await disableProvider(context, id, ACTOR);
  return {
    json: { id, slug, ...revokedMembers(revoked) },
    text: `Nobody comes through ${slug} any more, sessions and ${endedInWords(revoked)} Undo with: ${COMMAND} identity-providers enable ${slug}`,
  };
};

export const enable: Action = async (context, { args }) => {
  const { id } = await getProvider(context, args);
  return shownProvider(
    'The identity provider is enabled.',
    await enableProvider(context, id, ACTOR),
    context.config,
  );
};

export const remove: Action = async (context, { args }) => {
  const { id, slug } = await getProvider(context, args);
  const revoked = await deleteProvider(context, id, ACTOR);
  return {
    json: { id, slug, ...revokedMembers(revoked) },
    text: `The identity provider ${slug} is deleted, sessions and ${endedInWords(revoked)}`,
  };
};

async function readNewSecret(kind: IdentityProvider['kind']): Promise<ProviderSecrets> {
  const name = SECRETS[kind];
  if (name === undefined) throw new UsageError('--new-secret is for OpenID providers and directories.');
  return { [name]: await readSecret('the new secret') };
}

export async function getProvider(
  { db }: Pick<CommandContext, 'db'>,
  args: readonly string[],
): Promise<IdentityProvider> {
  const provider = await findProvider(db.knex, parseArgument(args, 0, 'slug'));
  if (!provider) throw providerNotFound();
  return provider;
}
