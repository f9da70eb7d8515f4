import { isStrongSecret } from '../clients/secret.ts';
import type { Auth0Apis } from './auth0-apis.ts';
import type { Auth0Client, Auth0Tenant } from './auth0-documents.ts';
import type { ForeignClient, MigrationChoices } from './migration.ts';
import type { Notes } from './notes.ts';
import { usableAddresses } from './redirect-uris.ts';

interface Parts {
  readonly tenant: Auth0Tenant;
  readonly apis: Auth0Apis;
  readonly choices: MigrationChoices;
  readonly notes: Notes;
}

const KNOWN_GRANTS = new Set([
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:device_code',
]);

export function mapClients(parts: Parts): ForeignClient[] {
  // The tenant itself, as a client.
  return parts.tenant.clients
    .filter((client) => client.global !== true)
    .flatMap((client) => mapClient(client, parts) ?? []);
}

function mapClient(client: Auth0Client, parts: Parts): ForeignClient | undefined {
  const { notes, choices } = parts;
  const id = client.client_id;
  noteUnmapped(client, notes);
  const method = methodOf(client, notes);
  const isNative = client.app_type === 'native';
  const redirects = [...(client.callbacks ?? []), ...(choices.redirectUris.get(id) ?? [])];
  const addresses = usableAddresses(
    id,
    { redirects, postLogout: client.allowed_logout_urls ?? [], isNative },
    notes,
  );
  const grantTypes = grantTypesOf(client, { method, hasRedirects: addresses.redirectUris.length > 0, notes });
  if (grantTypes.length === 0 || (grantTypes.length === 1 && grantTypes[0] === 'refresh_token')) {
    const why = 'Nothing is left that it could ask tokens with.';
    notes.add(
      { what: 'a client', why, todo: 'Import again with --redirect-uri CLIENT=URI, or register it anew.' },
      id,
    );
    return undefined;
  }
  const takesRedirects = grantTypes.includes('authorization_code');
  const apis = accessOf(client, grantTypes, parts);
  const backchannel = (client.oidc_logout ?? client.oidc_backchannel_logout)?.backchannel_logout_urls?.[0];
  return {
    id,
    metadata: {
      client_name: client.name || id,
      application_type: isNative ? 'native' : 'web',
      grant_types: grantTypes,
      response_types: takesRedirects ? ['code'] : [],
      redirect_uris: takesRedirects ? addresses.redirectUris : [],
      ...(addresses.postLogoutUris.length > 0 && { post_logout_redirect_uris: addresses.postLogoutUris }),
      token_endpoint_auth_method: method,
      ...(backchannel !== undefined && { backchannel_logout_uri: backchannel }),
    },
    secret: method === 'none' ? undefined : secretOf(client, notes),
    firstParty: client.is_first_party !== false,
    apis,
    defaultAudience: apis.length === 1 ? (apis[0]?.audience ?? null) : null,
    actsForAudience: null,
    roles: [],
    disabled: false,
  };
}

function methodOf(client: Auth0Client, notes: Notes): string {
  const { token_endpoint_auth_method: method, app_type: type } = client;
  if (client.client_authentication_methods !== undefined) {
    const why = 'It authenticates with a key or a certificate, of which the export has the name only.';
    const todo = 'guichet clients update CLIENT --auth-method private_key_jwt --jwks-file FILE.';
    notes.add({ what: 'how a client authenticates', why, todo }, client.client_id);
  }
  if (method === 'none' || method === 'client_secret_basic' || method === 'client_secret_post') return method;
  return type === 'spa' || type === 'native' ? 'none' : 'client_secret_post';
}

function grantTypesOf(
  client: Auth0Client,
  { method, hasRedirects, notes }: { method: string; hasRedirects: boolean; notes: Notes },
): string[] {
  const given = [...new Set(client.grant_types ?? ['authorization_code', 'refresh_token'])];
  for (const grantType of given.filter((one) => !KNOWN_GRANTS.has(one))) {
    const why =
      'The implicit flow and passwords in applications are no more (RFC 9700 §2.1.2, §2.4); others are Auth0’s own.';
    notes.add(
      { what: `the grant ${grantType.slice(0, 80)}`, why, todo: 'Use the code flow with PKCE.' },
      client.client_id,
    );
  }
  return given.filter((grantType) => {
    if (!KNOWN_GRANTS.has(grantType)) return false;
    if (grantType === 'client_credentials') return method !== 'none';
    return grantType !== 'authorization_code' || hasRedirects;
  });
}

/** An application for people may ask for all there is, a machine for what it was granted. */
function accessOf(
  { client_id: id }: Auth0Client,
  grantTypes: readonly string[],
  { tenant, apis }: Parts,
): ForeignClient['apis'] {
  const isForPeople = grantTypes.some((grantType) => grantType !== 'client_credentials');
  const all = apis.apis.map(({ audience, scopes }) => ({ audience, scopes: scopes.map(({ name }) => name) }));
  if (isForPeople) return all;
  const grants = tenant.client_grants.filter((grant) => grant.client_id === id);
  return grants.flatMap(({ audience, scope = [] }) => {
    const own = apis.audienceOf(audience);
    return own === undefined ? [] : [{ audience: own, scopes: scope }];
  });
}

function secretOf({ client_id: id, client_secret: secret }: Auth0Client, notes: Notes): string | undefined {
  if (secret !== undefined && isStrongSecret(secret)) return secret;
  const why =
    secret === undefined
      ? 'It is not in the export: the API shows it with the scope read:client_keys.'
      : 'It is worth less than 128 bits: too short, or of too few different characters.';
  const todo = 'Give the application a new one: guichet clients rotate-secret CLIENT --overlap 0.';
  notes.add({ what: 'a client secret', why, todo }, id);
  return undefined;
}

function noteUnmapped(client: Auth0Client, notes: Notes): void {
  const { client_id: id, callbacks = [], web_origins: web = [], allowed_origins: allowed = [] } = client;
  const covered = new Set(callbacks.map((uri) => URL.parse(uri)?.origin));
  if ([...web, ...allowed].some((origin) => !covered.has(URL.parse(origin)?.origin))) {
    const why = 'A browser app is answered on the origins of its own redirect URIs.';
    notes.add({ what: 'web origins of a client', why, todo: 'Register a redirect URI there.' }, id);
  }
  if (client.jwt_configuration?.alg === 'HS256') {
    const why = 'ID tokens are signed with a key, not with the secret.';
    notes.add(
      { what: 'how ID tokens are signed', why, todo: 'Have the library verify RS256 with /jwks.' },
      id,
    );
  }
  if (Object.keys(client.addons ?? {}).length > 0)
    notes.add(
      { what: 'add-ons of a client', why: 'They have no counterpart.', todo: 'Move to OpenID Connect.' },
      id,
    );
}
