/**
 * I4 for what a client signs (T2): the library looks whether it has seen a jti and writes it down afterwards. Here the writing
 * decides, so that of many copies at once, on whatever process, one is accepted; the rest get an OAuth error.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createWalker } from '../support/browser-walker.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { EFFORT } from '../support/effort.ts';
import { makeApi, makePerson } from '../support/factories.ts';
import { ASSERTION_TYPE, assertion, makeKey, proof, type Keyed } from '../support/keyed.ts';
import type { Node } from '../support/node.ts';
import { cookiesOf, makeApp, obtainTokens, post, signIn } from '../support/app.ts';
import { createHistory, spentTwice, tally, wonByNobody, type History, type Operation } from './history.ts';

const CROWD = 16;
const FEW = 4;
const LANES = 4;
const PROOFS = 250 * EFFORT;
const ASSERTIONS = 200;

let cluster: Cluster;
let key: Keyed;

beforeAll(async () => {
  cluster = await startCluster();
  key = await makeKey();
  await makeApi(cluster.services);
});
afterAll(() => cluster.stop());

const widthOf = (no: number) => (no % 10 === 0 ? CROWD : FEW);

async function inLanes(total: number, contest: (no: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const run = async () => {
    while (next < total) await contest(next++);
  };
  await Promise.all(Array.from({ length: LANES }, run));
}

function contend(
  history: History,
  what: { kind: string; key: string },
  width: number,
  request: (node: Node) => ReturnType<Node['call']>,
): Promise<Operation[]> {
  return Promise.all(
    Array.from({ length: width }, (_, index) => {
      const node = index % 2 === 0 ? 0 : 1;
      return history.run({ ...what, node }, () => request(cluster.nodes[node]));
    }),
  );
}

test(`of ${PROOFS} DPoP proofs that are sent many times at once, each is accepted once`, async () => {
  const history = createHistory();
  const machine = await makeApp(cluster.services, { kind: 'machine' });
  const url = `${cluster.issuer}/token`;
  await inLanes(PROOFS, async (no) => {
    const DPoP = await proof(key, { method: 'POST', url });
    await contend(history, { kind: 'token', key: DPoP }, widthOf(no), (node) =>
      post(node, machine, '/token', { grant_type: 'client_credentials' }, { DPoP }),
    );
  });

  const asked = history.of('token');
  expect(spentTwice(asked)).toEqual([]);
  expect(wonByNobody(asked)).toEqual([]);
  expect(tally(asked)).toEqual({ '200': PROOFS, '400 invalid_grant': asked.length - PROOFS });
}, 300_000);

test(`of ${ASSERTIONS} client assertions that are sent many times at once, each is accepted once`, async () => {
  const history = createHistory();
  const metadata = {
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    jwks: { keys: [key.publicJwk] },
  };
  await inLanes(ASSERTIONS, async (no) => {
    // A client for each: twenty failures in a minute close the door, which is another rule.
    const { id } = await makeApp(cluster.services, { kind: 'machine', metadata });
    const client_assertion = await assertion(key, { clientId: id, issuer: cluster.issuer });
    await contend(history, { kind: 'token', key: client_assertion }, widthOf(no), (node) =>
      node.call('POST', '/token', {
        form: {
          grant_type: 'client_credentials',
          client_id: id,
          client_assertion,
          client_assertion_type: ASSERTION_TYPE,
        },
      }),
    );
  });

  const asked = history.of('token');
  expect(spentTwice(asked)).toEqual([]);
  expect(wonByNobody(asked)).toEqual([]);
  expect(tally(asked)).toEqual({ '200': ASSERTIONS, '401 invalid_client': asked.length - ASSERTIONS });
}, 300_000);

test('a proof that was used at one endpoint is good at no other, and for no other token', async () => {
  const opaque = await makeApp(cluster.services, {
    resource: null,
    metadata: { dpop_bound_access_tokens: true },
  });
  const walker = createWalker({ origin: cluster.issuer });
  const person = await makePerson(cluster.services);
  await signIn(walker, opaque, person);
  const cookie = cookiesOf(walker, cluster.issuer);
  const url = `${cluster.issuer}/me`;
  const [node, other] = cluster.nodes;
  const DPoP = await proof(key, { method: 'POST', url: `${cluster.issuer}/token` });
  const { access } = await obtainTokens(node, opaque, cookie, {}, { DPoP });
  const { createHash } = await import('node:crypto');
  const ath = createHash('sha256').update(access).digest('base64url');
  const used = await proof(key, { method: 'GET', url }, { ath });

  const ask = (at: Node) =>
    at.call('GET', '/me', { headers: { authorization: `DPoP ${access}`, DPoP: used } });
  const answers = await Promise.all(
    Array.from({ length: CROWD }, (_, index) => ask(index % 2 === 0 ? node : other)),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(CROWD - 1);
});
