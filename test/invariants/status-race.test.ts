/**
 * I3 at the verifier: while sixteen clients go on asking both processes for tokens, something is revoked. What was handed out
 * before the revocation was acknowledged is dead at introspection and has its bit set; what a client that may go on asked for
 * afterwards is alive and has not.
 */
import { inflateSync } from 'node:zlib';

import { setTimeout as sleep } from 'node:timers/promises';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { disableClient } from '../../src/revocation/disable-client.ts';
import { revokeKey } from '../../src/revocation/revoke-key.ts';
import { revoke } from '../../src/revocation/revoke.ts';
import { introspect, makeApp, post, tokensOf, type App } from '../support/app.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { makeApi, ORDERS } from '../support/factories.ts';
import { statusOf } from '../support/status.ts';

let cluster: Cluster;
let apiId: string;

beforeAll(async () => {
  cluster = await startCluster();
  apiId = (await makeApi(cluster.services, { audience: ORDERS })).id;
});
afterAll(() => cluster.stop());

const ISSUERS = 16;

interface Minted {
  readonly token: string;
  readonly askedAt: number;
  readonly gotAt: number;
}

/** Asks for tokens until it is told to stop. */
function mintMany(app: App): { readonly minted: Minted[]; stop(): Promise<void> } {
  const over = new AbortController();
  const minted: Minted[] = [];
  const form = { grant_type: 'client_credentials', scope: 'orders:read' };
  const loops = Array.from({ length: ISSUERS }, async (_, index) => {
    while (!over.signal.aborted) {
      const askedAt = performance.now();
      const answer = await post(cluster.nodes[index % 2 === 0 ? 0 : 1], app, '/token', form);
      if (answer.status !== 200) continue;
      minted.push({ token: tokensOf(answer).access, askedAt, gotAt: performance.now() });
    }
  });
  return {
    minted,
    async stop() {
      over.abort();
      await Promise.all(loops);
    },
  };
}

const REVOCATIONS: Record<string, (app: App) => Promise<unknown>> = {
  'its client': ({ id }) => revoke(cluster.services, { client: id }, 'test'),
  'its client, which is disabled': ({ id }) => disableClient(cluster.services, id, 'test'),
  'its API': () => revoke(cluster.services, { api: apiId }, 'test'),
  'its key': async () => {
    const { kid } = await cluster.database.db
      .knex('signing_keys')
      .where({ alg: 'ES256', state: 'active' })
      .first<{ kid: string }>('kid');
    return revokeKey(cluster.services, kid, 'test');
  },
  'its age': () => revoke(cluster.services, { issuedBefore: new Date() }, 'test'),
};

test.each(Object.entries(REVOCATIONS))(
  'a token is refused or not as it should be, while %s is revoked',
  { timeout: 60_000 },
  async (what, end) => {
    const app = await makeApp(cluster.services, { kind: 'machine', scope: 'orders:read' });
    const isDisabled = what.includes('disabled');
    const issuers = mintMany(app);
    await expect.poll(() => issuers.minted.length, { timeout: 20_000 }).toBeGreaterThan(ISSUERS * 2);
    // So that some were issued in an earlier second.
    await sleep(1100);
    const begunAt = performance.now();
    const begunSecond = Math.floor(Date.now() / 1000);
    await end(app);
    const acknowledgedAt = performance.now();
    const soFar = issuers.minted.length;
    if (!isDisabled)
      await expect.poll(() => issuers.minted.length, { timeout: 20_000 }).toBeGreaterThan(soFar + ISSUERS);
    await issuers.stop();

    const bits = await readLists(issuers.minted.map(({ token }) => token));
    const wrong: unknown[] = [];
    let [dead, alive] = [0, 0];
    for (const { token, askedAt, gotAt } of issuers.minted) {
      const { iat = 0 } = decodeJwt(token);
      // An age is in whole seconds: what was issued in the second of the revocation is older than its middle.
      const mustDie = what === 'its age' ? iat < begunSecond : gotAt < acknowledgedAt;
      const mustLive = what === 'its age' ? iat > begunSecond + 1 : askedAt > acknowledgedAt;
      if (!mustDie && !mustLive) continue;
      if (mustDie) dead += 1;
      else alive += 1;
      // A client that is disabled may ask nothing; its tokens are dead to the others in the bits.
      const node = cluster.nodes[(dead + alive) % 2 === 0 ? 0 : 1];
      const isActive = isDisabled ? !mustDie : (await introspect(node, app, token)).json['active'];
      const isRevoked = bits(token);
      if (isActive === mustDie || isRevoked !== mustDie)
        wrong.push({ mustDie, isActive, isRevoked, afterBegin: gotAt - begunAt });
    }
    expect(wrong).toEqual([]);
    expect(dead).toBeGreaterThan(0);
    if (!isDisabled && what !== 'its age') expect(alive).toBeGreaterThan(0);
  },
);

/** Reads each list once, at the process that did not revoke. */
async function readLists(tokens: readonly string[]): Promise<(token: string) => boolean> {
  const lists = new Map<string, Uint8Array>();
  for (const uri of new Set(tokens.map((token) => statusOf(token).uri))) {
    const { text } = await cluster.nodes[1].call('GET', new URL(uri).pathname);
    const { lst } = decodeJwt<{ status_list: { lst: string } }>(text).status_list;
    lists.set(uri, inflateSync(Buffer.from(lst, 'base64url')));
  }
  return (token) => {
    const { uri, idx } = statusOf(token);
    return (((lists.get(uri)?.[idx >> 3] ?? 0) >> (idx & 7)) & 1) === 1;
  };
}
