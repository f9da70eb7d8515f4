/**
 * Tests of an API that takes Guichet's tokens, against the real server in the same process: npx vitest run
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, expect, test } from 'vitest';

// Outside this repository: from 'guichet/resource-server' and 'guichet/testing'.
import { createVerifier, TokenError, type Verifier } from '../src/resource-server/index.ts';
import { startTestIssuer, type TestIssuer } from '../src/testing/start-test-issuer.ts';

const AUDIENCE = 'https://api.example/orders';

let issuer: TestIssuer;
let verifier: Verifier;
let api: Server;

beforeAll(async () => {
  issuer = await startTestIssuer();
  verifier = createVerifier(await issuer.verifierOptions(AUDIENCE));
  await verifier.ready();
  api = createApi(verifier).listen(0, '127.0.0.1');
  // Only the first start on a machine takes seconds: it sets up the database that the others copy.
}, 60_000);

afterAll(async () => {
  api.close();
  verifier.close();
  await issuer.close();
});

test('a token with the scope may read', async () => {
  const token = await issuer.mintToken({ audience: AUDIENCE, scope: 'orders:read', subject: 'ada' });
  const response = await get(token);
  expect(response.status).toBe(200);
  expect(await response.text()).toBe('the orders of ada');
});

test('a token without the scope may not', async () => {
  expect((await get(await issuer.mintToken({ audience: AUDIENCE }))).status).toBe(403);
});

test('a revoked token is refused within a second', async () => {
  const token = await issuer.mintToken({ audience: AUDIENCE, scope: 'orders:read' });
  expect((await get(token)).status).toBe(200);
  await issuer.revoke({ token });
  await expect.poll(async () => (await get(token)).status, { timeout: 1000 }).toBe(401);
});

test('a token ends with its time', async () => {
  const token = await issuer.mintToken({ audience: AUDIENCE, scope: 'orders:read', expiresIn: 60 });
  expect((await get(token)).status).toBe(200);
  await issuer.clock.advance(120);
  expect((await get(token)).status).toBe(401);
});

test.each(['expired', 'wrong-audience', 'wrong-type', 'unknown-key', 'alg-none', 'tampered'] as const)(
  'a forged token is refused: %s',
  async (kind) => {
    const token = await issuer.mintForged({ kind, audience: AUDIENCE, scope: 'orders:read' });
    expect((await get(token)).status).toBe(401);
  },
);

/** The API under test. */
function createApi(verifier: Verifier): Server {
  return createServer((req, res) => {
    const url = new URL(req.url ?? '/', AUDIENCE).href;
    const request = { method: req.method ?? 'GET', url, authorization: req.headers.authorization };
    verifier.authenticate(request, { scopes: ['orders:read'] }).then(
      ({ subject }) => res.end(`the orders of ${subject}`),
      (error: unknown) => {
        if (!(error instanceof TokenError)) return res.writeHead(500).end();
        for (const [name, value] of Object.entries(error.headers)) res.setHeader(name, value);
        return res.writeHead(error.status).end(JSON.stringify(error));
      },
    );
  });
}

function get(token: string): Promise<Response> {
  const { port } = api.address() as AddressInfo;
  return fetch(`http://127.0.0.1:${port}/`, { headers: { authorization: `Bearer ${token}` } });
}
