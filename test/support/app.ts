import { createHash, randomBytes } from 'node:crypto';

import type { ClientKind } from '../../src/clients/kinds.ts';
import type { Services } from '../../src/services.ts';
import type { Walker } from './browser-walker.ts';
import { makeClient, ORDERS, PASSWORD } from './factories.ts';
import type { Answer, Form, Node } from './node.ts';

/** An application as its own developers see it: what it was registered as, and the requests it makes, by hand. */
export interface App {
  readonly id: string;
  readonly secret: string | undefined;
  readonly redirectUri: string;
  /** What it asks for when nothing else is said. */
  readonly scope: string;
  readonly resource: string | undefined;
}

export interface AppOptions {
  readonly kind?: ClientKind;
  readonly scope?: string;
  /** null: tokens for userinfo alone. */
  readonly resource?: string | null;
  readonly firstParty?: boolean;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

const ORDERS_SCOPES = ['orders:read', 'orders:write'];

/** By default a first-party web application that may use the API of `makeApi`, which must exist already. */
export async function makeApp(services: Services, options: AppOptions = {}): Promise<App> {
  const {
    kind = 'web',
    resource = ORDERS,
    firstParty = true,
    scope = resource === null ? 'openid profile' : 'openid orders:read',
    metadata = {},
  } = options;
  const takesRedirects = ['web', 'spa', 'native'].includes(kind);
  const redirectUri = `https://${randomBytes(6).toString('hex')}.example/callback`;
  const { id, secret } = await makeClient(services, kind, {
    firstParty,
    apis: resource === null ? [] : [{ audience: resource, scopes: ORDERS_SCOPES }],
    metadata: { ...(takesRedirects ? { redirect_uris: [redirectUri] } : {}), ...metadata },
  });
  return { id, secret, redirectUri, scope, resource: resource ?? undefined };
}

/** One for all: what is tested with it is never whether it is hard to guess. */
const VERIFIER = randomBytes(32).toString('base64url');
const CHALLENGE = createHash('sha256').update(VERIFIER).digest('base64url');

/** Parameters set to undefined are left out. */
export type Overrides = Readonly<Record<string, string | undefined>>;

export function authorizationParams(app: App, overrides: Overrides = {}): Form {
  return withOverrides(
    {
      client_id: app.id,
      response_type: 'code',
      redirect_uri: app.redirectUri,
      scope: app.scope,
      ...(app.resource === undefined ? {} : { resource: app.resource }),
      code_challenge: CHALLENGE,
      code_challenge_method: 'S256',
    },
    overrides,
  );
}

export function authorizationPath(app: App, overrides: Overrides = {}): string {
  return `/auth?${new URLSearchParams(authorizationParams(app, overrides)).toString()}`;
}

/** Authenticates the way the application was registered: with its secret in the header, or by its name alone. */
export function post(node: Node, app: App, path: string, form: Form, headers: Form = {}): Promise<Answer> {
  if (app.secret === undefined)
    return node.call('POST', path, { headers, form: { client_id: app.id, ...form } });
  const credentials = Buffer.from(`${app.id}:${encodeURIComponent(app.secret)}`).toString('base64');
  return node.call('POST', path, { headers: { authorization: `Basic ${credentials}`, ...headers }, form });
}

export function redeem(
  node: Node,
  app: App,
  code: string,
  overrides: Overrides = {},
  headers: Form = {},
): Promise<Answer> {
  const form = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: app.redirectUri,
    code_verifier: VERIFIER,
  };
  return post(node, app, '/token', withOverrides(form, overrides), headers);
}

export function refresh(node: Node, app: App, token: string, overrides: Overrides = {}): Promise<Answer> {
  const form = { grant_type: 'refresh_token', refresh_token: token };
  return post(node, app, '/token', withOverrides(form, overrides));
}

export function introspect(node: Node, app: App, token: string): Promise<Answer> {
  return post(node, app, '/token/introspection', { token });
}

