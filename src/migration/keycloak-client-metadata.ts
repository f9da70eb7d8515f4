import { attribute, type KeycloakClient } from './keycloak-realm.ts';
import type { MigrationChoices } from './migration.ts';
import type { Notes } from './notes.ts';
import { looksNative, usableAddresses, type Addresses } from './redirect-uris.ts';

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const ID_TOKEN_ALGS = new Set(['RS256', 'ES256', 'EdDSA']);

/** RFC 7591 members. undefined: it cannot be a client here, which is noted. */
export function clientMetadata(
  client: KeycloakClient,
  choices: MigrationChoices,
  notes: Notes,
): Record<string, unknown> | undefined {
  const id = client.clientId;
  const authentication = authenticationOf(client, notes);
  if (!authentication) return undefined;
  const addresses = addressesOf(client, choices, notes);
  const grantTypes = grantTypesOf(client, addresses, notes);
  if (grantTypes.length === 0 && authentication['token_endpoint_auth_method'] === 'none') {
    const why = 'Nothing is left that it could ask tokens with.';
    notes.add(
      { what: 'a client', why, todo: 'Import again with --redirect-uri CLIENT=URI, or register it anew.' },
      id,
    );
    return undefined;
  }
  const isOn = (name: string) => (attribute(client, name) === 'true' ? true : undefined);
  const alg = attribute(client, 'id.token.signed.response.alg');
  const backchannel = attribute(client, 'backchannel.logout.url');
  const takesRedirects = grantTypes.includes('authorization_code');
  return {
    client_name: nameOf(client),
    application_type: addresses.isNative ? 'native' : 'web',
    grant_types: grantTypes,
    response_types: takesRedirects ? ['code'] : [],
    redirect_uris: takesRedirects ? addresses.redirectUris : [],
    ...(addresses.postLogoutUris.length > 0 && { post_logout_redirect_uris: addresses.postLogoutUris }),
    ...authentication,
    ...(backchannel !== undefined && { backchannel_logout_uri: backchannel }),
    ...(backchannel !== undefined && {
      backchannel_logout_session_required: isOn('backchannel.logout.session.required'),
    }),
    ...(alg !== undefined && ID_TOKEN_ALGS.has(alg) && { id_token_signed_response_alg: alg }),
    dpop_bound_access_tokens: isOn('dpop.bound.access.tokens'),
    require_pushed_authorization_requests: isOn('require.pushed.authorization.requests'),
  };
}

/** Keycloak's own names stand for translations. */
function nameOf({ clientId, name }: KeycloakClient): string {
  return name === undefined || name === '' || name.startsWith('${') ? clientId : name;
}

function authenticationOf(client: KeycloakClient, notes: Notes): Record<string, unknown> | undefined {
  if (client.publicClient === true) return { token_endpoint_auth_method: 'none' };
  switch (client.clientAuthenticatorType ?? 'client-secret') {
    case 'client-secret':
      return { token_endpoint_auth_method: 'client_secret_basic' };
    case 'client-jwt': {
      const jwks_uri =
        attribute(client, 'use.jwks.url') === 'true' ? attribute(client, 'jwks.url') : undefined;
      const jwks = readJwks(attribute(client, 'jwks.string'));
      if (jwks_uri !== undefined) return { token_endpoint_auth_method: 'private_key_jwt', jwks_uri };
      if (jwks !== undefined) return { token_endpoint_auth_method: 'private_key_jwt', jwks };
      const why = 'It authenticates with a key that the export has no JWKS of.';
      const todo = 'guichet clients create --id CLIENT --auth-method private_key_jwt --jwks-file FILE …';
      notes.add({ what: 'a client', why, todo }, client.clientId);
      return undefined;
    }
    case 'client-secret-jwt': {
      const why = 'A JWT of a shared secret is not taken: the secret itself is, or a JWT of a key.';
      const todo = 'Let the application send its secret (client_secret_basic).';
      notes.add({ what: 'how a client authenticates', why, todo }, client.clientId);
      return { token_endpoint_auth_method: 'client_secret_basic' };
    }
    default: {
      const why = `How it authenticates (${client.clientAuthenticatorType?.slice(0, 40)}) has no counterpart.`;
      const todo =
        'guichet clients create --id CLIENT --auth-method self_signed_tls_client_auth, or another method.';
      notes.add({ what: 'a client', why, todo }, client.clientId);
      return undefined;
    }
  }
}

function readJwks(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** `+` stands for all redirect URIs, a path is under the root URL, `##` separates. */
function addressesOf(client: KeycloakClient, { redirectUris }: MigrationChoices, notes: Notes): Addresses {
  const root = client.rootUrl ?? '';
  const whole = (uri: string) => (uri.startsWith('/') ? `${root.replace(/\/$/, '')}${uri}` : uri);
  const chosen = redirectUris.get(client.clientId) ?? [];
  const redirects =
    client.standardFlowEnabled === false ? [] : [...(client.redirectUris ?? []).map(whole), ...chosen];
  const after = attribute(client, 'post.logout.redirect.uris')?.split('##') ?? [];
  const postLogout = after.flatMap((uri) =>
    uri === '+' ? redirects.filter((one) => !one.includes('*')) : whole(uri),
  );
  const isNative = looksNative(redirects, client.publicClient === true);
  return usableAddresses(
    client.clientId,
    { redirects, postLogout: postLogout.filter((uri) => uri !== '-'), isNative },
    notes,
  );
}

function grantTypesOf(client: KeycloakClient, { redirectUris }: Addresses, notes: Notes): string[] {
  const grantTypes: string[] = [];
  const refreshes = attribute(client, 'use.refresh.tokens') !== 'false';
  if (client.standardFlowEnabled !== false) {
    if (redirectUris.length > 0) grantTypes.push('authorization_code');
    else {
      const why = 'None of its redirect URIs can be taken over.';
      const todo = 'Import it with --redirect-uri CLIENT=URI, or give it to the client afterwards.';
      notes.add({ what: 'the code flow of a client', why, todo }, client.clientId);
    }
  }
  if (attribute(client, 'oauth2.device.authorization.grant.enabled') === 'true') grantTypes.push(DEVICE);
  if (grantTypes.length > 0 && refreshes) grantTypes.push('refresh_token');
  if (client.serviceAccountsEnabled === true && client.publicClient !== true)
    grantTypes.push('client_credentials');
  return grantTypes;
}
