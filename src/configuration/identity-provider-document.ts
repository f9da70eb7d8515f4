import { z } from 'zod';

import { PROVISIONINGS } from '../upstream/identity-provider.ts';
import { AUTH_METHODS } from '../upstream/oidc-settings.ts';
import type { Kind } from '../upstream/settings.ts';
import { text } from '../documents/document.ts';

const LIST_MAX = 100;
const GROUPS_MAX = 1000;
const CERTIFICATES_MAX = 10;
const PEM_LENGTH_MAX = 64 * 1024;

const pem = z.string().max(PEM_LENGTH_MAX);

const oidc = z.strictObject({
  issuer: text.describe('Exactly as in its discovery document'),
  client_id: text,
  auth_method: z.enum(AUTH_METHODS).optional(),
  scopes: z.array(text).max(LIST_MAX).optional(),
  acr_values: z.array(text).max(LIST_MAX).optional().describe('How it is asked for a second factor'),
});

/** Without our own certificate, which is this server's to make. */
const saml = z.strictObject({
  entity_id: text,
  sso_url: text.describe('Where the browser is sent (HTTP-Redirect)'),
  certificates: z.array(pem).min(1).max(CERTIFICATES_MAX).describe('PEM'),
  subject_attribute: text.nullable().optional().describe('One person for ever; otherwise the NameID is'),
  name_id_format: text.nullable().optional(),
  signs_requests: z.boolean().optional(),
  start_url: text.nullable().optional(),
});

const ldap = z.strictObject({
  url: text.describe('ldaps://host, or ldap://host with start_tls'),
  start_tls: z.boolean().optional(),
  ca: pem.nullable().optional().describe('Authorities, PEM; the system’s unless said'),
  base: text,
  bind_dn: text.nullable().optional().describe('Who searches'),
  filter: text.optional().describe('RFC 4515, {identifier} is what the person typed'),
  subject: text.optional().describe('The attribute that is one person for ever'),
  is_default: z.boolean().optional().describe('Asked for everybody who is in no domain of a provider'),
});

const common = {
  slug: text.describe('Its name in URLs; it never changes'),
  name: text.describe('On its button'),
  domains: z.array(text).max(LIST_MAX).optional().describe('E-mail domains whose people are sent there'),
  has_button: z.boolean().optional(),
  mapping: z
    .record(text, text.nullable())
    .optional()
    .describe('Our claim: their attribute, over what its kind has anyway; null: none'),
  provisioning: z.enum(PROVISIONINGS).optional().describe('What becomes of strangers'),
  trusts_email: z.boolean().optional(),
  trusts_mfa: z.boolean().optional(),
  groups_attribute: text.nullable().optional().describe('Where it writes groups; its kind’s own unless said'),
  groups: z
    .array(z.strictObject({ group: text, api: text.describe('Audience'), role: text }))
    .max(GROUPS_MAX)
    .optional()
    .describe('Which role whoever is in a group has here'),
};

export const newIdentityProviderDocuments = {
  oidc: z.strictObject({ kind: z.literal('oidc'), ...common, settings: oidc }),
  saml: z.strictObject({ kind: z.literal('saml'), ...common, settings: saml }),
  ldap: z.strictObject({ kind: z.literal('ldap'), ...common, settings: ldap }),
} as const satisfies Record<Kind, z.ZodObject>;
