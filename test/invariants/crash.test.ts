/**
 * I6, I7 and I11: under load, server processes are killed and PostgreSQL is stopped as by a power cut, at moments nobody chose.
 * What a client was told stays true: its tokens are alive, what it revoked is dead, what it spent is spent. What it was not told
 * may have happened or not, but never both: a code or refresh token that is tried again is never good for a second token.
 */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createWalker } from '../support/browser-walker.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { EFFORT } from '../support/effort.ts';
import { makeApi, makePerson } from '../support/factories.ts';
import type { Answer, Node } from '../support/node.ts';
import { startOwnPostgres, type OwnPostgres } from '../support/own-postgres.ts';
import {
  authorize,
  cookiesOf,
  introspect,
  makeApp,
  post,
  redeem,
  refresh,
  revokeAt,
  signIn,
  tokensOf,
  type App,
} from '../support/app.ts';
import {
  answeredDifferently,
  createHistory,
  spentTwice,
  tally,
  type History,
  type Operation,
} from './history.ts';

/** Of each kind. */
const CRASHES = 4 * EFFORT;
/** Clients that work side by side, each for itself. */
const LANES = 6;
/** Long enough that a crash and its recovery fit into the time in which a lost answer may be asked for again. */
const env = { GUICHET_REFRESH_GRACE_SECONDS: '60' };

let postgres: OwnPostgres;
let cluster: Cluster;
let cookie: string;
let lanes: Lane[];
let history: History;

interface Lane {
  /** Signs a person in. */
  readonly app: App;
  /** Acts for itself. */
  readonly machine: App;
  /** Every code, refresh token and machine request that may have made a token. */
  readonly tried: Set<string>;
  readonly alive: { readonly app: App; readonly token: string }[];
  readonly revoked: { readonly app: App; readonly token: string }[];
  /** Answered with tokens. */
  readonly spent: { readonly kind: 'redeem' | 'refresh'; readonly key: string }[];
  /** Not answered: to be asked again. */
  readonly open: { readonly kind: 'redeem' | 'refresh' | 'revoke'; readonly key: string }[];
  /** The refresh token that is good now. */
  current: string;
}

beforeAll(async () => {
  postgres = await startOwnPostgres();
  cluster = await startCluster({ database: postgres, env });
  const { services, issuer } = cluster;
  await makeApi(services);
  lanes = [];
  for (let no = 0; no < LANES; no += 1) {
    const [app, machine] = [await makeApp(services), await makeApp(services, { kind: 'machine' })];
    lanes.push({ app, machine, tried: new Set(), alive: [], revoked: [], spent: [], open: [], current: '' });
  }
  const walker = createWalker({ origin: issuer });
  const [first] = lanes;
  if (first) await signIn(walker, first.app, await makePerson(services));
  cookie = cookiesOf(walker, issuer);
  history = createHistory();
}, 120_000);
afterAll(async () => {
  await cluster.stop();
  await postgres.stop();
});

const nodeOf = (no: number): Node => cluster.nodes[no % 2 === 0 ? 0 : 1];

function attempt(
  lane: Lane,
  kind: 'redeem' | 'refresh' | 'revoke',
  key: string,
  no: number,
): Promise<Operation> {
  const request = {
    redeem: () => redeem(nodeOf(no), lane.app, key),
    refresh: () => refresh(nodeOf(no), lane.app, key),
    revoke: () => revokeAt(nodeOf(no), lane.machine, key),
  }[kind];
  return history.run({ kind, key, node: no % 2 }, request);
}

