/**
 * What the product is for: a token that was revoked, by whatever means, at whichever process, is refused by every API. By those that
 * follow the stream within a second, by those that read lists within the list's `ttl` and a second, by gateways and introspection with
 * the next request. Whatever breaks between them and Guichet, no revocation is missed, and every other token is accepted afterwards.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { revoke } from '../../src/revocation/revoke.ts';
import { EFFORT } from '../support/effort.ts';
import { revokeAt, type App } from '../support/app.ts';
import {
  createMeasured,
  missedOf,
  refusalsOf,
  report,
  untilAllIsWell,
  watchRefusals,
  type Measured,
} from './propagation-doors.ts';
import { FAULTS } from './propagation-faults.ts';
import { startStopwatch, type Stopwatch } from './propagation-measure.ts';
import { MEANS } from './propagation-means.ts';
import {
  BILLS,
  makeMachine,
  mint,
  openScene,
  openVisit,
  TTL_SECONDS,
  type Scene,
  type Token,
} from './propagation-scene.ts';

const LIST_MS = (TTL_SECONDS + 1) * 1_000;

let scene: Scene;
/** Those whose tokens nobody revokes. */
let bystanders: { orders: App; bills: App };
let stopwatch: Stopwatch;

beforeAll(async () => {
  scene = await openScene();
  bystanders = { orders: await makeMachine(scene), bills: await makeMachine(scene, BILLS) };
}, 120_000);
afterAll(() => scene.stop());
beforeEach(() => {
  stopwatch = startStopwatch();
});
afterEach(() => stopwatch.stop());

test('revocations by every means are seen everywhere in time, and hit nothing else', async () => {
  const cast = { machine: await makeMachine(scene), visitor: await openVisit(scene) };
  const measured = createMeasured();
  const behind: Promise<void>[] = [];
  let others = await mint(scene, bystanders.orders);
  let revocations = 0;
  for (const [what, { rounds, arrange, after, endsAll }] of Object.entries(MEANS)) {
    for (let round = 0; round < (rounds * EFFORT) / 4; round += 1) {
      const { tokens, end } = await arrange(scene, cast);
      expect(await refusalsOf(scene, [...tokens, others]), `before: ${what}`).toEqual([]);
      await end();
      behind.push((await watchRefusals(scene, { what, tokens, measured, stopwatch })).behind);
      await after?.(scene);
      if (endsAll === true) others = await mint(scene, bystanders.orders);
      revocations += 1;
    }
  }
  await Promise.all(behind);
  report(`${revocations} revocations by ${Object.keys(MEANS).length} means`, measured, stopwatch);
  expect(await refusalsOf(scene, [others])).toEqual([]);
  expect(revocations).toBeGreaterThanOrEqual(50 * EFFORT);
  expect(missedOf(measured)).toEqual([]);
  expect(measured.stream.percentile(99)).toBeLessThanOrEqual(1_000);
  expect(measured.list.percentile(99)).toBeLessThanOrEqual(LIST_MS);
  // It was a test of two processes: either gave lists, and decided for the gateway.
  for (const path of ['/status-lists/', '/verify']) expect(scene.balancer.answersOf(path).size, path).toBe(2);
}, 240_000);

describe.each(Object.entries(FAULTS))('while %s', (name, { run, streamMs }) => {
  test('no revocation is missed, and afterwards every other token is accepted', async () => {
    const machine = await makeMachine(scene);
    const doomed = await mintSeveral(machine, 24);
    const others = [...(await mintSeveral(machine, 4)), ...(await mintSeveral(bystanders.bills, 2))];
    expect(await refusalsOf(scene, [...doomed, ...others])).toEqual([]);

    await scene.untilStreaming();
    const measured = createMeasured();
    const over = new AbortController();
    const running = run(scene, over.signal);
    try {
      const behind: Promise<unknown>[] = [];
      for (const token of doomed) {
        await untilAcknowledged(token);
        behind.push(watch(token, measured));
        await sleep(100);
      }
      await Promise.all(behind);
    } finally {
      over.abort();
      await running.catch(() => undefined);
    }
    expect(await running).toBeGreaterThan(0);
    expect(await untilAllIsWell(scene, doomed, others)).toEqual([]);
    report(`${doomed.length} revocations while ${name}`, measured, stopwatch);
    expect(missedOf(measured)).toEqual([]);
    expect(measured.stream.count).toBe(doomed.length);
    expect(measured.stream.percentile(100)).toBeLessThanOrEqual(streamMs);
    expect(measured.list.percentile(100)).toBeLessThanOrEqual(LIST_MS);
  }, 120_000);

  async function watch(token: Token, measured: Measured): Promise<void> {
    const { behind } = await watchRefusals(scene, { what: name, tokens: [token], measured, stopwatch });
    await behind;
  }
});

async function mintSeveral(app: App, count: number): Promise<Token[]> {
  const tokens: Token[] = [];
  while (tokens.length < count) tokens.push(await mint(scene, app));
  return tokens;
}

/** Revokes at the endpoint or as an operator, in turn, and again for as long as nobody says that it was done. */
async function untilAcknowledged(token: Token): Promise<void> {
  const { jti = '' } = decodeJwt(token.access);
  for (let attempt = 0; attempt < 1_000; attempt += 1) {
    const isDone = await (attempt % 2 === 0 ? atEndpoint() : asOperator()).catch(() => false);
    if (isDone) return;
    await sleep(20);
  }
  throw new Error('the revocation was not acknowledged');

  async function atEndpoint(): Promise<boolean> {
    return (await revokeAt(scene.node(), token.app, token.access)).status === 200;
  }

  async function asOperator(): Promise<boolean> {
    await revoke(scene.cluster.services, { jti }, 'test');
    return true;
  }
}
