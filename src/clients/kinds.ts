/** What people call their applications, and the metadata each of them means. Anything may be overridden. */
export const CLIENT_KINDS = {
  web: {
    application_type: 'web',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
  },
  // RFC 9700 §2.1.1: code in the browser keeps no secret.
  spa: {
    application_type: 'web',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  },
  // RFC 8252 §8.4: neither does an app that everybody can download.
  native: {
    application_type: 'native',
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  },
  machine: {
    application_type: 'web',
    grant_types: ['client_credentials'],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
  },
  device: {
    application_type: 'native',
    grant_types: ['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'],
    response_types: [],
    token_endpoint_auth_method: 'none',
  },
  // An API that introspects the tokens it receives; it gets none itself.
  api: {
    application_type: 'web',
    grant_types: [],
    response_types: [],
    token_endpoint_auth_method: 'client_secret_basic',
  },
} as const satisfies Record<string, Readonly<Record<string, unknown>>>;

export type ClientKind = keyof typeof CLIENT_KINDS;
