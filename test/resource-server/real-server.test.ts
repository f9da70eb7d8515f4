import { setTimeout as sleep } from 'node:timers/promises';

import * as jose from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { rotateKeys } from '../../src/keys/rotate-keys.ts';
import { createVerifier } from '../../src/resource-server/create-verifier.ts';
import type { Verifier, VerifierOptions } from '../../src/resource-server/verifier.ts';
import { revokeKey } from '../../src/revocation/revoke-key.ts';
import { makeApp, post, revokeAt, tokensOf, type App } from '../support/app.ts';
import { makeApi, ORDERS } from '../support/factories.ts';
import { createNode, type Node } from '../support/node.ts';
import { until } from '../support/scripted-issuer.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { outcomeOf } from './refusals.ts';

let server: TestServer;
let node: Node;
let app: App;
const verifiers: Verifier[] = [];

beforeAll(async () => {
  server = await startTestServer({ env: { GUICHET_STATUS_LIST_TTL_SECONDS: '2' } });
  node = createNode(Number(new URL(server.issuer).port), server.issuer);
  await makeApi(server.services);
  app = await makeApp(server.services, { kind: 'machine', scope: 'orders:read' });
});
afterAll(async () => {
  for (const verifier of verifiers) verifier.close();
  node.close();
  await server.stop();
});

function verifierOf(options: Partial<VerifierOptions> = {}): Verifier {
  const verifier = createVerifier({ issuer: server.issuer, audience: ORDERS, ...options });
  verifiers.push(verifier);
  return verifier;
}

const credentials = () => ({ clientId: app.id, clientSecret: app.secret ?? '' });

async function mint(): Promise<string> {
  const answer = await post(node, app, '/token', { grant_type: 'client_credentials', scope: 'orders:read' });
  if (answer.status !== 200) throw new Error(answer.text);
  return tokensOf(answer).access;
}

test('a token of the server is accepted; revoked, it is refused within a second on the stream', async () => {
  const verifier = verifierOf({ credentials: credentials(), requireStatus: true });
  await verifier.ready();
  const token = await mint();
  const verified = await verifier.verify(token, undefined, { scopes: ['orders:read'] });
  expect(verified).toMatchObject({ subject: app.id, clientId: app.id });
  await revokeAt(node, app, token);
  const revokedAt = performance.now();
  await until(async () => (await outcomeOf(verifier.verify(token))) === 'invalid_token/revoked', 2_000);
  expect(performance.now() - revokedAt).toBeLessThan(1_000);
});

test('with lists alone it is refused within the ttl', async () => {
  const verifier = verifierOf();
  const token = await mint();
  expect(await outcomeOf(verifier.verify(token))).toBe('valid');
  await revokeAt(node, app, token);
  const revokedAt = performance.now();
  await until(async () => (await outcomeOf(verifier.verify(token))) === 'invalid_token/revoked', 5_000);
  expect(performance.now() - revokedAt).toBeLessThan(3_000);
});

test('revocations under load: every one is seen, no other token is hit', async () => {
  const verifier = verifierOf({ credentials: credentials() });
  await verifier.ready();
  const tokens = await Promise.all(Array.from({ length: 60 }, mint));
  await Promise.all(tokens.map((token) => verifier.verify(token)));
  const dead = tokens.filter((_, n) => n % 2 === 0);
  await Promise.all(dead.map((token) => revokeAt(node, app, token)));
  await sleep(1_000);
  const outcomes = await Promise.all(tokens.map((token) => outcomeOf(verifier.verify(token))));
  expect(outcomes).toEqual(tokens.map((_, n) => (n % 2 === 0 ? 'invalid_token/revoked' : 'valid')));
});

test('a rotation of keys is not noticed', async () => {
  const verifier = verifierOf({ credentials: credentials() });
  const before = await mint();
  expect(await outcomeOf(verifier.verify(before))).toBe('valid');
  await rotateKeys(server.services, { actor: 'test', now: true });
  await sleep(200);
  const after = await mint();
  expect(await outcomeOf(verifier.verify(after))).toBe('valid');
  expect(await outcomeOf(verifier.verify(before))).toBe('valid');
});

test('a stolen key verifies nothing a second after it was revoked, and the keys that replace it are known', async () => {
  const verifier = verifierOf({ credentials: credentials() });
  await verifier.ready();
  // Twice in a row, faster than unknown keys are looked for.
  for (const _ of [1, 2]) {
    const kid = server.services.keys.activeKid('ES256') ?? '';
    const stolen = server.services.keys.jwks().find((jwk) => jwk.kid === kid);
    const genuine = await mint();
    // The thief names the place of a token that is alive: the list would never tell.
    const forged = await new jose.SignJWT({ ...jose.decodeJwt(genuine), jti: 'forged', sub: 'admin' })
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
      .sign(await jose.importJWK(stolen ?? {}, 'ES256'));
    expect(await outcomeOf(verifier.verify(forged))).toBe('valid');
    await revokeKey(server.services, kid, 'test');
    const revokedAt = performance.now();
    await until(
      async () => (await outcomeOf(verifier.verify(forged))) === 'invalid_token/unknown_key',
      2_000,
    );
    expect(performance.now() - revokedAt).toBeLessThan(1_000);
    expect(await outcomeOf(verifier.verify(await mint()))).toBe('valid');
  }
});