export function revokeAt(node: Node, app: App, token: string): Promise<Answer> {
  return post(node, app, '/token/revocation', { token });
}

export function userinfo(node: Node, token: string): Promise<Answer> {
  return node.call('GET', '/me', { headers: { authorization: `Bearer ${token}` } });
}

/** Asks for a code as a browser that is signed in already. */
export async function authorize(
  node: Node,
  app: App,
  cookie: string,
  overrides: Overrides = {},
): Promise<Answer> {
  return node.call('GET', authorizationPath(app, overrides), { headers: { cookie } });
}

/** The code of an authorization that went through at once. */
export async function mintCode(
  node: Node,
  app: App,
  cookie: string,
  overrides: Overrides = {},
): Promise<string> {
  const answer = await authorize(node, app, cookie, overrides);
  return codeOf(answer.location, () => `${answer.status} ${answer.location?.href ?? answer.text}`);
}

export interface Tokens {
  readonly access: string;
  readonly refresh: string;
  readonly id: string;
}

/** The tokens of an answer; empty text for what it does not contain. */
export function tokensOf({ json }: Answer): Tokens {
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  return {
    access: text(json['access_token']),
    refresh: text(json['refresh_token']),
    id: text(json['id_token']),
  };
}

export async function obtainTokens(
  node: Node,
  app: App,
  cookie: string,
  overrides: Overrides = {},
  headers: Form = {},
): Promise<Tokens> {
  const answer = await redeem(node, app, await mintCode(node, app, cookie, overrides), {}, headers);
  if (answer.status !== 200) throw new Error(`no tokens: ${answer.status} ${answer.text}`);
  return tokensOf(answer);
}

/** Through the pages, to the code at the end. */
export async function signIn(
  walker: Walker,
  app: App,
  person: { readonly email: string | null },
  overrides: Overrides = {},
): Promise<string> {
  const form = await walker.visit(authorizationPath(app, overrides));
  const fields = { identifier: person.email ?? '', password: PASSWORD, remember: 'on' };
  let page = await walker.submit(form, fields, { form: '/sign-in' });
  if (!page.leavesTo) page = await walker.submit(page, {}, { value: 'allow' });
  return codeOf(page.leavesTo, () => `${page.status} ${page.heading}: ${page.text}`);
}

/** Begins the device flow (RFC 8628 §3.1). */
export function startDevice(node: Node, app: App): Promise<Answer> {
  const resource = app.resource === undefined ? {} : { resource: app.resource };
  return post(node, app, '/device/auth', { scope: app.scope, ...resource });
}

/** A person who is signed in types the code of a device and lets it in. */
export async function approveDevice(walker: Walker, { json }: Answer): Promise<void> {
  const form = await walker.visit(String(json['verification_uri']));
  const confirm = await walker.submit(form, { user_code: String(json['user_code']) });
  const consent = await walker.submit(confirm);
  const done = await walker.submit(consent, {}, { value: 'allow' });
  if (done.status !== 200 || done.forms.length > 0)
    throw new Error(`not let in: ${done.status} ${done.text}`);
}

export function pollDevice(node: Node, app: App, { json }: Answer): Promise<Answer> {
  const device_code = String(json['device_code']);
  return post(node, app, '/token', {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code,
  });
}

/** What the browser sends along to every page of the issuer. */
export function cookiesOf(walker: Walker, issuer: string): string {
  return walker.cookies.headerFor(new URL(issuer));
}

function codeOf(url: URL | undefined, describe: () => string): string {
  const code = url?.searchParams.get('code');
  if (!code) throw new Error(`no code but ${describe()}`);
  return code;
}

function withOverrides(form: Form, overrides: Overrides): Form {
  const pairs = Object.entries({ ...form, ...overrides });
  return Object.fromEntries(pairs.filter((pair): pair is [string, string] => pair[1] !== undefined));
}
