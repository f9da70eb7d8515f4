import {
  errors,
  type Account as ProviderAccount,
  type Configuration,
  type KoaContextWithOIDC,
} from 'oidc-provider';

import type { Account } from '../accounts/account.ts';
import { ACR } from '../authenticators/acr.ts';
import { generateSecret } from '../clients/secret.ts';
import { newId } from '../crypto/ids.ts';
import { createAdapterFactory } from './adapter.ts';
import { recordJwt, resourceIndicators } from './access-token.ts';
import { assertClaimsParameter, claimsOf, CLAIMS } from './claims.ts';
import { mutualTls, TLS_AUTH_METHODS } from './mutual-tls.ts';
import { strictAssertions } from './client-authentication.ts';
import type { HallContext } from './context.ts';
import { guardedFetch } from './fetch.ts';
import { lifetimes } from './lifetimes.ts';
import { loadGrant } from './load-grant.ts';
import { interactionPolicy, interactionUrl } from './policy.ts';
import { deviceFlowPages, logoutPages, renderError } from './provider-pages.ts';
import { signingKey } from './signing-key.ts';

/**
 * The library's options. Those with security meaning are written out even where they equal the default, so that an
 * upgrade which changes a default changes nothing here. `standards` in the tests holds the rules they serve.
 */
export function providerConfiguration(hall: HallContext): Configuration {
  const { config, keys } = hall;
  const https = config.issuer.startsWith('https:');
  return {
    adapter: createAdapterFactory(hall),
    jwks: { keys: keys.jwks().map(signingKey) },
    findAccount: async (_ctx, sub) => presentAccount(await hall.records.findAccount(sub)),
    claims: CLAIMS,
    scopes: ['openid', 'offline_access'],
    acrValues: Object.values(ACR),
    subjectTypes: ['public'],

    responseTypes: ['code'],
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    clientAuthMethods: [
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      ...(config.clientCertificateHeader === undefined ? [] : TLS_AUTH_METHODS),
      'none',
    ],
    assertJwtClientAuthClaimsAndHeader: strictAssertions(hall),
    clientDefaults: {
      grant_types: ['authorization_code'],
      response_types: ['code'],
      id_token_signed_response_alg: 'RS256',
      token_endpoint_auth_method: 'client_secret_basic',
    },
    enabledJWA: {
      idTokenSigningAlgValues: ['RS256', 'ES256', 'EdDSA'],
      clientAuthSigningAlgValues: ['RS256', 'PS256', 'ES256', 'Ed25519', 'EdDSA'],
      dPoPSigningAlgValues: ['ES256', 'Ed25519', 'EdDSA', 'RS256', 'PS256'],
    },
    // Covers hosts whose clocks drift; FAPI 2.0 §5.3.2.1 asks for at least 10 s into the future.
    clockTolerance: 10,
    clientBasedCORS,

    ttl: lifetimes(config, hall.clock),
    rotateRefreshToken: true,
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: async (_ctx, source) => !source.scopes.has('offline_access'),
    revokeGrantPolicy: (ctx) => !(ctx.oidc.route === 'revocation' && ctx.oidc.entities.AccessToken),
    loadExistingGrant: (ctx) => loadGrant(hall, ctx),
    formats: { bitsOfOpaqueRandomness: 256, customizers: { jwt: recordJwt(hall) } },
    conformIdTokenClaims: true,

    cookies: {
      keys: hall.secrets.cookieKeys,
      // `__Host-` demands the path `/`; the other two are bound to the path of their interaction.
      names: {
        session: https ? '__Host-guichet-session' : 'guichet-session',
        interaction: https ? '__Secure-guichet-interaction' : 'guichet-interaction',
        resume: https ? '__Secure-guichet-resume' : 'guichet-resume',
      },
      long: { signed: true, httpOnly: true, secure: https, sameSite: 'lax', path: '/' },
      short: { signed: true, httpOnly: true, secure: https, sameSite: 'lax' },
    },
    interactions: {
      url: interactionUrl,
      policy: interactionPolicy(hall),
    },
    renderError: renderError(hall.pages),
    fetch: guardedFetch(hall),
    fetchResponseBodyLimits: { jwks_uri: 65_536, sector_identifier_uri: 65_536 },
    discovery: {
      prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
      status_list_aggregation_endpoint: `${config.issuer}/status-lists`,
      // Ours: where APIs that know of it hear of revocations as they happen.
      revocation_stream_endpoint: `${config.issuer}/revocations`,
    },

    features: {
      externalSigningSupport: { enabled: true, ack: 'experimental-01' },
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      claimsParameter: { enabled: true, assertClaimsParameter },
      clientCredentials: { enabled: true },
      deviceFlow: {
        enabled: true,
        charset: 'base-20',
        mask: '****-****',
        ...deviceFlowPages(hall.pages),
      },
      dPoP: {
        enabled: true,
        nonceSecret: hall.secrets.dpopNonceSecret,
        requireNonce: () => false,
        allowReplay: false,
      },
      introspection: {
        enabled: true,
        // Opaque tokens are for userinfo alone: only the client they were issued to may ask about them.
        allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId,
      },
      jwtUserinfo: { enabled: false },
      mTLS: mutualTls(config),
      pushedAuthorizationRequests: {
        enabled: true,
        requirePushedAuthorizationRequests: false,
        allowUnregisteredRedirectUris: false,
      },
      registration: {
        enabled: true,
        initialAccessToken: true,
        issueRegistrationAccessToken: true,
        idFactory: () => newId('cli'),
        secretFactory: async () => generateSecret(hall.secrets).value,
      },
      registrationManagement: { enabled: true, rotateRegistrationAccessToken: true },
      requestObjects: { enabled: false },
      resourceIndicators: resourceIndicators(hall),
      revocation: {
        enabled: true,
        // RFC 7009 §2.1: a token of somebody else is refused, and the client is told.
        allowedPolicy: async (_ctx, client, token) => {
          if (token.clientId === client.clientId) return true;
          throw new errors.InvalidRequest('client is not authorized to revoke the presented token');
        },
      },
      rpInitiatedLogout: { enabled: true, ...logoutPages(hall.pages) },
      userinfo: { enabled: true },
    },
  };
}

/** RFC 10017: a browser app is answered on the origins of its own redirect URIs. Never `null`, which sandboxes share. */
function clientBasedCORS(
  _ctx: KoaContextWithOIDC,
  origin: string,
  client: { redirectUris?: readonly string[] | undefined },
): boolean {
  return (client.redirectUris ?? []).some((uri) => URL.parse(uri)?.origin === origin && origin !== 'null');
}

/** A disabled person is nobody: the library then refuses every code, refresh and token of theirs. */
function presentAccount(account: Account | undefined): ProviderAccount | undefined {
  if (!account || account.disabledAt) return undefined;
  return { accountId: account.id, claims: async () => claimsOf(account) };
}
