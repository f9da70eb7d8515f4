import { createHash, randomBytes } from 'node:crypto';

import { headerOf, type Connection, type Reply } from './connection.ts';
import { API_SCOPES, AUDIENCE, REDIRECT_URI } from './seed.ts';
import type { Target } from './targets.ts';

/** Names and values; one server and one purpose, so paths and ages do not matter. */
export type Cookies = Map<string, string>;

export interface AuthorizationRequest {
  readonly url: string;
  readonly verifier: string;
}

export function authorizationRequest({ credentials }: Pick<Target, 'credentials'>): AuthorizationRequest {
  const verifier = randomBytes(32).toString('base64url');
  const query = new URLSearchParams({
    client_id: credentials.web.id,
    response_type: 'code',
    redirect_uri: REDIRECT_URI,
    scope: `openid ${API_SCOPES[0]}`,
    resource: AUDIENCE,
    state: verifier.slice(0, 16),
    nonce: verifier.slice(16),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  return { url: `/auth?${query.toString()}`, verifier };
}

/** /auth, the sign-in page if there is one, the way back. */
const REPLIES_MAX = 10;

/** Walks through the sign-in as a browser would and answers the code. */
export async function signIn(
  target: Target,
  connection: Connection,
  { url, cookies, identifier }: { url: string; cookies: Cookies; identifier: string },
): Promise<string> {
  const { requests, credentials } = target;
  let reply = await connection.send(requests.get(url, cookieHeader(cookies)));
  for (let replies = 1; replies < REPLIES_MAX; replies += 1) {
    storeCookies(cookies, reply);
    const code = codeIn(reply);
    if (code !== undefined) return code;
    const location = headerOf(reply, 'location');
    if (location !== undefined) {
      reply = await connection.send(requests.get(pathOf(location, target), cookieHeader(cookies)));
      continue;
    }
    const form = readForm(reply);
    const fields = { ...form.hidden, identifier, password: credentials.password };
    reply = await connection.send(requests.post(form.action, fields, cookieHeader(cookies)));
  }
  throw unexpected(reply);
}

export function codeIn(reply: Reply): string | undefined {
  const location = headerOf(reply, 'location') ?? '';
  if (!location.startsWith(REDIRECT_URI)) return undefined;
  const code = new URL(location).searchParams.get('code');
  if (code === null) throw unexpected(reply);
  return code;
}

export function cookieHeader(cookies: Cookies): Record<string, string> {
  if (cookies.size === 0) return {};
  return { Cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
}

export function storeCookies(cookies: Cookies, reply: Reply): void {
  for (const [, name = '', value = ''] of reply.head.matchAll(/\r\nset-cookie: *([^=\s]+)=([^;\r]*)/gi)) {
    if (value === '') cookies.delete(name);
    else cookies.set(name, value);
  }
}

export function unexpected(reply: Reply): Error {
  return new Error(`an answer that was not expected:\n${reply.head}\n\n${reply.body.slice(0, 500)}`);
}

function pathOf(location: string, { issuer }: Target): string {
  const url = new URL(location, issuer);
  if (url.origin !== issuer) throw new Error(`sent elsewhere: ${location}`);
  return url.pathname + url.search;
}

function readForm(reply: Reply): { action: string; hidden: Record<string, string> } {
  const [, action] = /<form method="post" action="([^"]*\/sign-in)"/.exec(reply.body) ?? [];
  if (reply.status !== 200 || action === undefined) throw unexpected(reply);
  const inputs = reply.body.matchAll(/<input type="hidden" name="([^"]*)" value="([^"]*)">/g);
  return { action, hidden: Object.fromEntries([...inputs].map(([, name, value]) => [name, value])) };
}
