/**
 * An application that signs a person in and then uses what it got: refresh, introspect, revoke, and see it dead.
 *   CLIENT_ID=… CLIENT_SECRET=… node examples/sign-in.ts
 * Register it with the redirect URI http://localhost:8080/callback. Everything OAuth here is openid-client's work.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

import * as client from 'openid-client';

const env = process.env;
const issuer = new URL(env['ISSUER'] ?? 'http://localhost:3000');
const port = Number(env['PORT'] ?? 8080);
const redirectUri = `http://localhost:${port}/callback`;
const scope = env['SCOPE'] ?? 'openid profile email orders:read';
const { CLIENT_ID = '', CLIENT_SECRET = '' } = env;

const config = await client.discovery(
  issuer,
  CLIENT_ID,
  { client_secret: CLIENT_SECRET },
  client.ClientSecretBasic(CLIENT_SECRET),
  // Only because this is http://localhost; leave it out in production.
  { execute: [client.allowInsecureRequests] },
);

const codeVerifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const nonce = client.randomNonce();
const authorizationUrl = client.buildAuthorizationUrl(config, {
  redirect_uri: redirectUri,
  scope,
  state,
  nonce,
  code_challenge: await client.calculatePKCECodeChallenge(codeVerifier),
  code_challenge_method: 'S256',
});

const waitForCallback = await listen();
console.log(`Open this in a browser:\n\n  ${authorizationUrl.href}\n`);
const { url, respond } = await waitForCallback();

const tokens = await client.authorizationCodeGrant(config, url, {
  pkceCodeVerifier: codeVerifier,
  expectedState: state,
  expectedNonce: nonce,
});
console.log('signed in as', tokens.claims()?.sub);
console.log('access token for', audienceOf(tokens.access_token));

const refreshed = await client.refreshTokenGrant(config, tokens.refresh_token ?? '');
console.log('refreshed; the refresh token is a new one:', refreshed.refresh_token !== tokens.refresh_token);
console.log('active:', (await client.tokenIntrospection(config, refreshed.access_token)).active);

await client.tokenRevocation(config, refreshed.refresh_token ?? '');
console.log('revoked the refresh token, and the access tokens of its grant died with it');
console.log('active:', (await client.tokenIntrospection(config, refreshed.access_token)).active);
console.log('active:', (await client.tokenIntrospection(config, tokens.access_token)).active);
respond('You can close this page; the rest is in the terminal.');

interface Callback {
  readonly url: URL;
  readonly respond: (text: string) => void;
}

/** Listens for the one request that brings the person back. */
async function listen(): Promise<() => Promise<Callback>> {
  const server = createServer().listen(port, 'localhost');
  await once(server, 'listening');
  const { promise, resolve } = Promise.withResolvers<Callback>();
  server.on('request', (req: IncomingMessage, res: ServerResponse) => {
    const requested = new URL(req.url ?? '/', redirectUri);
    if (requested.pathname !== '/callback') {
      res.writeHead(404).end();
      return;
    }
    resolve({
      url: requested,
      respond(text) {
        res.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' }).end(text);
        server.close();
      },
    });
  });
  return () => promise;
}

function audienceOf(jwt: string): unknown {
  const [, payload = ''] = jwt.split('.');
  const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
  return typeof claims === 'object' && claims !== null && 'aud' in claims ? claims.aud : undefined;
}
