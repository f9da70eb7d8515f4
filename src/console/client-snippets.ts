import type { Snippet } from '../../views/locals/console-applications.ts';
import type { ClientDocument } from '../documents/client.ts';
import { quoted } from '../words.ts';
import { whatIs } from './clients.ts';

/** How both programs begin. */
const LIBRARY = ["import { env } from 'node:process';", "import * as client from 'openid-client';"].join(
  '\n',
);

const SECRET = '"$CLIENT_SECRET"';

/** What a developer pastes next, for the kind of application it is. */
export function clientSnippets(issuer: string, client: ClientDocument): Snippet[] {
  const [redirect = 'https://app.example.com/callback'] = client.redirect_uris ?? [];
  const api = client.apis.find(({ audience }) => audience === client.default_api) ?? client.apis[0];
  const facts = { issuer, client, redirect, audience: api?.audience, scopes: api?.scopes ?? [] };
  const environment = { title: 'Environment', text: environmentOf(facts) };
  switch (whatIs(client)) {
    case 'Machine':
      return [environment, { title: 'A token with curl', text: tokenWithCurl(facts) }, machineInNode(facts)];
    case 'Device':
      return [environment, { title: 'A code for the device with curl', text: deviceWithCurl(facts) }];
    case 'API credentials':
      return [environment, { title: 'Is this token alive?', text: introspection(facts) }];
    default:
      return [environment, signInInNode(facts)];
  }
}

interface Facts {
  readonly issuer: string;
  readonly client: ClientDocument;
  readonly redirect: string;
  readonly audience: string | undefined;
  readonly scopes: readonly string[];
}

function environmentOf({ issuer, client, redirect, audience }: Facts): string {
  return [
    `OIDC_ISSUER=${issuer}`,
    `CLIENT_ID=${client.client_id}`,
    ...(keepsSecret(client) ? ['CLIENT_SECRET=…'] : []),
    ...(client.redirect_uris?.length ? [`REDIRECT_URI=${redirect}`] : []),
    ...(audience === undefined ? [] : [`API_AUDIENCE=${audience}`]),
  ].join('\n');
}

function tokenWithCurl({ issuer, client, audience, scopes }: Facts): string {
  return [
    `curl ${issuer}/token -u ${quoted(client.client_id)}:${SECRET} \\`,
    '  -d grant_type=client_credentials',
    ...(audience === undefined ? [] : [` --data-urlencode ${quoted(`resource=${audience}`)}`]),
    ...(scopes.length === 0 ? [] : [` --data-urlencode ${quoted(`scope=${scopes.join(' ')}`)}`]),
  ].join('');
}

function deviceWithCurl({ issuer, client, audience }: Facts): string {
  const resource = audience === undefined ? '' : ` --data-urlencode ${quoted(`resource=${audience}`)}`;
  return `curl ${issuer}/device/auth -d client_id=${quoted(client.client_id)} -d scope=openid${resource}`;
}

function introspection({ issuer, client }: Facts): string {
  return `curl ${issuer}/token/introspection -u ${quoted(client.client_id)}:${SECRET} \\\n  --data-urlencode "token=$TOKEN"`;
}

function machineInNode({ audience, scopes }: Facts): Snippet {
  const members = [
    ...(audience === undefined ? [] : ['resource: env.API_AUDIENCE']),
    ...(scopes.length === 0 ? [] : [`scope: ${JSON.stringify(scopes.join(' '))}`]),
  ];
  return {
    title: 'In Node, with openid-client',
    text: `${LIBRARY}

const { OIDC_ISSUER, CLIENT_ID, CLIENT_SECRET } = env;
const auth = client.ClientSecretBasic(CLIENT_SECRET);
const config = await client.discovery(new URL(OIDC_ISSUER), CLIENT_ID, {}, auth);
const tokens = await client.clientCredentialsGrant(config, { ${members.join(', ')} });`,
  };
}

function signInInNode({ client, audience, scopes }: Facts): Snippet {
  const scope = ['openid', ...scopes].join(' ');
  const auth = keepsSecret(client) ? 'client.ClientSecretBasic(env.CLIENT_SECRET)' : 'client.None()';
  const resource = audience === undefined ? '' : '\n  resource: env.API_AUDIENCE,';
  return {
    title: 'In Node, with openid-client',
    text: `${LIBRARY}

const issuer = new URL(env.OIDC_ISSUER);
const auth = ${auth};
const config = await client.discovery(issuer, env.CLIENT_ID, {}, auth);
const verifier = client.randomPKCECodeVerifier();
const url = client.buildAuthorizationUrl(config, {
  redirect_uri: env.REDIRECT_URI,
  scope: ${JSON.stringify(scope)},${resource}
  code_challenge: await client.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
});
// Send the browser to url; when it is back at the redirect URI:
const tokens = await client.authorizationCodeGrant(config, currentUrl, { pkceCodeVerifier: verifier });`,
  };
}

function keepsSecret({
  token_endpoint_auth_method: method = 'client_secret_basic',
}: ClientDocument): boolean {
  return method.startsWith('client_secret');
}
