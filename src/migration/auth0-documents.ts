import { z } from 'zod';

import { AppError } from '../errors.ts';

/** What the Management API of Auth0 answers, and its deploy CLI exports, as far as it is looked at. */

const LIST_MAX = 20_000;
const text = z.string().max(4000);
const maybe = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);
const texts = maybe(z.array(text).max(LIST_MAX));

const client = z.object({
  client_id: text,
  name: maybe(text),
  client_secret: maybe(text),
  app_type: maybe(text),
  global: maybe(z.boolean()),
  is_first_party: maybe(z.boolean()),
  callbacks: texts,
  allowed_logout_urls: texts,
  allowed_origins: texts,
  web_origins: texts,
  grant_types: texts,
  token_endpoint_auth_method: maybe(text),
  jwt_configuration: maybe(z.object({ alg: maybe(text) })),
  oidc_backchannel_logout: maybe(z.object({ backchannel_logout_urls: texts })),
  oidc_logout: maybe(z.object({ backchannel_logout_urls: texts })),
  client_authentication_methods: maybe(z.record(z.string(), z.unknown())),
  addons: maybe(z.record(z.string(), z.unknown())),
  client_metadata: maybe(z.record(z.string(), z.unknown())),
});

const resourceServer = z.object({
  identifier: text,
  name: maybe(text),
  is_system: maybe(z.boolean()),
  scopes: maybe(z.array(z.object({ value: text, description: maybe(text) })).max(LIST_MAX)),
  signing_alg: maybe(text),
  token_lifetime: maybe(z.number()),
  enforce_policies: maybe(z.boolean()),
});

const role = z.object({
  name: text,
  description: maybe(text),
  permissions: maybe(
    z.array(z.object({ permission_name: text, resource_server_identifier: text })).max(LIST_MAX),
  ),
  /** Of `GET /roles/{id}/users`, put there by whoever exports. */
  users: maybe(z.array(z.object({ user_id: text }))),
});

const grant = z.object({ client_id: text, audience: text, scope: texts });
const connection = z.object({ name: text, strategy: maybe(text) });

const parts = {
  clients: z.array(client).max(LIST_MAX),
  resource_servers: z.array(resourceServer).max(LIST_MAX),
  roles: z.array(role).max(LIST_MAX),
  client_grants: z.array(grant).max(LIST_MAX),
  connections: z.array(connection).max(LIST_MAX),
};

export type Auth0Part = keyof typeof parts;
export type Auth0Client = z.output<typeof client>;
export type Auth0Role = z.output<typeof role>;
export type Auth0Tenant = { readonly [P in Auth0Part]: z.output<(typeof parts)[P]> };

export const AUTH0_PARTS = Object.keys(parts) as readonly Auth0Part[];

export const userDocument = z.object({
  user_id: text,
  identities: maybe(z.array(z.object({ connection: maybe(text), provider: maybe(text) })).max(LIST_MAX)),
  app_metadata: z.unknown().optional(),
  user_metadata: z.unknown().optional(),
  multifactor: z.unknown().optional(),
});

/** Of the file of password hashes that Auth0’s support makes. */
export const hashDocument = z.object({
  _id: z.object({ $oid: text }),
  alt_id: maybe(text),
  passwordHash: maybe(text),
});

/** Parts by their names; a page of the API (`{ clients: […] }`) is as good as its list. Throws `invalid_export` (400). */
export function readTenant(given: ReadonlyMap<Auth0Part, unknown>): Auth0Tenant {
  const read = AUTH0_PARTS.map((part) => {
    const value = given.get(part) ?? [];
    const list =
      typeof value === 'object' && value !== null && part in value ? Reflect.get(value, part) : value;
    const result = parts[part].safeParse(list);
    if (result.success) return [part, result.data] as const;
    const [issue] = result.error.issues;
    const where = [part, ...(issue?.path ?? [])].map(String).join('.').slice(0, 200);
    throw new AppError('invalid_export', `This is no export of Auth0: ${where}: ${issue?.message}.`, {
      status: 400,
    });
  });
  return Object.fromEntries(read) as unknown as Auth0Tenant;
}
