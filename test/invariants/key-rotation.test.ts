/**
 * I12: while keys rotate in their stages under load, no verifier that keeps the JWKS for as long as it may, and fetches it no
 * sooner, ever meets a token whose key it does not know.
 */
import { createRemoteJWKSet, customFetch, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { advanceKeys } from '../../src/keys/advance-keys.ts';
import { rotateKeys } from '../../src/keys/rotate-keys.ts';
import { listKeys } from '../../src/keys/store.ts';
import { createWalker } from '../support/browser-walker.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { makeApi, makePerson, ORDERS } from '../support/factories.ts';
import type { Node } from '../support/node.ts';
import { makeApp, post, redeem, refresh, signIn, tokensOf, type App } from '../support/app.ts';

/** What an operator would give in minutes. */
const PUBLISH_SECONDS = 4;
const ROTATIONS = 3;

let cluster: Cluster;
let machine: App;
let app: App;
let refreshToken: string;

beforeAll(async () => {
  cluster = await startCluster({ env: { GUICHET_KEY_PUBLISH_SECONDS: String(PUBLISH_SECONDS) } });
  await makeApi(cluster.services);
  machine = await makeApp(cluster.services, { kind: 'machine' });
  app = await makeApp(cluster.services);
  const walker = createWalker({ origin: cluster.issuer });
  const code = await signIn(walker, app, await makePerson(cluster.services));
  refreshToken = tokensOf(await redeem(cluster.nodes[0], app, code)).refresh;
});
afterAll(() => cluster.stop());

interface Verifier {
  verify(token: string, audience: string): Promise<unknown>;
  /** How often it asked for the keys. */
  readonly fetches: () => number;
  readonly maxAge: number;
}

/** Believes a JWKS for its whole `max-age`, and does not ask again before, whatever kid it meets. */
async function createVerifier(node: Node): Promise<Verifier> {
  const { headers } = await node.call('GET', '/jwks');
  const maxAge = Number(/max-age=(\d+)/.exec(headers['cache-control'] ?? '')?.[1]);
  expect(maxAge).toBeGreaterThan(0);
  expect(maxAge).toBeLessThan(PUBLISH_SECONDS);
  let fetches = 0;
  const jwks = createRemoteJWKSet(new URL(`${cluster.issuer}/jwks`), {
    cacheMaxAge: maxAge * 1000,
    cooldownDuration: maxAge * 1000,
    async [customFetch]() {
      fetches += 1;
      const { text } = await node.call('GET', '/jwks');
      return new Response(text, { headers: { 'Content-Type': 'application/json' } });
    },
  });
  return {
    verify: (token, audience) => jwtVerify(token, jwks, { issuer: cluster.issuer, audience }),
    fetches: () => fetches,
    maxAge,
  };
}

test(`${ROTATIONS} rotations under load: a caching verifier knows the key of every token`, async () => {
  const verifiers = await Promise.all(cluster.nodes.map(createVerifier));
  const begun = performance.now();
  const failures: string[] = [];
  const kids = new Set<string>();
  let verified = 0;
  const over = new AbortController();

  async function check(token: string, audience: string): Promise<void> {
    kids.add(String(decodeProtectedHeader(token).kid));
    for (const verifier of verifiers) {
      await verifier.verify(token, audience).then(
        () => (verified += 1),
        (error: unknown) => failures.push(`${audience} ${String(error)}`),
      );
    }
  }
  const machines = cluster.nodes.map(async (node) => {
    while (!over.signal.aborted) {
      const answer = await post(node, machine, '/token', { grant_type: 'client_credentials' });
      if (answer.status === 200) await check(tokensOf(answer).access, ORDERS);
      else failures.push(answer.text);
    }
  });
  const person = (async () => {
    for (let turn = 0; !over.signal.aborted; turn += 1) {
      const answer = await refresh(cluster.nodes[turn % 2 === 0 ? 0 : 1], app, refreshToken);
      if (answer.status === 200) refreshToken = tokensOf(answer).refresh;
      else failures.push(answer.text);
      await check(tokensOf(answer).id, app.id);
      await check(tokensOf(answer).access, ORDERS);
    }
  })();

  for (let turn = 0; turn < ROTATIONS; turn += 1) {
    const rotations = await rotateKeys(cluster.services, { actor: 'test' });
    expect(new Set(rotations.map(({ state }) => state))).toEqual(new Set(['published']));
    await untilActive(rotations.map(({ kid }) => kid));
    const seen = verified;
    await until(() => verified > seen + 50);
  }
  over.abort();
  await Promise.all([...machines, person]);

  expect(failures).toEqual([]);
  expect(verified).toBeGreaterThan(300);
  // ES256 and RS256, the first ones and those of each rotation.
  expect(kids.size).toBe(2 * (ROTATIONS + 1));
  for (const { fetches, maxAge } of verifiers) {
    expect(fetches()).toBeGreaterThan(ROTATIONS);
    expect(fetches()).toBeLessThanOrEqual((performance.now() - begun) / (maxAge * 1000) + 1);
  }
}, 120_000);

/** The job looks every ten seconds; here it is called until the time has come. */
async function untilActive(kids: readonly string[]): Promise<void> {
  await until(async () => {
    await advanceKeys(cluster.services);
    const keys = await listKeys(cluster.database.db.knex);
    return kids.every((kid) => keys.some((key) => key.kid === kid && key.state === 'active'));
  });
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 1000; turn += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('waited in vain');
}
