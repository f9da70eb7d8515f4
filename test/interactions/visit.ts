import { createHash, randomBytes } from 'node:crypto';

import { z } from 'zod';

import { createInitialAccessToken } from '../../src/grants/create-initial-access-token.ts';
import { createWalker, type Page, type Walker } from '../support/browser-walker.ts';
import { makeClient, PASSWORD } from '../support/factories.ts';
import type { TestServer } from '../support/server.ts';

export const CALLBACK = 'https://notes.example/callback';

/** A client whose people are asked for consent. */
export function makeNotes(
  server: TestServer,
  { metadata, ...input }: NonNullable<Parameters<typeof makeClient>[2]> = {},
) {
  return makeClient(server.services, 'web', {
    ...input,
    metadata: { client_name: 'Atelier Notes', redirect_uris: [CALLBACK], ...metadata },
  });
}

/** A client that registers itself (RFC 7591), with a token that lets it. Its id. */
export async function registerItself(server: TestServer, metadata: Record<string, unknown>): Promise<string> {
  const { token } = await createInitialAccessToken(server.services, { ttlSeconds: 60, actor: 'test' });
  const response = await fetch(`${server.issuer}/reg`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(metadata),
  });
  const { client_id: id } = registration.parse(await response.json());
  return id;
}

const registration = z.object({ client_id: z.string() });

/** An authorization request as a client would send it; further parameters override. */
export function authorization(clientId: string, parameters: Readonly<Record<string, string>> = {}): string {
  const challenge = createHash('sha256').update(randomBytes(32).toString('base64url')).digest('base64url');
  const query = new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    redirect_uri: CALLBACK,
    scope: 'openid profile email',
    state: 'the-state',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...parameters,
  });
  return `/auth?${query.toString()}`;
}

/** For servers whose people each come from an address of their own, as `walkerFor` gives them. */
export const BEHIND_PROXY = { GUICHET_TRUSTED_PROXIES: '127.0.0.1/32,::1/128' } as const;

export function walkerFor(server: TestServer, headers: Readonly<Record<string, string>> = {}): Walker {
  return createWalker({ origin: server.issuer, headers: { 'X-Forwarded-For': randomAddress(), ...headers } });
}

/** RFC 3849: of the block kept for documentation. Failures are counted per /64 and, more generously, per /48. */
function randomAddress(): string {
  return `2001:db8:${randomBytes(2).toString('hex')}:${randomBytes(2).toString('hex')}::1`;
}

export function signIn(walker: Walker, page: Page, identifier: string, password = PASSWORD): Promise<Page> {
  return walker.submit(page, { identifier, password }, { form: '/sign-in' });
}

export function allow(walker: Walker, page: Page): Promise<Page> {
  return walker.submit(page, {}, { name: 'decision', value: 'allow' });
}
