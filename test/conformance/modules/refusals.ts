import { UnsecuredJWT } from 'jose';
import { expect } from 'vitest';

import { createInitialAccessToken } from '../../../src/grants/create-initial-access-token.ts';
import {
  authorize,
  expectError,
  expectErrorPage,
  type Authorization,
  type Parameters,
} from '../authorize.ts';
import type { Suite } from '../suite.ts';

const REQUEST_OBJECT = '/request-object';

/** What must not work. The suite skips some of these where a server says that it lacks the feature; here the no is checked. */
export const refusals = {
  async 'oidcc-response-type-missing'(suite: Suite) {
    const authorization = await authorize(suite, { response_type: undefined });
    expect(['invalid_request', 'unsupported_response_type']).toContain(
      expectError(authorization, suite.issuer),
    );
  },

  /** RFC 8725 §3.1: nobody can be talked into `none`, so it is neither offered nor registered. */
  async 'oidcc-idtoken-unsigned'(suite: Suite) {
    const { metadata, services } = suite;
    expect(metadata.id_token_signing_alg_values_supported).not.toContain('none');
    const { token } = await createInitialAccessToken(services, { ttlSeconds: 60, actor: 'test' });
    const response = await fetch(metadata.registration_endpoint ?? '', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body: JSON.stringify({
        redirect_uris: ['https://client.example/callback'],
        response_types: ['code'],
        id_token_signed_response_alg: 'none',
      }),
    });
    expect(await response.json()).toMatchObject({ error: 'invalid_client_metadata' });
    expect(response.status).toBe(400);
  },

  /** RFC 9700 §4.1: an unknown redirect URI is never visited, not even to say so. */
  async 'oidcc-ensure-registered-redirect-uri'(suite: Suite) {
    const elsewhere = `${suite.client.redirectUri}/unregistered`;
    const page = expectErrorPage(await authorize(suite, { redirect_uri: elsewhere }));
    expect(page.text).toContain('invalid_redirect_uri');
  },

  async 'oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported'(suite: Suite) {
    expect(suite.metadata.request_uri_parameter_supported).toBe(false);
    const { receiver } = suite;
    const authorization = await authorize(suite, { request_uri: receiver.origin + REQUEST_OBJECT });
    expect(expectError(authorization, suite.issuer)).toBe('request_uri_not_supported');
    expect(receiver.count(REQUEST_OBJECT)).toBe(0);
  },

  async 'oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported'(suite: Suite) {
    expect(suite.metadata.request_parameter_supported ?? false).toBe(false);
    const authorization = await authorizeWithObject(suite, {});
    expect(expectError(authorization, suite.issuer)).toBe('request_not_supported');
  },

  /** The registered URI is in the object and another one beside it: the one that was checked must be the one that is used. */
  async 'oidcc-ensure-request-object-with-redirect-uri'(suite: Suite) {
    const elsewhere = `${suite.client.redirectUri}/unregistered`;
    expectErrorPage(await authorizeWithObject(suite, { redirect_uri: elsewhere }));
  },
};

/** OIDC Core §6.1: the request once more, in an unsigned object by value. */
async function authorizeWithObject(suite: Suite, beside: Parameters): Promise<Authorization> {
  const { client, issuer } = suite;
  const object = new UnsecuredJWT({
    client_id: client.id,
    redirect_uri: client.redirectUri,
    response_type: 'code',
    scope: 'openid',
    state: 'state-of-the-object',
    nonce: 'nonce-of-the-object',
  })
    .setIssuer(client.id)
    .setAudience(issuer)
    .encode();
  return authorize(suite, { request: object, ...beside });
}
