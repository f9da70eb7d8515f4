import * as oauth from 'oauth4webapi';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { OPERATIONS } from '../../src/admin/operations.ts';
import { adminAudience } from '../../src/admin/paths.ts';
import { makeClient } from '../support/factories.ts';
import { EVERY_SCOPE, giveScopes, openAdmin, type AdminScene } from './scene.ts';

let admin: AdminScene;

beforeAll(async () => {
  admin = await openAdmin();
});
afterAll(() => admin.stop());

/** A request that passes no further than the gate, or does nothing: ids that do not exist, a body that is none. */
function harmless({ method, path, body }: (typeof OPERATIONS)[number]) {
  const takesBody = body.def.type !== 'undefined';
  return {
    method,
    path: path.replaceAll(/\{kid\}|\{\w+\}/g, 'f'.repeat(64)),
    options: takesBody ? { body: '{"unknown":1}' } : {},
  };
}

test('each operation opens to its scope alone, and to none of the others, even to all of them together', async () => {
  for (const scope of EVERY_SCOPE) {
    const own = OPERATIONS.filter((operation) => operation.scope === scope);
    const right = await admin.tokenFor([scope]);
    const others = await admin.tokenFor(EVERY_SCOPE.filter((other) => other !== scope));
    const found = await Promise.all(
      own.map(async (operation) => {
        const { method, path, options } = harmless(operation);
        const opened = await admin.call(method, path, { ...options, token: right });
        const refused = await admin.call(method, path, { ...options, token: others });
        const isGated = opened.status !== 401 && opened.status !== 403 && opened.status < 500;
        return isGated && refused.status === 403 && refused.body.code === 'insufficient_scope'
          ? []
          : [`${operation.id}: ${opened.status} with it, ${refused.status} without it`];
      }),
    );
    expect({ scope, wrong: found.flat() }).toEqual({ scope, wrong: [] });
  }
}, 60_000);

/** What they look at comes in a body. */
const READS = new Set(['tokens.inspect', 'audit.verify', 'configuration.plan']);

test('whoever only looks changes nothing: writing takes a scope that writes', () => {
  const wrong = OPERATIONS.filter(
    ({ id, method, scope }) => (method === 'GET') !== scope.endsWith(':read') && !READS.has(id),
  );
  expect(wrong.map(({ id }) => id)).toEqual([]);
});

test('without a token there is nothing, whatever is asked for', async () => {
  const statuses = await Promise.all(
    OPERATIONS.map(async (operation) => {
      const { method, path, options } = harmless(operation);
      return (await admin.call(method, path, { ...options, token: null })).status;
    }),
  );
  expect(new Set(statuses)).toEqual(new Set([401]));
});

test('a token that is bound to a key opens with a proof of it for this request, and for no other (RFC 9449)', async () => {
  const { services, issuer } = admin.server;
  const audience = adminAudience(services.config);
  const scopes = ['admin:clients:read'];
  const made = await makeClient(services, 'machine', {
    apis: [{ audience, scopes }],
    metadata: { dpop_bound_access_tokens: true },
  });
  await giveScopes(services, { clientId: made.id }, scopes);
  const client: oauth.Client = { client_id: made.id };
  const server: oauth.AuthorizationServer = { issuer, token_endpoint: `${issuer}/token` };
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));
  const insecure = { DPoP, [oauth.allowInsecureRequests]: true };
  const parameters = { resource: audience, scope: scopes.join(' ') };
  const authentication = oauth.ClientSecretBasic(made.secret ?? '');
  const request = () =>
    oauth.clientCredentialsGrantRequest(server, client, authentication, parameters, insecure);
  const answer = await request()
    .then((response) => oauth.processClientCredentialsResponse(server, client, response))
    .catch(async (error: unknown) => {
      if (!oauth.isDPoPNonceError(error)) throw error;
      return oauth.processClientCredentialsResponse(server, client, await request());
    });
  /** Proves the key for `at`, and then asks for the clients. */
  const ask = async (at: string, spoil?: (headers: Headers) => void): Promise<number> => {
    const go = () =>
      oauth.protectedResourceRequest(answer.access_token, 'GET', new URL(at), undefined, null, {
        ...insecure,
        async [oauth.customFetch](_url, { headers: given }) {
          const headers = new Headers(given);
          spoil?.(headers);
          return fetch(`${audience}/clients`, { headers });
        },
      });
    const tried = await go().catch((error: unknown) =>
      oauth.isDPoPNonceError(error) ? go() : refusal(error),
    );
    return tried.status;
  };
  expect(await ask(`${audience}/clients`)).toBe(200);
  expect(await ask(`${audience}/users`)).toBe(401);
  const asBearer = (headers: Headers) => {
    headers.set('authorization', (headers.get('authorization') ?? '').replace(/^DPoP/, 'Bearer'));
    headers.delete('dpop');
  };
  expect(await ask(`${audience}/clients`, asBearer)).toBe(401);
});

function refusal(error: unknown): { status: number } {
  if (error instanceof oauth.WWWAuthenticateChallengeError) return error;
  throw error;
}
