import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

import type { JSONWebKeySet } from 'jose';
import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { freePort, startTestServer, type TestServer } from '../support/server.ts';
import { checkKeys } from './keys.ts';

const ISSUER = 'https://sso.example';

const ENDPOINTS = [
  'authorization_endpoint',
  'token_endpoint',
  'userinfo_endpoint',
  'jwks_uri',
  'registration_endpoint',
  'end_session_endpoint',
  'introspection_endpoint',
  'revocation_endpoint',
  'device_authorization_endpoint',
  'pushed_authorization_request_endpoint',
  'status_list_aggregation_endpoint',
  'revocation_stream_endpoint',
];

/** RFC 6749 §3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

describe('oidcc-config-certification-test-plan', () => {
  let server: TestServer;
  let port: number;

  /** What a reverse proxy does: TLS ends there, and the request goes on to the server with the Host it came with. */
  async function throughProxy(url: string): Promise<Response> {
    const { pathname, search, host } = new URL(url);
    const request = get({ host: '127.0.0.1', port, path: pathname + search, headers: { Host: host } });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    const headers = { 'Content-Type': response.headers['content-type'] ?? '' };
    return new Response(await text(response), { status: response.statusCode ?? 0, headers });
  }

  beforeAll(async () => {
    port = await freePort();
    server = await startTestServer({
      env: {
        GUICHET_MODE: 'production',
        GUICHET_HOST: '127.0.0.1',
        GUICHET_PORT: String(port),
        GUICHET_ISSUER: ISSUER,
        // Production refuses the key of the other tests, which is no secret.
        GUICHET_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      },
    });
  });
  afterAll(() => server.stop());

  test('oidcc-discovery-endpoint-verification', async () => {
    const response = await oauth.discoveryRequest(new URL(ISSUER), { [oauth.customFetch]: throughProxy });
    expect(response.status).toBe(200);
    expect(response.headers.get('Content-Type')).toMatch(/^application\/json\b/);
    const metadata = await oauth.processDiscoveryResponse(new URL(ISSUER), response);

    expect(metadata.issuer).toBe(ISSUER);
    for (const name of ENDPOINTS) expect(String(metadata[name])).toMatch(/^https:\/\/sso\.example\/[^?#]+$/);
    const others = Object.keys(metadata).filter((name) => /_endpoint$|_uri$/.test(name));
    expect(others.toSorted()).toEqual(ENDPOINTS.toSorted());

    expect(metadata.response_types_supported).toEqual(['code']);
    expect(metadata.subject_types_supported).toEqual(['public']);
    expect(metadata.id_token_signing_alg_values_supported).toContain('RS256');
    expect(metadata.grant_types_supported).toContain('authorization_code');
    expect(metadata.claims_supported).toEqual(
      expect.arrayContaining(['sub', 'iss', 'auth_time', 'name', 'email']),
    );
    expect(metadata.claims_parameter_supported).toBe(true);
    expect(metadata.scopes_supported).toContain('openid');
    for (const scope of metadata.scopes_supported ?? []) expect(scope).toMatch(SCOPE);
    expect(metadata.code_challenge_methods_supported).toEqual(['S256']);
    expect(metadata.authorization_response_iss_parameter_supported).toBe(true);
    // OIDC Discovery §3: left out, the first means no and the second means yes.
    expect(metadata.request_parameter_supported ?? false).toBe(false);
    expect(metadata.request_uri_parameter_supported).toBe(false);

    const keys = await throughProxy(String(metadata.jwks_uri));
    expect(keys.status).toBe(200);
    const jwks = (await keys.json()) as JSONWebKeySet;
    checkKeys(jwks);
    const algorithms = jwks.keys.map(({ alg }) => alg);
    expect(algorithms).toEqual(expect.arrayContaining(metadata.id_token_signing_alg_values_supported ?? []));
  });
});
