import { z } from 'zod';

import type { NewProvider } from '../upstream/create-provider.ts';
import type { IdentityProvider } from '../upstream/identity-provider.ts';
import { DEFAULT_FILTER, DEFAULT_SUBJECT } from '../upstream/ldap-settings.ts';
import { DEFAULT_SCOPES } from '../upstream/oidc-settings.ts';
import { MAPPED_CLAIMS } from '../upstream/rules.ts';
import type { ProviderSecrets } from '../upstream/secrets.ts';
import type { ProviderChanges } from '../upstream/update-provider.ts';
import { text } from './document.ts';
import {
  commonMembers,
  ldapSettingsDocument,
  oidcSettingsDocument,
  samlSettingsDocument,
} from './identity-provider.ts';

const SECRET_LENGTH_MAX = 2000;
/** A federation’s whole aggregate is larger; a provider’s own document has about ten. */
const METADATA_LENGTH_MAX = 50_000;

const secret = z.string().min(1).max(SECRET_LENGTH_MAX);

const common = {
  ...z.object(commonMembers).partial().shape,
  groups_attribute: text.nullable().optional().describe('null: the kind’s own'),
  mapping: z
    .partialRecord(z.enum(MAPPED_CLAIMS), text.nullable())
    .optional()
    .describe('Over the kind’s own; null takes one away'),
};

const commonDocument = z.object(common);

const oidc = z.strictObject({
  kind: z.literal('oidc'),
  ...common,
  name: commonMembers.name,
  settings: oidcSettingsDocument.partial({ auth_method: true, scopes: true, acr_values: true }),
  client_secret: secret.optional().describe('That the provider gave you'),
});

const ldap = z.strictObject({
  kind: z.literal('ldap'),
  ...common,
  name: commonMembers.name,
  settings: ldapSettingsDocument.partial({
    start_tls: true,
    ca: true,
    bind_dn: true,
    filter: true,
    subject: true,
    is_default: true,
  }),
  bind_password: secret.optional().describe('Of who searches'),
});

const saml = z.strictObject({
  kind: z.literal('saml'),
  ...common,
  name: commonMembers.name,
  metadata: z.string().max(METADATA_LENGTH_MAX).describe('Theirs, as XML'),
  settings: samlSettingsDocument
    .pick({ subject_attribute: true, name_id_format: true, signs_requests: true, start_url: true })
    .partial()
    .optional()
    .describe('Our key is made for it, the rest is in their metadata'),
});

export const newIdentityProviderDocument = z.discriminatedUnion('kind', [oidc, saml, ldap]);

/** RFC 7396. `settings` are those of its kind. */
export const identityProviderChangesDocument = z
  .strictObject({
    ...common,
    settings: z.union([
      oidcSettingsDocument.partial(),
      samlSettingsDocument.omit({ own_certificate: true, entity_id: true }).partial(),
      ldapSettingsDocument.partial(),
    ]),
    client_secret: secret,
    bind_password: secret,
    metadata: z
      .string()
      .max(METADATA_LENGTH_MAX)
      .describe('Of a SAML provider: new certificates, another address'),
  })
  .partial();

type Common = Omit<NewProvider, 'actor' | 'kind' | 'settings' | 'secrets'>;

export function toCommon(document: z.output<typeof oidc | typeof saml | typeof ldap>): Common {
  return { ...toCommonChanges(document), name: document.name };
}

function toCommonChanges(document: Partial<z.output<typeof commonDocument>>) {
  return {
    slug: document.slug,
    name: document.name,
    domains: document.domains,
    hasButton: document.has_button,
    mapping: document.mapping,
    provisioning: document.provisioning,
    trustsEmail: document.trusts_email,
    trustsMfa: document.trusts_mfa,
    groupsAttribute: document.groups_attribute,
  };
}

type Made = Pick<NewProvider, 'kind' | 'settings' | 'secrets'>;

export function toNewOidc({ settings, client_secret: clientSecret }: z.output<typeof oidc>): Made {
  return {
    kind: 'oidc',
    settings: {
      issuer: settings.issuer,
      clientId: settings.client_id,
      authMethod: settings.auth_method ?? 'client_secret_basic',
      scopes: settings.scopes ?? [...DEFAULT_SCOPES],
      acrValues: settings.acr_values ?? [],
    },
    secrets: clientSecret === undefined ? {} : { clientSecret },
  };
}

export function toNewLdap({ settings, bind_password: bindPassword }: z.output<typeof ldap>): Made {
  return {
    kind: 'ldap',
    settings: {
      url: settings.url,
      startTls: settings.start_tls ?? false,
      ca: settings.ca ?? null,
      base: settings.base,
      bindDn: settings.bind_dn ?? null,
      filter: settings.filter ?? DEFAULT_FILTER,
      subject: settings.subject ?? DEFAULT_SUBJECT,
      isDefault: settings.is_default ?? false,
    },
    secrets: bindPassword === undefined ? {} : { bindPassword },
  };
}

export function toSamlWishes({ settings = {} }: z.output<typeof saml>) {
  return {
    subjectAttribute: settings.subject_attribute ?? undefined,
    nameIdFormat: settings.name_id_format ?? undefined,
    signsRequests: settings.signs_requests,
    startUrl: settings.start_url ?? undefined,
  };
}

/** Without `metadata`, which has to be read first. What is no setting of this kind is for the room to refuse. */
export function toProviderChanges(
  document: z.output<typeof identityProviderChangesDocument>,
  { kind }: Pick<IdentityProvider, 'kind'>,
): ProviderChanges {
  return {
    ...toCommonChanges(document),
    settings: document.settings && fromSnake(document.settings),
    secrets: secretsOf(document, kind),
  };
}

function secretsOf(
  document: z.output<typeof identityProviderChangesDocument>,
  kind: IdentityProvider['kind'],
): ProviderSecrets | undefined {
  if (kind === 'oidc' && document.client_secret !== undefined)
    return { clientSecret: document.client_secret };
  if (kind === 'ldap' && document.bind_password !== undefined)
    return { bindPassword: document.bind_password };
  return undefined;
}

function fromSnake(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [camel(name), value]));
}

function camel(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
