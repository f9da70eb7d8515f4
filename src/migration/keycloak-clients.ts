import { isStrongSecret } from '../clients/secret.ts';
import { attribute, type KeycloakClient, type KeycloakRealm, type KeycloakUser } from './keycloak-realm.ts';
import { clientMetadata } from './keycloak-client-metadata.ts';
import { OWN_CLIENTS, type KeycloakRoles } from './keycloak-roles.ts';
import type { ForeignClient, MigrationChoices } from './migration.ts';
import type { Notes } from './notes.ts';
import { noteUnmapped } from './keycloak-unmapped.ts';

export interface KeycloakParts {
  readonly realm: KeycloakRealm;
  readonly roles: KeycloakRoles;
  /** What clients that act for themselves have, by client id: Keycloak keeps a user for each. */
  readonly serviceAccounts: ReadonlyMap<string, KeycloakUser>;
  readonly choices: MigrationChoices;
  readonly notes: Notes;
}

/** Everything that asks for tokens; what only checks them has become an API (keycloak-roles.ts). */
export function mapClients(parts: KeycloakParts): ForeignClient[] {
  return (parts.realm.clients ?? []).flatMap((client) => {
    if (OWN_CLIENTS.has(client.clientId) || client.bearerOnly) return [];
    return mapClient(client, parts) ?? [];
  });
}

function mapClient(client: KeycloakClient, parts: KeycloakParts): ForeignClient | undefined {
  const { roles, notes } = parts;
  const id = client.clientId;
  if ((client.protocol ?? 'openid-connect') !== 'openid-connect') {
    const why =
      'Applications sign people in over OpenID Connect here; SAML is spoken with identity providers only.';
    notes.add({ what: 'a SAML client', why, todo: 'Move the application to OpenID Connect.' }, id);
    return undefined;
  }
  const metadata = clientMetadata(client, parts.choices, notes);
  if (!metadata) return undefined;
  noteUnmapped(client, notes);
  const apis = accessOf(client, parts);
  const account = parts.serviceAccounts.get(id);
  return {
    id,
    metadata,
    secret: secretOf(client, metadata, notes),
    firstParty: client.consentRequired !== true,
    apis,
    defaultAudience: apis.length === 1 ? (apis[0]?.audience ?? null) : null,
    actsForAudience: client.publicClient === true ? null : (roles.audienceOf(id) ?? null),
    roles: account
      ? roles.expand({ realm: account.realmRoles ?? [], client: account.clientRoles ?? {} })
      : [],
    disabled: client.enabled === false,
  };
}

/** What it may ask for: all there is with the full scope, else its own roles and what was mapped to it. */
function accessOf(client: KeycloakClient, { realm, roles }: KeycloakParts): ForeignClient['apis'] {
  const all = roles.apis.map(({ audience, scopes }) => ({
    audience,
    scopes: scopes.map(({ name }) => name),
  }));
  if (client.fullScopeAllowed !== false) return all;
  const own = realm.roles?.client?.[client.clientId]?.map(({ name }) => name) ?? [];
  const mapped = (list: KeycloakRealm['scopeMappings']) =>
    list?.filter((one) => one.client === client.clientId).flatMap((one) => one.roles) ?? [];
  const byClient = new Map(
    Object.entries(realm.clientScopeMappings ?? {}).map(([api, list]) => [api, mapped(list)]),
  );
  byClient.set(client.clientId, [...own, ...(byClient.get(client.clientId) ?? [])]);
  const allowed = roles.expand({ realm: mapped(realm.scopeMappings), client: Object.fromEntries(byClient) });
  return all.flatMap(({ audience }) => {
    const scopes = allowed.filter(({ api }) => api === audience).map(({ role }) => role);
    return scopes.length > 0 ? [{ audience, scopes: [...new Set(scopes)].sort() }] : [];
  });
}

function secretOf(
  client: KeycloakClient,
  metadata: Readonly<Record<string, unknown>>,
  notes: Notes,
): string | undefined {
  if (metadata['token_endpoint_auth_method'] !== 'client_secret_basic') return undefined;
  const { secret } = client;
  if (secret !== undefined && isStrongSecret(secret)) {
    const others = ['client.secret.rotated', 'client.secret.rotation.enabled'];
    if (others.some((name) => attribute(client, name) !== undefined))
      notes.add(
        {
          what: 'a rotated secret',
          why: 'Only the present one is taken over.',
          todo: 'Let the application use the present one.',
        },
        client.clientId,
      );
    return secret;
  }
  const isMasked = secret === undefined || /^\*+$/.test(secret);
  const why = isMasked
    ? 'It is not in the export: a partial export masks it.'
    : 'It is worth less than 128 bits: too short, or of too few different characters.';
  const todo = 'Give the application a new one: guichet clients rotate-secret CLIENT --overlap 0.';
  notes.add({ what: 'a client secret', why, todo }, client.clientId);
  return undefined;
}
