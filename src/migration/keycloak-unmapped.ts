import { attribute, type KeycloakClient } from './keycloak-realm.ts';
import type { Notes } from './notes.ts';

interface Feature {
  readonly what: string;
  readonly why: string;
  readonly todo: string;
  readonly isUsed: (client: KeycloakClient) => boolean;
}

/** Client scopes that every realm has: what they stand for is here by itself. */
const OWN_SCOPES = new Set([
  'acr',
  'address',
  'basic',
  'email',
  'microprofile-jwt',
  'offline_access',
  'organization',
  'phone',
  'profile',
  'role_list',
  'roles',
  'saml_organization',
  'service_account',
  'web-origins',
]);

/** What a client may have set that means nothing here. */
const FEATURES: readonly Feature[] = [
  {
    what: 'the implicit flow of a client',
    why: 'Tokens in a redirect leak (RFC 9700 §2.1.2).',
    todo: 'Use the code flow with PKCE.',
    isUsed: ({ implicitFlowEnabled }) => implicitFlowEnabled === true,
  },
  {
    what: 'direct access grants of a client',
    why: 'No application gets to see a password (RFC 9700 §2.4).',
    todo: 'Use the code flow; for machines, client credentials.',
    isUsed: ({ directAccessGrantsEnabled }) => directAccessGrantsEnabled === true,
  },
  {
    what: 'a client that does not have to send PKCE',
    why: 'Every code needs PKCE with S256 here (RFC 9700 §2.1.1).',
    todo: 'See that its library sends code_challenge; most do by themselves or with one option.',
    isUsed: (client) =>
      client.standardFlowEnabled !== false && attribute(client, 'pkce.code.challenge.method') !== 'S256',
  },
  {
    what: 'protocol mappers of a client',
    why: 'Claims of ID tokens are those of OpenID Connect; roles and scopes stand in access tokens.',
    todo: 'See which of them an application reads.',
    isUsed: ({ protocolMappers = [] }) => protocolMappers.length > 0,
  },
  {
    what: 'client scopes of a client',
    why: 'A scope belongs to an API here.',
    todo: 'Make it one: guichet apis update AUDIENCE --scope NAME=DESCRIPTION.',
    isUsed: ({ defaultClientScopes = [], optionalClientScopes = [] }) =>
      [...defaultClientScopes, ...optionalClientScopes].some((name) => !OWN_SCOPES.has(name)),
  },
  {
    what: 'web origins of a client',
    why: 'A browser app is answered on the origins of its own redirect URIs.',
    todo: 'Register a redirect URI there.',
    isUsed: ({ webOrigins = [], redirectUris = [] }) => {
      const covered = new Set(redirectUris.map((uri) => URL.parse(uri)?.origin));
      return webOrigins.some((origin) => origin !== '+' && origin !== '' && !covered.has(origin));
    },
  },
  {
    what: 'front-channel logout of a client',
    why: 'Browsers block it where cookies of others are blocked.',
    todo: 'Give it a backchannel_logout_uri.',
    isUsed: (client) => attribute(client, 'frontchannel.logout.url') !== undefined,
  },
  {
    what: 'authorization services of a client',
    why: 'Resources, policies and permissions (UMA) have no counterpart.',
    todo: 'Let its API decide by scopes and roles.',
    isUsed: ({ authorizationServicesEnabled }) => authorizationServicesEnabled === true,
  },
  {
    what: 'the token lifetime of a client',
    why: 'The lifetime of a token is that of its API.',
    todo: 'guichet apis update AUDIENCE --ttl SECONDS.',
    isUsed: (client) => attribute(client, 'access.token.lifespan') !== undefined,
  },
  {
    what: 'CIBA of a client',
    why: 'There is no back-channel authentication.',
    todo: 'Use the device flow.',
    isUsed: (client) => attribute(client, 'oidc.ciba.grant.enabled') === 'true',
  },
  {
    what: 'token exchange of a client',
    why: 'Whose tokens it may exchange is said by name here.',
    todo: 'guichet clients update CLIENT --exchange-api AUDIENCE.',
    isUsed: (client) => attribute(client, 'standard.token.exchange.enabled') === 'true',
  },
  {
    what: 'certificate-bound tokens of a client',
    why: 'They need a proxy that passes certificates on.',
    todo: 'Set GUICHET_CLIENT_CERTIFICATE_HEADER, then: guichet clients update CLIENT --certificate-bound.',
    isUsed: (client) => attribute(client, 'tls.client.certificate.bound.access.tokens') === 'true',
  },
];

export function noteUnmapped(client: KeycloakClient, notes: Notes): void {
  for (const { what, why, todo, isUsed } of FEATURES) {
    if (isUsed(client)) notes.add({ what, why, todo }, client.clientId);
  }
}
