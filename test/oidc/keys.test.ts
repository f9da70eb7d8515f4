/** T14: a change of keys builds the provider anew and swaps it in, behind the same socket, on every process. */
import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { rotateKeys } from '../../src/keys/rotate-keys.ts';
import { revokeKey } from '../../src/revocation/revoke-key.ts';
import { introspect, makeApp, post, tokensOf, type App } from '../support/app.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { makeApi } from '../support/factories.ts';
import type { Node } from '../support/node.ts';

/** What the server promises: every process has followed within a second. The rest is for a busy machine. */
const FOLLOWED_WITHIN_MS = 5000;

let cluster: Cluster;
let machine: App;

beforeAll(async () => {
  cluster = await startCluster();
  await makeApi(cluster.services);
  machine = await makeApp(cluster.services, { kind: 'machine' });
});
afterAll(() => cluster.stop());

async function issue(node: Node): Promise<string> {
  const answer = await post(node, machine, '/token', { grant_type: 'client_credentials' });
  if (answer.status !== 200) throw new Error(answer.text);
  return tokensOf(answer).access;
}

async function kidsOf(node: Node): Promise<unknown[]> {
  const { json } = await node.call('GET', '/jwks');
  return (json['keys'] as { kid: unknown }[]).map(({ kid }) => kid);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + FOLLOWED_WITHIN_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('the processes did not follow');
  }
}

/** Everywhere, over connections that were open before. */
const everywhere = (condition: (node: Node) => Promise<boolean>) =>
  until(async () => (await Promise.all(cluster.nodes.map(condition))).every(Boolean));

test('a new key is shown and signs on every process, and tokens of the old one stay good', async () => {
  const old = await issue(cluster.nodes[0]);
  const [rotation] = await rotateKeys(cluster.services, { alg: 'ES256', now: true, actor: 'test' });
  await everywhere(async (node) => (await kidsOf(node)).includes(rotation?.kid));

  for (const node of cluster.nodes) {
    const token = await issue(node);
    expect(decodeProtectedHeader(token).kid).toBe(rotation?.kid);
    for (const other of cluster.nodes) {
      expect((await introspect(other, machine, token)).json['active']).toBe(true);
      expect((await introspect(other, machine, old)).json['active']).toBe(true);
    }
  }
});

test('a revoked key is gone everywhere, what it has signed is dead, another signs', async () => {
  const token = await issue(cluster.nodes[0]);
  const kid = String(decodeProtectedHeader(token).kid);
  await revokeKey(cluster.services, kid, 'test');
  // At once, although the processes have not heard of it yet: the ledger knows.
  for (const node of cluster.nodes)
    expect((await introspect(node, machine, token)).json).toEqual({ active: false });

  await everywhere(async (node) => !(await kidsOf(node)).includes(kid));
  for (const node of cluster.nodes) {
    const next = await issue(node);
    expect(decodeProtectedHeader(next).kid).not.toBe(kid);
    expect((await introspect(node, machine, next)).json['active']).toBe(true);
  }
});

test('requests that are under way while keys change are answered, each with a token that is good', async () => {
  const over = new AbortController();
  const tokens: string[] = [];
  const clients = Array.from({ length: 8 }, async (_, index) => {
    while (!over.signal.aborted) tokens.push(await issue(cluster.nodes[index % 2 === 0 ? 0 : 1]));
  });
  for (let turn = 0; turn < 5; turn += 1) {
    const [rotation] = await rotateKeys(cluster.services, { alg: 'ES256', now: true, actor: 'test' });
    await everywhere(async (node) => (await kidsOf(node))[0] === rotation?.kid);
  }
  over.abort();
  await Promise.all(clients);

  expect(new Set(tokens.map((token) => decodeProtectedHeader(token).kid)).size).toBeGreaterThan(4);
  const answers = await Promise.all(tokens.map((token) => introspect(cluster.nodes[1], machine, token)));
  expect(answers.filter(({ json }) => json['active'] !== true)).toEqual([]);
});

test('a key that is revoked while requests are under way lets out no token that is dead already', async () => {
  const dead: string[] = [];
  for (let turn = 0; turn < 5; turn += 1) {
    const kid = String(decodeProtectedHeader(await issue(cluster.nodes[0])).kid);
    const [, ...answers] = await Promise.all([
      revokeKey(cluster.services, kid, 'test'),
      ...Array.from({ length: 16 }, (_, index) =>
        post(cluster.nodes[index % 2 === 0 ? 0 : 1], machine, '/token', { grant_type: 'client_credentials' }),
      ),
    ]);
    // Refused with "not now" is fine: the client comes again and gets a token of the next key.
    expect(
      answers
        .filter(({ status }) => status !== 200 && status !== 503)
        .map(({ status, text }) => [status, text]),
    ).toEqual([]);
    for (const answer of answers) {
      const { access } = tokensOf(answer);
      if (answer.status !== 200 || decodeProtectedHeader(access).kid === kid) continue;
      if ((await introspect(cluster.nodes[1], machine, access)).json['active'] !== true) dead.push(access);
    }
    await everywhere(async (node) => !(await kidsOf(node)).includes(kid));
  }
  expect(dead).toEqual([]);
});
