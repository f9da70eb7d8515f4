import { createHash, randomBytes } from 'node:crypto';

import * as oauth from 'oauth4webapi';
import { vi } from 'vitest';

import type { Account } from '../../src/accounts/account.ts';
import type { NewClient } from '../../src/clients/create-client.ts';
import type { ClientKind } from '../../src/clients/kinds.ts';
import type { Api } from '../../src/resources/api.ts';
import { createWalker, type Page, type Walker } from '../support/browser-walker.ts';
import { makeApi, makeClient, makePerson, ORDERS, PASSWORD } from '../support/factories.ts';
import { startTestServer, type TestServer, type TestServerOptions } from '../support/server.ts';
import { basic, form, post, send, type Answer, type Fields } from './http.ts';

/**
 * A server with one person, two APIs and an honest client, and the steps that every attack begins with. Legitimate steps
 * go through oauth4webapi, so that what is attacked is known to be correct; the attack itself is a bare request.
 */
export interface Scene {
  readonly server: TestServer;
  readonly issuer: string;
  readonly port: number;
  readonly person: Account;
  readonly as: oauth.AuthorizationServer;
  stop(): Promise<void>;
}

export const BILLS = 'https://api.example/bills';
export const CALLBACK = 'https://rp.example/callback';
export const SCOPE = 'openid orders:read offline_access';

export const ORDERS_ACCESS = { audience: ORDERS, scopes: ['orders:read', 'orders:write'] };
export const BILLS_ACCESS = { audience: BILLS, scopes: ['bills:read'] };

/** The server under test speaks http on a loopback address, which oauth4webapi wants to be told. */
export const insecure = { [oauth.allowInsecureRequests]: true } as const;

export async function openScene(options: TestServerOptions = {}): Promise<Scene> {
  const server = await startTestServer(options);
  const { services, issuer } = server;
  const person = await makePerson(services);
  const url = new URL(issuer);
  const as = await oauth.processDiscoveryResponse(
    url,
    await oauth.discoveryRequest(url, { ...insecure, algorithm: 'oauth2' }),
  );
  const { port } = services.config.listen;
  const scene = { server, issuer, port, person, as, stop: () => server.stop() };
  await addApi(scene, {});
  await addApi(scene, {
    audience: BILLS,
    name: 'Bills',
    scopes: [{ name: 'bills:read', description: 'Read your bills' }],
  });
  return scene;
}

/** Another API, once the server has heard of it: what was made beside it reaches it as a notification. */
export async function addApi({ server }: Scene, input: Parameters<typeof makeApi>[1]): Promise<Api> {
  const api = await makeApi(server.services, input);
  await vi.waitUntil(() => server.services.apis.findByAudience(api.audience));
  return api;
}