/** What a client does until something goes wrong: a sign-in, refreshes, tokens of its own, one of them revoked. */
async function work(lane: Lane, seed: number): Promise<void> {
  let no = seed;
  const visit = await history.run({ kind: 'authorize', key: `${seed}`, node: no % 2 }, () =>
    authorize(nodeOf(no), lane.app, cookie),
  );
  const code = visit.answer?.location?.searchParams.get('code');
  if (!code) return;
  if (!(await spend(lane, 'redeem', code, no++))) return;
  for (let turn = 0; turn < 3; turn += 1) {
    if (!(await spend(lane, 'refresh', lane.current, no++))) return;
    const machine = await history.run({ kind: 'machine', key: `${seed}-${turn}`, node: no % 2 }, () =>
      machineToken(nodeOf(no), lane),
    );
    lane.tried.add(`${seed}-${turn}`);
    if (machine.outcome !== 'ok' || !machine.answer) return;
    const token = tokensOf(machine.answer).access;
    if (turn > 0) {
      lane.alive.push({ app: lane.machine, token });
      continue;
    }
    const revocation = await attempt(lane, 'revoke', token, no++);
    if (revocation.outcome === 'ok') lane.revoked.push({ app: lane.machine, token });
    else lane.open.push({ kind: 'revoke', key: token });
  }
}

function machineToken(node: Node, lane: Lane): Promise<Answer> {
  return post(node, lane.machine, '/token', {
    grant_type: 'client_credentials',
    resource: lane.machine.resource ?? '',
  });
}

/** True when it was answered with tokens. */
async function spend(lane: Lane, kind: 'redeem' | 'refresh', key: string, no: number): Promise<boolean> {
  lane.tried.add(key);
  const { outcome, answer } = await attempt(lane, kind, key, no);
  if (outcome === 'ok' && answer) {
    const { access, refresh: next } = tokensOf(answer);
    lane.alive.push({ app: lane.app, token: access });
    lane.current = next;
    lane.spent.push({ kind, key });
    return true;
  }
  if (outcome === 'refused') throw new Error(`${kind} was refused: ${answer?.text}`);
  lane.open.push({ kind, key });
  return false;
}

/** Whatever was not answered is asked again, until it is. */
async function settle(lane: Lane): Promise<void> {
  for (const { kind, key } of lane.open.splice(0)) {
    const { outcome, answer } = await attempt(lane, kind, key, 0);
    if (outcome === 'unknown' || !answer)
      throw new Error(`not answered after the recovery: ${kind} ${answer?.text}`);
    if (kind === 'revoke') {
      if (outcome === 'ok') lane.revoked.push({ app: lane.machine, token: key });
      continue;
    }
    if (outcome === 'ok') {
      lane.alive.push({ app: lane.app, token: tokensOf(answer).access });
      continue;
    }
    // A refresh whose answer was lost is answered again. A code is not: asking again is a replay, which ends the grant.
    expect([kind, answer.status]).toEqual(['redeem', 400]);
    await endTogether(lane);
  }
}

/** What hangs on the lane's grant is alive as a whole or dead as a whole. */
async function endTogether(lane: Lane): Promise<void> {
  const family = lane.alive.filter(({ app }) => app === lane.app);
  const active = new Set(await Promise.all(family.map(isActive)));
  expect(active.size).toBeLessThanOrEqual(1);
  if (active.has(true)) return;
  lane.alive.splice(0, lane.alive.length, ...lane.alive.filter(({ app }) => app !== lane.app));
}

async function isActive({ app, token }: { app: App; token: string }): Promise<unknown> {
  return (await introspect(nodeOf(1), app, token)).json['active'];
}

/** What a lane is given in the last rounds, two or three of them. */
const LATEST = 20;

/** One crash in the middle of everybody's work, then the recovery, then what had been promised of late. */
async function round(no: number, crash: () => Promise<void>): Promise<void> {
  const before = history.operations.length;
  const working = Promise.all(lanes.map((lane, index) => work(lane, no * 100 + index * 10)));
  // Somewhere between the first requests and the last.
  const moment = before + 1 + ((no * 7919) % (LANES * 8));
  const crashing = until(() => history.operations.length >= moment).then(crash);
  await Promise.all([working, crashing]);
  await untilServing();
  for (const lane of lanes) await settle(lane);
  for (const lane of lanes) await keepsItsPromises(lane, LATEST);
}

