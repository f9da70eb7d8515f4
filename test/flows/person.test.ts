import * as oauth from 'oauth4webapi';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Account } from '../../src/accounts/account.ts';
import { createInitialAccessToken } from '../../src/grants/create-initial-access-token.ts';
import { createWalker } from '../support/browser-walker.ts';
import { makeApi, makeClient, makePerson, ORDERS } from '../support/factories.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { walkThrough } from '../support/sign-in.ts';

let server: TestServer;
let person: Account;
const REDIRECT = 'http://localhost:4999/callback';
const access = { apis: [{ audience: ORDERS, scopes: ['orders:read', 'orders:write'] }] };
const http = { execute: [client.allowInsecureRequests] };

beforeAll(async () => {
  server = await startTestServer();
  await makeApi(server.services);
  person = await makePerson(server.services);
});
afterAll(() => server.stop());

async function discover(made: { id: string; secret?: string }) {
  return client.discovery(
    new URL(server.issuer),
    made.id,
    made.secret,
    made.secret ? undefined : client.None(),
    http,
  );
}

/** Code, PKCE, state and nonce, with the person walking through the pages. */
async function signIn(
  config: client.Configuration,
  parameters: Record<string, string>,
  { par = false, DPoP, walker = createWalker({ origin: server.issuer }) }: SignInOptions = {},
) {
  const pkceCodeVerifier = client.randomPKCECodeVerifier();
  const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
  const request = {
    redirect_uri: REDIRECT,
    state: expectedState,
    nonce: expectedNonce,
    code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    ...parameters,
  };
  const url = par
    ? await client.buildAuthorizationUrlWithPAR(config, request, DPoP ? { DPoP } : {})
    : client.buildAuthorizationUrl(config, request);
  const page = await walkThrough(walker, await walker.visit(url.href), person);
  if (!page.leavesTo) throw new Error(`stuck at ${page.url.href}: ${page.text}`);
  const checks = { pkceCodeVerifier, expectedState, expectedNonce };
  return client.authorizationCodeGrant(config, page.leavesTo, checks, {}, DPoP ? { DPoP } : {});
}
interface SignInOptions {
  par?: boolean;
  DPoP?: client.DPoPHandle;
  walker?: ReturnType<typeof createWalker>;
}

describe('signing a person in, through openid-client', () => {
  test('a web application gets an ID token, a JWT for its API, userinfo and a refresh', async () => {
    const made = await makeClient(server.services, 'web', {
      ...access,
      metadata: { redirect_uris: [REDIRECT] },
    });
    const config = await discover(made);
    const tokens = await signIn(config, { scope: 'openid profile email orders:read', resource: ORDERS });
    expect(tokens.claims()).toMatchObject({ sub: person.id, aud: made.id, amr: ['pwd'] });

    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '');
    expect(refreshed.claims()?.sub).toBe(person.id);
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token);

    const plain = await signIn(config, { scope: 'openid profile email' });
    const info = await client.fetchUserInfo(config, plain.access_token, person.id);
    expect(info).toMatchObject({ name: 'Ada Lovelace', email: person.email, email_verified: true });
  });

  test('a browser app without a secret signs in and refreshes, across origins', async () => {
    const made = await makeClient(server.services, 'spa', {
      ...access,
      metadata: { redirect_uris: [REDIRECT] },
    });
    const tokens = await signIn(await discover(made), { scope: 'openid orders:read' });
    const response = await fetch(`${server.issuer}/token`, {
      method: 'POST',
      headers: { Origin: new URL(REDIRECT).origin },
      body: new URLSearchParams({
        grant_type: 'refresh_token',
        refresh_token: tokens.refresh_token ?? '',
        client_id: made.id,
      }),
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('access-control-allow-origin')).toBe(new URL(REDIRECT).origin);
  });

  test('one sign-in is enough for the next application', async () => {
    const walker = createWalker({ origin: server.issuer });
    const first = await makeClient(server.services, 'web', {
      firstParty: true,
      metadata: { redirect_uris: [REDIRECT] },
    });
    const second = await makeClient(server.services, 'web', {
      firstParty: true,
      metadata: { redirect_uris: [REDIRECT] },
    });
    const one = await signIn(await discover(first), { scope: 'openid' }, { walker });
    const two = await signIn(await discover(second), { scope: 'openid', prompt: 'none' }, { walker });
    expect(two.claims()?.auth_time).toBe(one.claims()?.auth_time);
    expect(two.claims()?.sub).toBe(one.claims()?.sub);
  });

  test('pushed authorization request and DPoP bind code, token and refresh to one key', async () => {
    const made = await makeClient(server.services, 'spa', {
      ...access,
      metadata: {
        redirect_uris: [REDIRECT],
        dpop_bound_access_tokens: true,
        require_pushed_authorization_requests: true,
      },
    });
    const config = await discover(made);
    const DPoP = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
    const tokens = await signIn(config, { scope: 'openid orders:read' }, { par: true, DPoP });
    expect(tokens.token_type).toBe('dpop');
    await expect(client.refreshTokenGrant(config, tokens.refresh_token ?? '')).rejects.toThrow();
    const other = client.getDPoPHandle(config, await client.randomDPoPKeyPair('ES256'));
    await expect(
      client.refreshTokenGrant(config, tokens.refresh_token ?? '', {}, { DPoP: other }),
    ).rejects.toThrow();
    const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '', {}, { DPoP });
    expect(refreshed.token_type).toBe('dpop');
  });

  test('a device without a browser is let in from another one', async () => {
    const made = await makeClient(server.services, 'device', access);
    const config = await discover(made);
    const started = await client.initiateDeviceAuthorization(config, { scope: 'openid orders:read' });
    const walker = createWalker({ origin: server.issuer });
    const code = await walker.visit(started.verification_uri);
    const confirm = await walker.submit(code, { user_code: started.user_code });
    const pages = await walker.submit(confirm);
    const done = await walkThrough(walker, pages, person);
    expect(done.status).toBe(200);
    const tokens = await client.pollDeviceAuthorizationGrant(config, { ...started, interval: 1 });
    expect(tokens.claims()?.sub).toBe(person.id);
  });
});

