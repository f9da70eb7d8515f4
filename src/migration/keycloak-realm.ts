import { z } from 'zod';

import { AppError } from '../errors.ts';

/** The parts of a realm export (RealmRepresentation of Keycloak's Admin REST API) that are looked at; all others are passed over. */

/** Twice what Keycloak itself can still show in its console. */
const LIST_MAX = 20_000;
const TEXT_LENGTH_MAX = 4000;

const text = z.string().max(TEXT_LENGTH_MAX);
const texts = z.array(text).max(LIST_MAX).default([]);
/** Keycloak writes null for what was never set. */
const maybe = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? undefined);
const flag = maybe(z.boolean());

const roleDocument = z.object({
  name: text,
  description: maybe(text),
  composites: maybe(z.object({ realm: maybe(texts), client: maybe(z.record(z.string(), texts)) })),
});

const clientDocument = z.object({
  clientId: text,
  name: maybe(text),
  description: maybe(text),
  protocol: maybe(text),
  enabled: flag,
  rootUrl: maybe(text),
  baseUrl: maybe(text),
  redirectUris: maybe(texts),
  webOrigins: maybe(texts),
  secret: maybe(text),
  clientAuthenticatorType: maybe(text),
  publicClient: flag,
  bearerOnly: flag,
  consentRequired: flag,
  standardFlowEnabled: flag,
  implicitFlowEnabled: flag,
  directAccessGrantsEnabled: flag,
  serviceAccountsEnabled: flag,
  authorizationServicesEnabled: flag,
  fullScopeAllowed: flag,
  frontchannelLogout: flag,
  attributes: maybe(z.record(z.string(), z.unknown())),
  defaultClientScopes: maybe(texts),
  optionalClientScopes: maybe(texts),
  protocolMappers: maybe(z.array(z.object({ name: text, protocolMapper: maybe(text) })).max(LIST_MAX)),
});

const scopeMappings = z
  .array(z.object({ client: maybe(text), clientScope: maybe(text), roles: texts }))
  .max(LIST_MAX);

/** Of a full export each user may have far more; they are read one by one. */
export const userDocument = z.object({
  id: maybe(text),
  username: maybe(text),
  serviceAccountClientId: maybe(text),
  realmRoles: maybe(texts),
  clientRoles: maybe(z.record(z.string(), texts)),
  groups: maybe(texts),
  requiredActions: maybe(texts),
  attributes: maybe(z.record(z.string(), z.array(text).max(LIST_MAX))),
  credentials: maybe(z.array(z.record(z.string(), z.unknown())).max(LIST_MAX)),
  federatedIdentities: maybe(z.array(z.object({ identityProvider: text })).max(LIST_MAX)),
  federationLink: maybe(text),
});

const component = z.object({
  name: maybe(text),
  providerId: maybe(text),
  config: z.record(z.string(), z.array(z.string().max(64_000)).max(100)).default({}),
});

const realmDocument = z.object({
  realm: text.min(1),
  accessTokenLifespan: maybe(z.number()),
  roles: maybe(
    z.object({
      realm: maybe(z.array(roleDocument).max(LIST_MAX)),
      client: maybe(z.record(z.string(), z.array(roleDocument).max(LIST_MAX))),
    }),
  ),
  groups: maybe(z.array(z.unknown()).max(LIST_MAX)),
  clients: maybe(z.array(clientDocument).max(LIST_MAX)),
  scopeMappings: maybe(scopeMappings),
  clientScopeMappings: maybe(z.record(z.string(), scopeMappings)),
  clientScopes: maybe(z.array(z.object({ name: text })).max(LIST_MAX)),
  identityProviders: maybe(z.array(z.object({ alias: text })).max(LIST_MAX)),
  components: maybe(
    z.object({
      'org.keycloak.keys.KeyProvider': maybe(z.array(component).max(100)),
      'org.keycloak.storage.UserStorageProvider': maybe(z.array(component).max(100)),
    }),
  ),
  users: maybe(z.array(z.unknown())),
});

export type KeycloakRealm = z.output<typeof realmDocument>;
export type KeycloakClient = z.output<typeof clientDocument>;
export type KeycloakRole = z.output<typeof roleDocument>;
export type KeycloakUser = z.output<typeof userDocument>;
export type KeycloakComponent = z.output<typeof component>;

/** Throws `invalid_export` (400), naming members and no values. */
export function readRealm(value: unknown): KeycloakRealm {
  const read = realmDocument.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const where = issue?.path.map(String).join('.').slice(0, 200);
  throw new AppError('invalid_export', `This is no realm export of Keycloak: ${where}: ${issue?.message}.`, {
    status: 400,
  });
}

/** Keycloak writes attributes as texts; of a client each is one. */
export function attribute(client: KeycloakClient, name: string): string | undefined {
  const value =
    client.attributes && Object.hasOwn(client.attributes, name) ? client.attributes[name] : undefined;
  return typeof value === 'string' && value !== '' ? value : undefined;
}