async function keepsItsPromises(lane: Lane, latest = Infinity): Promise<void> {
  const alive = await Promise.all(lane.alive.slice(-latest).map(isActive));
  expect(alive.filter((one) => one !== true)).toEqual([]);
  const revoked = await Promise.all(lane.revoked.slice(-latest).map(isActive));
  expect(revoked.filter((one) => one !== false)).toEqual([]);
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 3000; turn += 1) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('waited in vain');
}

/** Both processes issue tokens again, without having been told anything. */
async function untilServing(): Promise<void> {
  const [lane] = lanes;
  if (!lane) return;
  for (const node of cluster.nodes) {
    await until(async () => {
      lane.tried.add(`probe-${lane.tried.size}`);
      const answer = await machineToken(node, lane).catch(() => undefined);
      return answer?.status === 200;
    });
  }
}

/** The rules that hold over all rounds. */
async function nothingHappenedTwice(): Promise<void> {
  const { knex } = cluster.database.db;
  // It was a test: requests were under way when it happened, and work had been done before.
  expect(history.operations.filter(({ outcome }) => outcome === 'unknown').length).toBeGreaterThan(CRASHES);
  expect(history.operations.filter(({ outcome }) => outcome === 'ok').length).toBeGreaterThan(
    CRASHES * LANES,
  );
  for (const lane of lanes) await keepsItsPromises(lane);
  expect(spentTwice(history.of('redeem'))).toEqual([]);
  expect(answeredDifferently(history.of('refresh'))).toEqual([]);
  for (const { app, machine, tried, revoked } of lanes) {
    const made = await knex('tokens').whereIn('client_id', [app.id, machine.id]).count<{ count: number }[]>();
    expect(Number(made[0]?.count)).toBeLessThanOrEqual(tried.size);
    const jtis = revoked.map(({ token }) => decodeJwt(token).jti ?? '');
    const events: { jti: string }[] = await knex('audit_events')
      .select(knex.raw("detail ->> 'jti' AS jti"))
      .where('type', 'revoked')
      .whereRaw("detail ->> 'jti' = ANY(?)", [jtis]);
    expect(events.map(({ jti }) => jti).sort()).toEqual([...new Set(jtis)].sort());
  }
}

test(
  `${CRASHES} times kill -9 of a server under load: no answer was a lie, nothing happened twice`,
  async () => {
    for (let no = 0; no < CRASHES; no += 1) {
      // Every fifth time, both.
      const victims = no % 5 === 4 ? [0, 1] : [no % 2];
      await round(no, async () => {
        for (const index of victims) await cluster.processes[index]?.kill();
        await Promise.all(victims.map((index) => cluster.revive(index)));
      });
    }
    await nothingHappenedTwice();
  },
  CRASHES * 25_000,
);

test(
  `${CRASHES} immediate stops of PostgreSQL under load: no answer was a lie, nothing happened twice`,
  async () => {
    for (let no = 0; no < CRASHES; no += 1) {
      await round(CRASHES + no, async () => {
        await postgres.crash();
        await postgres.untilBack();
      });
    }
    await nothingHappenedTwice();
    // Whatever went wrong meanwhile was an honest "not now".
    const answers = tally(history.operations);
    expect(Object.keys(answers).filter((label) => label.startsWith('5'))).toEqual([
      '503 temporarily_unavailable',
    ]);
  },
  CRASHES * 25_000,
);

test('what was spent before a crash stays spent after it', async () => {
  await cluster.database.db.knex('refresh_answers').update({ expires_at: new Date(0) });
  const answers = await Promise.all(
    lanes.flatMap(({ app, spent }) =>
      spent.map(({ kind, key }, no) => (kind === 'redeem' ? redeem : refresh)(nodeOf(no), app, key)),
    ),
  );
  expect(answers.length).toBeGreaterThan(CRASHES * LANES);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400]));
}, 120_000);