export interface RelyingParty {
  readonly id: string;
  readonly secret: string | undefined;
  readonly redirectUri: string;
  /** How it names itself in a form, and in headers. */
  readonly fields: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** A client with both APIs and one redirect URI, unless told otherwise. */
export async function addClient(
  { server }: Scene,
  kind: ClientKind,
  { metadata, ...input }: Partial<Omit<NewClient, 'actor'>> = {},
): Promise<RelyingParty> {
  const redirects = kind === 'web' || kind === 'spa' || kind === 'native';
  const { id, secret } = await makeClient(server.services, kind, {
    apis: kind === 'api' ? [] : [ORDERS_ACCESS, BILLS_ACCESS],
    ...input,
    metadata: { ...(redirects ? { redirect_uris: [CALLBACK] } : {}), ...metadata },
  });
  const uris = metadata?.['redirect_uris'];
  const redirectUri = Array.isArray(uris) ? String(uris[0]) : CALLBACK;
  return {
    id,
    secret,
    redirectUri,
    fields: secret === undefined ? { client_id: id } : {},
    headers: secret === undefined ? {} : { Authorization: basic(id, secret) },
  };
}

export interface Flow {
  readonly client: RelyingParty;
  readonly walker: Walker;
  readonly verifier: string;
  readonly callback: URL;
  readonly code: string;
}

/** An authorization request as an honest client makes it, with a PKCE verifier to go with it. */
export function authorizationRequest(
  client: RelyingParty,
  params: Readonly<Record<string, string | undefined>> = {},
): { readonly verifier: string; readonly fields: Readonly<Record<string, string | undefined>> } {
  const verifier = randomBytes(32).toString('base64url');
  return {
    verifier,
    fields: {
      client_id: client.id,
      redirect_uri: client.redirectUri,
      response_type: 'code',
      scope: SCOPE,
      resource: ORDERS,
      prompt: 'consent',
      state: 'af0ifjsldkj',
      code_challenge: challengeOf(verifier),
      code_challenge_method: 'S256',
      ...params,
    },
  };
}

export function challengeOf(verifier: string): string {
  return createHash('sha256').update(verifier).digest('base64url');
}

export function authorizeUrl({ issuer }: Scene, fields: Fields): string {
  return `${issuer}/auth?${form(fields)}`;
}

/** The same request by form. The server turns it into the GET that it stands for, which a browser then sends. */
export async function askByForm({ issuer }: Scene, fields: Fields): Promise<Answer> {
  const answer = await post(`${issuer}/auth`, fields);
  return answer.location?.pathname === '/auth' ? send(answer.location) : answer;
}

/** The person signs in where asked and allows what is asked. */
export async function walk(scene: Scene, walker: Walker, start: Page): Promise<Page> {
  let page = start;
  for (let step = 0; step < 5 && !page.leavesTo; step += 1) {
    const [form] = page.forms;
    if (form?.action.pathname.endsWith('/sign-in')) {
      const identifier = scene.person.email ?? '';
      page = await walker.submit(page, { identifier, password: PASSWORD }, { form: '/sign-in' });
    } else if (form?.action.pathname.endsWith('/consent')) {
      page = await walker.submit(page, {}, { name: 'decision', value: 'allow' });
    } else return page;
  }
  return page;
}

/** The whole front channel. Throws when it ends anywhere but at the client, with a code. */
export async function authorize(
  scene: Scene,
  client: RelyingParty,
  params: Readonly<Record<string, string | undefined>> = {},
  walker: Walker = createWalker({ origin: scene.issuer }),
): Promise<Flow> {
  const { verifier, fields } = authorizationRequest(client, params);
  const page = await walk(scene, walker, await walker.visit(authorizeUrl(scene, fields)));
  const code = page.leavesTo?.searchParams.get('code');
  if (!page.leavesTo || !code) {
    throw new Error(`no code: ${page.status} ${page.leavesTo?.href ?? page.text}`);
  }
  return { client, walker, verifier, callback: page.leavesTo, code };
}

/** The token request that fits the flow, changed as an attacker likes. */
export function redeem(
  { issuer }: Scene,
  { client, code, verifier }: Flow,
  changes: Readonly<Record<string, string | undefined>> = {},
  headers: Readonly<Record<string, string>> = client.headers,
): Promise<Answer> {
  const fields = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: client.redirectUri,
    code_verifier: verifier,
    ...client.fields,
    ...changes,
  };
  return post(`${issuer}/token`, fields, headers);
}

export interface Tokens {
  readonly access: string;
  readonly refresh: string;
  readonly id: string;
}

/** Redeems as oauth4webapi does, which checks the response and the ID token on the way. */
export async function tokensOf(scene: Scene, flow: Flow, dpop?: oauth.DPoPHandle): Promise<Tokens> {
  const client = { client_id: flow.client.id };
  const callback = oauth.validateAuthResponse(scene.as, client, flow.callback, oauth.skipStateCheck);
  const response = await oauth.authorizationCodeGrantRequest(
    scene.as,
    client,
    authenticationOf(flow.client),
    callback,
    flow.client.redirectUri,
    flow.verifier,
    { ...insecure, ...(dpop ? { DPoP: dpop } : {}) },
  );
  const result = await oauth.processAuthorizationCodeResponse(scene.as, client, response);
  return { access: result.access_token, refresh: result.refresh_token ?? '', id: result.id_token ?? '' };
}

export function authenticationOf({ secret }: RelyingParty): oauth.ClientAuth {
  return secret === undefined ? oauth.None() : oauth.ClientSecretBasic(secret);
}

export async function issue(
  scene: Scene,
  client: RelyingParty,
  params: Readonly<Record<string, string | undefined>> = {},
): Promise<Tokens> {
  return tokensOf(scene, await authorize(scene, client, params));
}

export function refresh(
  { issuer }: Scene,
  client: RelyingParty,
  token: string,
  changes: Readonly<Record<string, string | undefined>> = {},
  headers: Readonly<Record<string, string>> = client.headers,
): Promise<Answer> {
  const fields = { grant_type: 'refresh_token', refresh_token: token, ...client.fields, ...changes };
  return post(`${issuer}/token`, fields, headers);
}

export function introspect(
  { issuer }: Scene,
  client: RelyingParty,
  token: string,
  changes: Readonly<Record<string, string | undefined>> = {},
): Promise<Answer> {
  return post(`${issuer}/token/introspection`, { token, ...client.fields, ...changes }, client.headers);
}

export function revokeToken(
  { issuer }: Scene,
  client: RelyingParty,
  token: string,
  changes: Readonly<Record<string, string | undefined>> = {},
): Promise<Answer> {
  return post(`${issuer}/token/revocation`, { token, ...client.fields, ...changes }, client.headers);
}

export function machineToken(
  { issuer }: Scene,
  client: RelyingParty,
  changes: Readonly<Record<string, string | undefined>> = {},
): Promise<Answer> {
  const fields = { grant_type: 'client_credentials', resource: ORDERS, scope: 'orders:read' };
  return post(`${issuer}/token`, { ...fields, ...client.fields, ...changes }, client.headers);
}