describe('dynamic registration, through oauth4webapi', () => {
  test('an application registers itself, reads, changes and removes itself', async () => {
    const { token } = await createInitialAccessToken(server.services, { ttlSeconds: 600, actor: 'test' });
    const as = await oauth.processDiscoveryResponse(
      new URL(server.issuer),
      await oauth.discoveryRequest(new URL(server.issuer), { [oauth.allowInsecureRequests]: true }),
    );
    const registered = await oauth.processDynamicClientRegistrationResponse(
      await oauth.dynamicClientRegistrationRequest(
        as,
        { client_name: 'Self made', redirect_uris: ['https://self.example/cb'] },
        { [oauth.allowInsecureRequests]: true, initialAccessToken: token },
      ),
    );
    expect(registered['client_secret']).toMatch(/^gcs_/);

    const uri = String(registered['registration_client_uri']);
    const read = await manage(uri, String(registered['registration_access_token']));
    expect(read.status).toBe(200);
    const shown = (await read.json()) as Record<string, unknown>;
    expect(shown).not.toHaveProperty('client_secret');

    const {
      registration_access_token: rat,
      registration_client_uri: _uri,
      client_id_issued_at: _at,
      ...metadata
    } = shown;
    const body = { ...metadata, client_secret: registered['client_secret'], client_name: 'Renamed' };
    delete (body as Record<string, unknown>)['client_secret_expires_at'];
    const updated = await manage(uri, String(rat), 'PUT', body);
    expect(updated.status).toBe(200);
    const changed = (await updated.json()) as Record<string, unknown>;
    expect(changed).toMatchObject({ client_name: 'Renamed' });

    const wrong = await manage(uri, String(changed['registration_access_token']), 'PUT', {
      ...body,
      client_secret: 'gcs_wrong',
    });
    expect(wrong.status).toBe(400);
    expect((await manage(uri, String(changed['registration_access_token']), 'DELETE')).status).toBe(204);
    expect((await manage(uri, String(changed['registration_access_token']))).status).toBe(401);
  });

  test('nobody registers without an initial access token', async () => {
    const response = await fetch(`${server.issuer}/reg`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ redirect_uris: ['https://self.example/cb'] }),
    });
    expect(response.status).toBe(401);
  });
});

function manage(uri: string, token: string, method = 'GET', body?: unknown): Promise<Response> {
  return fetch(uri, {
    method,
    headers: { Authorization: `Bearer ${token}`, ...(body ? { 'Content-Type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
}
