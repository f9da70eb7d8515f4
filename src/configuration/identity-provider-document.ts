import { z } from 'zod';

import { text } from '../documents/document.ts';
import {
  commonMembers,
  ldapSettingsDocument,
  oidcSettingsDocument,
  samlSettingsDocument,
} from '../documents/identity-provider.ts';
import type { Kind } from '../upstream/settings.ts';

const GROUPS_MAX = 1000;
const CERTIFICATES_MAX = 10;
/** A file has room for a longer bundle than a request. */
const PEM_LENGTH_MAX = 64 * 1024;

const pem = z.string().max(PEM_LENGTH_MAX);

const oidc = oidcSettingsDocument.partial({ auth_method: true, scopes: true, acr_values: true });

/** Without our own certificate, which is this server's to make. */
const saml = samlSettingsDocument
  .omit({ own_certificate: true })
  .partial({ subject_attribute: true, name_id_format: true, signs_requests: true, start_url: true })
  .extend({ certificates: z.array(pem).min(1).max(CERTIFICATES_MAX).describe('PEM') });

const ldap = ldapSettingsDocument
  .partial({ start_tls: true, bind_dn: true, filter: true, subject: true, is_default: true })
  .extend({ ca: pem.nullable().optional().describe('Authorities, PEM; the system’s unless said') });

const common = {
  ...z.object(commonMembers).partial({
    domains: true,
    has_button: true,
    provisioning: true,
    trusts_email: true,
    trusts_mfa: true,
  }).shape,
  slug: text.describe('Its name in URLs; it never changes'),
  mapping: z
    .record(text, text.nullable())
    .optional()
    .describe('Our claim: their attribute, over what its kind has anyway; null: none'),
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
