import { randomBytes } from 'node:crypto';

import { ADMIN_API_ID } from '../../src/resources/built-in.ts';
import { ADMIN_SCOPES, type AdminScope } from '../../src/admin/scopes.ts';
import { adminAudience } from '../../src/admin/paths.ts';
import { assignRole } from '../../src/roles/assign-role.ts';
import { createRole } from '../../src/roles/create-role.ts';
import type { Subject } from '../../src/roles/role.ts';
import type { Services } from '../../src/services.ts';
import { makeClient } from '../support/factories.ts';
import { startTestServer, type TestServer, type TestServerOptions } from '../support/server.ts';

/** A server with its admin API, and requests to it as an operator's program makes them. */
export interface AdminScene {
  readonly server: TestServer;
  readonly issuer: string;
  /** An access token of a new client with these scopes and no others. */
  tokenFor(scopes: readonly string[]): Promise<string>;
  /** With every scope there is. */
  readonly owner: string;
  call(method: string, path: string, options?: CallOptions): Promise<ApiAnswer>;
  stop(): Promise<void>;
}

export interface CallOptions {
  /** The owner's unless told otherwise; null: none. */
  readonly token?: string | null;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  // What an answer holds is what the tests are about.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly body: any;
}

export const EVERY_SCOPE: readonly AdminScope[] = ADMIN_SCOPES.map(({ name }) => name);

export async function openAdmin(options: TestServerOptions = {}): Promise<AdminScene> {
  const server = await startTestServer(options);
  const { issuer, services } = server;
  const audience = adminAudience(services.config);

  async function tokenFor(scopes: readonly string[]): Promise<string> {
    const { id, secret = '' } = await makeClient(services, 'machine', { apis: [{ audience, scopes }] });
    await giveScopes(services, { clientId: id }, scopes);
    return issueToken(issuer, { id, secret, audience, scopes });
  }

  const owner = await tokenFor(EVERY_SCOPE);
  return {
    server,
    issuer,
    owner,
    tokenFor,
    call: (method, path, { token = owner, body, headers = {} } = {}) =>
      callApi(
        `${issuer}/admin/v1${path}`,
        method,
        {
          ...headers,
          ...(token === null ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body,
      ),
    stop: () => server.stop(),
  };
}

/** By a role of its own. */
export async function giveScopes(
  services: Services,
  subject: Subject,
  scopes: readonly string[],
): Promise<void> {
  const name = `test.${randomBytes(6).toString('hex')}`;
  const role = await createRole(services, { apiId: ADMIN_API_ID, name, scopes, actor: 'test' });
  await assignRole(services, { roleId: role.id, subject, actor: 'test' });
}

export async function issueToken(
  issuer: string,
  {
    id,
    secret,
    audience,
    scopes,
  }: { id: string; secret: string; audience: string; scopes: readonly string[] },
): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      resource: audience,
      scope: scopes.join(' '),
    }),
  });
  const { access_token: token } = (await response.json()) as { access_token?: string };
  if (token === undefined) throw new Error(`no token: ${response.status}`);
  return token;
}

async function callApi(
  url: string,
  method: string,
  headers: Readonly<Record<string, string>>,
  body: unknown,
): Promise<ApiAnswer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: text }) });
  const answer = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: answer === '' ? undefined : JSON.parse(answer),
  };
}
