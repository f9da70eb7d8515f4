import { NO_BRAND } from '../../src/clients/brand.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/config.ts';
import type { ApiFacts, ClientFacts, Facts, PeopleFacts } from '../../src/report/facts.ts';

export const AT = new Date('2026-06-01T12:00:00Z');

export function daysAgo(days: number): Date {
  return new Date(AT.getTime() - days * 86_400_000);
}

/** Of a production server; variables without their prefix. */
export function makeConfig(variables: Readonly<Record<string, string>> = {}): Config {
  const named = Object.entries(variables).map(([name, value]) => [`GUICHET_${name}`, value]);
  return loadConfig({
    GUICHET_MODE: 'production',
    GUICHET_ISSUER: 'https://login.example.com',
    GUICHET_SECRET: 'vN3f0tXkqTz1bR8mWc5LhYp2UeJ7dGsA',
    GUICHET_ENCRYPTION_KEY: 'q83vEjRWeJq83vEjRWeJq8fN1pT0sLZ2kXo5wYh7bUc=',
    ...Object.fromEntries(named),
  });
}

const CONFIG = makeConfig();

export const PEOPLE: PeopleFacts = {
  total: 10,
  passwordOnly: 0,
  dormant: 0,
  importedHashes: 0,
  administrators: [
    { accountId: 'acc_1', name: 'ada', roles: ['owner'], hasSecondFactor: true, signedInAt: daysAgo(1) },
  ],
};

export const HEADERS = {
  'content-security-policy': "default-src 'none'; style-src 'self'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=63072000; includeSubDomains',
};

/** A server without a finding. */
export function makeFacts(facts: Partial<Facts> = {}): Facts {
  return {
    at: AT,
    config: CONFIG,
    clients: [],
    apis: [],
    keys: [],
    people: PEOPLE,
    log: { events: 100, checkpointAt: daysAgo(0), sinks: 1 },
    live: {
      problem: undefined,
      headers: HEADERS,
      tls: { protocol: 'TLSv1.3', certificateExpiresAt: daysAgo(-60), trusted: true },
    },
    ...facts,
  };
}

/** A web application without a finding. */
export function makeClientFacts(client: Partial<ClientFacts> = {}): ClientFacts {
  return {
    id: 'cli_1',
    origin: 'operator',
    firstParty: true,
    defaultApiId: null,
    actsForApiId: null,
    requirement: 'any',
    disabledAt: null,
    secrets: [],
    apis: [],
    brand: NO_BRAND,
    exchange: null,
    createdAt: daysAgo(400),
    updatedAt: daysAgo(400),
    adminScopes: [],
    ...client,
    metadata: {
      client_name: 'Notes',
      application_type: 'web',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: ['https://notes.example/callback'],
      token_endpoint_auth_method: 'private_key_jwt',
      dpop_bound_access_tokens: true,
      require_pushed_authorization_requests: true,
      backchannel_logout_uri: 'https://notes.example/logout',
      id_token_signed_response_alg: 'ES256',
      ...client.metadata,
    },
  };
}

/** An API without a finding. */
export function makeApiFacts(api: Partial<ApiFacts> = {}): ApiFacts {
  return {
    id: 'api_1',
    audience: 'https://api.example/orders',
    name: 'Orders',
    scopes: [{ name: 'orders:read', description: 'Read orders' }],
    tokenTtlSeconds: 600,
    signingAlg: 'ES256',
    requirement: 'any',
    enforcesRoles: true,
    origin: 'operator',
    disabledAt: null,
    createdAt: daysAgo(400),
    updatedAt: daysAgo(400),
    clients: 1,
    ...api,
  };
}
