import { z } from 'zod';

import { acsUri, backChannelLogoutUri, callbackUri, entityIdOf } from '../upstream/addresses.ts';
import { PROVISIONINGS, type IdentityProvider } from '../upstream/identity-provider.ts';
import { groupsAttributeOf } from '../upstream/mapping.ts';
import { AUTH_METHODS } from '../upstream/oidc-settings.ts';
import { SETTINGS, type Kind } from '../upstream/settings.ts';
import { identifier, instant, text, toInstant, toInstantOrNull } from './document.ts';

const LIST_MAX = 100;
/** A bundle of a few authorities, or a certificate. */
const PEM_LENGTH_MAX = 50_000;

export const pem = z.string().max(PEM_LENGTH_MAX).describe('PEM');
export const words = z.array(text).max(LIST_MAX);

/** OpenID Connect. */
export const oidcSettingsDocument = z.strictObject({
  issuer: text.describe('Exactly as in its discovery document'),
  client_id: text,
  auth_method: z.enum(AUTH_METHODS),
  scopes: words,
  acr_values: words.describe('How they are asked for a second factor'),
});

export const samlSettingsDocument = z.strictObject({
  entity_id: text,
  sso_url: text,
  certificates: z.array(pem).max(LIST_MAX).describe('What any of them has signed counts'),
  subject_attribute: text.nullable().describe('The attribute that is one person for ever; null: the NameID'),
  name_id_format: text.nullable(),
  own_certificate: pem,
  signs_requests: z.boolean(),
  start_url: text
    .nullable()
    .describe('Where people are led who began at the provider; null: they are refused'),
});

export const ldapSettingsDocument = z.strictObject({
  url: text.describe('`ldaps://host[:port]`, or `ldap://host[:port]`'),
  start_tls: z.boolean(),
  ca: pem.nullable().describe('Authorities; null: the system’s'),
  base: text,
  bind_dn: text.nullable().describe('Who searches; null: nobody'),
  filter: text.describe('RFC 4515, with `{identifier}` where what the person typed belongs'),
  subject: text.describe('The attribute that is one person for ever'),
  is_default: z.boolean().describe('Asked for everybody who is in no domain of an identity provider'),
});

/** What every kind has. */
export const commonMembers = {
  slug: text.describe('Its name in URLs'),
  name: text.describe('On its button and in sentences'),
  domains: words.describe('E-mail domains whose people are sent here'),
  has_button: z.boolean(),
  provisioning: z
    .enum(PROVISIONINGS)
    .describe('`create`: strangers get an account; `link-only`: they connect one that they can sign in to'),
  trusts_email: z.boolean().describe('What they call a verified address counts as verified here'),
  trusts_mfa: z.boolean().describe('A second factor that they asked for counts here'),
};

const addresses = {
  redirect_uri: z.string(),
  backchannel_logout_uri: z.string(),
  metadata_url: z.string(),
  acs_url: z.string(),
};

export const identityProviderDocument = z.strictObject({
  id: identifier,
  kind: z.enum(Object.keys(SETTINGS) as Kind[]),
  ...commonMembers,
  settings: z.union([oidcSettingsDocument, samlSettingsDocument, ldapSettingsDocument]),
  mapping: z.record(z.string(), z.string()).describe('Our claim → their claim or attribute'),
  groups_attribute: z
    .string()
    .nullable()
    .describe('Their claim or attribute that holds groups, which roles are given by'),
  has_secret: z.boolean().describe('A client secret, a bind password or a private key; it is never shown'),
  ...z.object(addresses).partial().shape,
  disabled_at: instant.nullable(),
  created_at: instant,
  updated_at: instant,
});

export type IdentityProviderDocument = z.output<typeof identityProviderDocument>;

/** Secrets never leave. `issuer`: ours, for the addresses that the other side has to be told. */
export function providerToJson(provider: IdentityProvider, issuer: string): IdentityProviderDocument {
  return {
    id: provider.id,
    kind: provider.kind,
    slug: provider.slug,
    name: provider.name,
    settings: settingsToJson(provider),
    domains: [...provider.domains],
    has_button: provider.hasButton,
    mapping: { ...provider.mapping },
    provisioning: provider.provisioning,
    trusts_email: provider.trustsEmail,
    trusts_mfa: provider.trustsMfa,
    groups_attribute: groupsAttributeOf(provider),
    has_secret: provider.sealedSecrets !== null,
    ...addressesOf(provider, issuer),
    disabled_at: toInstantOrNull(provider.disabledAt),
    created_at: toInstant(provider.createdAt),
    updated_at: toInstant(provider.updatedAt),
  };
}

/** What the other side has to be told; a directory nothing. */
export function addressesOf(
  { kind, slug }: Pick<IdentityProvider, 'kind' | 'slug'>,
  issuer: string,
): Partial<Record<keyof typeof addresses, string>> {
  if (kind === 'oidc') {
    return {
      redirect_uri: callbackUri(issuer, slug),
      backchannel_logout_uri: backChannelLogoutUri(issuer, slug),
    };
  }
  return kind === 'saml' ? { metadata_url: entityIdOf(issuer, slug), acs_url: acsUri(issuer, slug) } : {};
}

function settingsToJson({ kind, settings }: IdentityProvider): IdentityProviderDocument['settings'] {
  switch (kind) {
    case 'oidc':
      return {
        issuer: settings.issuer,
        client_id: settings.clientId,
        auth_method: settings.authMethod,
        scopes: [...settings.scopes],
        acr_values: [...settings.acrValues],
      };
    case 'saml':
      return {
        entity_id: settings.entityId,
        sso_url: settings.ssoUrl,
        certificates: [...settings.certificates],
        subject_attribute: settings.subjectAttribute,
        name_id_format: settings.nameIdFormat,
        own_certificate: settings.ownCertificate,
        signs_requests: settings.signsRequests,
        start_url: settings.startUrl,
      };
    case 'ldap':
      return {
        url: settings.url,
        start_tls: settings.startTls,
        ca: settings.ca,
        base: settings.base,
        bind_dn: settings.bindDn,
        filter: settings.filter,
        subject: settings.subject,
        is_default: settings.isDefault,
      };
  }
}
