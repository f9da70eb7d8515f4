import { z } from 'zod';

import { newApiDocument } from '../documents/api.ts';
import { newClientDocument } from '../documents/client.ts';
import { identifier, text } from '../documents/document.ts';
import { newIdentityProviderDocuments } from './identity-provider-document.ts';
import { newRoleDocument } from '../documents/role.ts';
import { newTrustedIssuerDocument } from '../documents/trusted-issuer.ts';
import { FOREIGN_ALGS } from '../upstream/trusted-issuer.ts';

/** The shape of a configuration file: the members of the admin API without those that the server makes. */

const THINGS_MAX = 20_000;
const LIST_MAX = 50;
/** Two secrets are live at once while one replaces the other. */
const SECRETS_MAX = 2;
const LOGO_LENGTH_MAX = 30_000;

const disabled = z
  .boolean()
  .describe('Unless said, what an operator disables stays disabled until they enable it')
  .optional();

const secretReference = z
  .union(
    [
      z.strictObject({
        env: z
          .string()
          .regex(
            /^(?!GUICHET_)[A-Za-z_][A-Za-z0-9_]{0,199}$/,
            'must be the name of a variable, and not of one of this server’s own (GUICHET_)',
          )
          .describe('Name of an environment variable, not one of this server’s own'),
      }),
      z.strictObject({ file: text.min(1).describe('Path, from the folder of this file') }),
    ],
    { error: 'must be { env: NAME } or { file: PATH }: the secret itself is never in a file like this' },
  )
  .describe('Where the secret is kept');

const client = newClientDocument.extend({
  client_id: identifier,
  exchange: z
    .strictObject({
      impersonation: z.boolean(),
      apis: z.array(text).max(LIST_MAX).describe('Audiences whose tokens it may exchange'),
      client_ids: z.array(identifier).max(LIST_MAX).describe('Issued to these clients; empty: to any'),
      trusted_issuers: z.array(text).max(LIST_MAX).describe('By their `iss`'),
    })
    .partial()
    .describe('RFC 8693')
    .optional(),
  brand: z
    .strictObject({
      color: z.string().nullable().describe('#rrggbb'),
      logo: z
        .union([z.string().max(LOGO_LENGTH_MAX), z.strictObject({ file: text.min(1) })], {
          error: 'must be { file: PATH }, or a data: URI in base64',
        })
        .nullable(),
    })
    .partial()
    .describe('On the pages of its own sign-ins')
    .optional(),
  roles: z
    .array(z.strictObject({ api: text.describe('Audience'), role: text }))
    .max(LIST_MAX)
    .describe('What it may do where an API enforces roles')
    .optional(),
  secrets: z
    .array(secretReference)
    .max(SECRETS_MAX)
    .describe('Secrets it brings along, as this server makes them; without any, one is made and shown once')
    .optional(),
  disabled,
});

const { oidc, saml, ldap } = newIdentityProviderDocuments;
const provider = z.discriminatedUnion('kind', [
  oidc.extend({
    secrets: z.strictObject({ client_secret: secretReference }).partial().optional(),
    disabled,
  }),
  saml.extend({ disabled }),
  ldap.extend({
    secrets: z.strictObject({ bind_password: secretReference }).partial().optional(),
    disabled,
  }),
]);

const trustedIssuer = newTrustedIssuerDocument.extend({
  jwks_uri: text.nullable().optional().describe('Found by discovery unless said'),
  algs: z.array(z.enum(FOREIGN_ALGS)).min(1).max(FOREIGN_ALGS.length).optional(),
});

export const configurationDocument = z
  .strictObject({
    $schema: text.optional().describe('Where an editor finds this schema'),
    version: z.literal(1),
    name: z
      .string()
      .regex(
        /^[a-z0-9][a-z0-9._-]{0,59}$/,
        'must be 1 to 60 lower-case letters, digits, dots, underscores and hyphens',
      )
      .default('guichet')
      .describe('Whose things these are: files of different names leave each other’s things alone'),
    apis: z.array(newApiDocument.extend({ disabled })).max(THINGS_MAX).default([]),
    roles: z.array(newRoleDocument).max(THINGS_MAX).default([]),
    identity_providers: z.array(provider).max(THINGS_MAX).default([]),
    trusted_issuers: z.array(trustedIssuer).max(THINGS_MAX).default([]),
    clients: z.array(client).max(THINGS_MAX).default([]),
  })
  .meta({ title: 'Guichet configuration' });

export type ConfigurationDocument = z.output<typeof configurationDocument>;

export type Given<Section extends 'apis' | 'roles' | 'identity_providers' | 'trusted_issuers' | 'clients'> =
  ConfigurationDocument[Section][number];

/** JSON Schema (2020-12) of a file, for editors. */
export function configurationJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(configurationDocument, { io: 'input', target: 'draft-2020-12' });
}
