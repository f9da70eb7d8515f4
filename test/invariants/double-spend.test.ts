/**
 * I1, I2, I3 and I4 of the consistency invariants: two real processes, one database, and everything that may be used once used by
 * many at the same instant. By the rule of three, no violation in 1 000 contests (EFFORT=4) bounds its probability below 0.3 % (95 %).
 */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createWalker } from '../support/browser-walker.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { EFFORT } from '../support/effort.ts';
import { makeApi, makePerson } from '../support/factories.ts';
import {
  cookiesOf,
  introspect,
  makeApp,
  mintCode,
  redeem,
  refresh,
  signIn,
  tokensOf,
  type App,
} from '../support/app.ts';
import {
  answeredDifferently,
  createHistory,
  spentTwice,
  tally,
  wonByNobody,
  type History,
  type Operation,
} from './history.ts';

/** Contests run side by side, each at a client of its own: a lost one ends the grant of person and client. */
const LANES = 4;
const CONTESTS = 256 * EFFORT;
/** Every tenth contest is a crowd; in the rest two requests meet on each process, which is where the races are. */
const CROWD = 16;
const FEW = 4;

let cluster: Cluster;
let cookie: string;
let apps: App[];

beforeAll(async () => {
  cluster = await startCluster();
  const { services, issuer } = cluster;
  await makeApi(services);
  apps = [];
  for (let lane = 0; lane < LANES; lane += 1) apps.push(await makeApp(services));
  const walker = createWalker({ origin: issuer });
  const [first] = apps;
  if (first) await signIn(walker, first, await makePerson(services));
  cookie = cookiesOf(walker, issuer);
});
afterAll(() => cluster.stop());

/** Runs `contest` this often, `LANES` at a time. */
async function inLanes(total: number, contest: (app: App, no: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    apps.map(async (app) => {
      while (next < total) await contest(app, next++);
    }),
  );
}

/** The same request many times at once, on both processes in turn. */
function contend(
  history: History,
  what: { kind: string; key: string },
  width: number,
  request: (node: Cluster['nodes'][number]) => ReturnType<typeof redeem>,
): Promise<Operation[]> {
  return Promise.all(
    Array.from({ length: width }, (_, index) => {
      const node = index % 2 === 0 ? 0 : 1;
      return history.run({ ...what, node }, () => request(cluster.nodes[node]));
    }),
  );
}

const widthOf = (no: number) => (no % 10 === 0 ? CROWD : FEW);

test('of codes that many redeem at once on two processes, each gives tokens exactly once', async () => {
  const history = createHistory();
  await inLanes(CONTESTS, async (app, no) => {
    const code = await mintCode(cluster.nodes[no % 2 === 0 ? 0 : 1], app, cookie);
    await contend(history, { kind: 'redeem', key: code }, widthOf(no), (node) => redeem(node, app, code));
  });

  const redeemed = history.of('redeem');
  expect(new Set(redeemed.map(({ key }) => key)).size).toBe(CONTESTS);
  expect(spentTwice(redeemed)).toEqual([]);
  expect(wonByNobody(redeemed)).toEqual([]);
  expect(tally(redeemed)).toEqual({ '200': CONTESTS, '400 invalid_grant': redeemed.length - CONTESTS });
}, 300_000);

test('the tokens of a code that was presented twice are dead on both processes', async () => {
  const history = createHistory();
  await inLanes(20, async (app) => {
    const code = await mintCode(cluster.nodes[0], app, cookie);
    const answers = await contend(history, { kind: 'redeem', key: code }, CROWD, (node) =>
      redeem(node, app, code),
    );
    const winner = answers.find(({ outcome }) => outcome === 'ok')?.answer;
    if (!winner) throw new Error('nobody won');
    const { access, refresh: token } = tokensOf(winner);
    for (const node of cluster.nodes) {
      expect((await introspect(node, app, access)).json).toEqual({ active: false });
      expect((await refresh(node, app, token)).status).toBe(400);
    }
  });
});

test('of refresh tokens that many use at once, each has one successor, which all of them are given', async () => {
  const history = createHistory();
  await inLanes(LANES, async (app) => {
    let token = tokensOf(
      await redeem(cluster.nodes[0], app, await mintCode(cluster.nodes[0], app, cookie)),
    ).refresh;
    for (let no = 0; no < CONTESTS / LANES; no += 1) {
      const used = token;
      const answers = await contend(history, { kind: 'refresh', key: used }, widthOf(no), (node) =>
        refresh(node, app, used),
      );
      const winner = answers.find(({ outcome }) => outcome === 'ok')?.answer;
      if (!winner) throw new Error(JSON.stringify(tally(answers)));
      token = tokensOf(winner).refresh;
    }
  });

  const refreshed = history.of('refresh');
  expect(new Set(refreshed.map(({ key }) => key)).size).toBe(CONTESTS);
  expect(answeredDifferently(refreshed)).toEqual([]);
  expect(tally(refreshed)).toEqual({ '200': refreshed.length });
}, 300_000);
