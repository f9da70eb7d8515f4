import type { JSONWebKeySet } from 'jose';
import * as oauth from 'oauth4webapi';

import type { Account } from '../../src/accounts/account.ts';
import type { Services } from '../../src/services.ts';
import { makeClient, makePerson } from '../support/factories.ts';
import { startTestServer } from '../support/server.ts';
import { fetchKeys } from './keys.ts';
import { openReceiver, type Receiver } from './receiver.ts';

/**
 * What a plan of the OpenID Foundation's conformance suite is run against: one server with its keys and metadata as a
 * client sees them, the suite's two clients (and one for `client_secret_post`), and somebody who can sign in.
 *
 * The suite's modules send no `code_challenge`; this server asks every client for one (RFC 9700 §2.1.1), so every request
 * here has it. Nothing else is added.
 */
export interface Suite {
  readonly issuer: string;
  readonly services: Services;
  readonly metadata: oauth.AuthorizationServer;
  readonly keys: JSONWebKeySet;
  readonly responseMode: ResponseMode;
  readonly receiver: Receiver;
  readonly person: Account;
  readonly client: TestClient;
  readonly secondClient: TestClient;
  readonly postClient: TestClient;
  close(): Promise<void>;
}

/** `default` is `query` for the code flow. */
export type ResponseMode = 'default' | 'form_post';

export interface TestClient {
  readonly id: string;
  readonly secret: string;
  readonly authentication: oauth.ClientAuth;
  readonly redirectUri: string;
  readonly postLogoutRedirectUri: string;
}

/** Plain http, on loopback. */
export const INSECURE = { [oauth.allowInsecureRequests]: true } as const;

export const CALLBACK = '/callback';
export const POST_LOGOUT = '/post-logout';
export const BACK_CHANNEL = '/back-channel-logout';

const PROFILE = {
  name: 'Ada King Lovelace',
  given_name: 'Ada',
  family_name: 'Lovelace',
  middle_name: 'King',
  nickname: 'Countess',
  profile: 'https://people.example/ada',
  picture: 'https://people.example/ada.png',
  website: 'https://ada.example',
  gender: 'female',
  birthdate: '1815-12-10',
  zoneinfo: 'Europe/London',
  locale: 'en-GB',
  phone_number: '+44 20 7946 0018',
  phone_number_verified: true,
  address: {
    formatted: '12 St James’s Square\nLondon SW1Y 4JH\nUnited Kingdom',
    street_address: '12 St James’s Square',
    locality: 'London',
    postal_code: 'SW1Y 4JH',
    country: 'GB',
  },
};

export async function openSuite({
  responseMode = 'default',
  clientMetadata = {},
}: {
  responseMode?: ResponseMode;
  /** Of all clients, given the origin of the receiver. */
  clientMetadata?:
    Readonly<Record<string, unknown>> | ((origin: string) => Readonly<Record<string, unknown>>);
} = {}): Promise<Suite> {
  const server = await startTestServer();
  const receiver = await openReceiver();
  const { services } = server;
  const issuer = new URL(server.issuer);
  const discovery = await oauth.discoveryRequest(issuer, INSECURE);
  const metadata = await oauth.processDiscoveryResponse(issuer, discovery);
  const more = typeof clientMetadata === 'function' ? clientMetadata(receiver.origin) : clientMetadata;

  async function register(method: 'client_secret_basic' | 'client_secret_post'): Promise<TestClient> {
    const redirectUri = receiver.origin + CALLBACK;
    const postLogoutRedirectUri = receiver.origin + POST_LOGOUT;
    const { id, secret = '' } = await makeClient(services, 'web', {
      metadata: {
        redirect_uris: [redirectUri],
        post_logout_redirect_uris: [postLogoutRedirectUri],
        token_endpoint_auth_method: method,
        ...more,
      },
    });
    const authentication =
      method === 'client_secret_basic' ? oauth.ClientSecretBasic(secret) : oauth.ClientSecretPost(secret);
    return { id, secret, authentication, redirectUri, postLogoutRedirectUri };
  }

  return {
    issuer: server.issuer,
    services,
    metadata,
    keys: await fetchKeys(metadata),
    responseMode,
    receiver,
    person: await makePerson(services, { username: 'ada', profile: PROFILE }),
    client: await register('client_secret_basic'),
    secondClient: await register('client_secret_basic'),
    postClient: await register('client_secret_post'),
    async close() {
      await receiver.close();
      await server.stop();
    },
  };
}
