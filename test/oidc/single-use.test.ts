/** T1: the library finds, checks and consumes in three steps. Here one statement decides, whichever process asks. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { revoke } from '../../src/revocation/revoke.ts';
import {
  approveDevice,
  authorizationParams,
  cookiesOf,
  introspect,
  makeApp,
  mintCode,
  obtainTokens,
  pollDevice,
  post,
  redeem,
  refresh,
  signIn,
  startDevice,
  tokensOf,
  type App,
} from '../support/app.ts';
import { createWalker } from '../support/browser-walker.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { makeApi, makePerson } from '../support/factories.ts';
import type { Answer, Node } from '../support/node.ts';

const CROWD = 16;
const ROUNDS = 12;

let cluster: Cluster;
let cookie: string;
let web: App;

beforeAll(async () => {
  cluster = await startCluster();
  await makeApi(cluster.services);
  web = await makeApp(cluster.services);
  const walker = createWalker({ origin: cluster.issuer });
  await signIn(walker, web, await makePerson(cluster.services));
  cookie = cookiesOf(walker, cluster.issuer);
});
afterAll(() => cluster.stop());

/** The same request many times at once, on both processes in turn. */
function crowd(request: (node: Node, index: number) => Promise<Answer>): Promise<Answer[]> {
  return Promise.all(
    Array.from({ length: CROWD }, (_, index) => request(cluster.nodes[index % 2 === 0 ? 0 : 1], index)),
  );
}

const statusesOf = (answers: readonly Answer[]) => answers.map(({ status }) => status).sort((a, b) => a - b);
const oneOf = (status: number, others: number) => [
  status,
  ...Array.from({ length: CROWD - 1 }, () => others),
];

describe(`${CROWD} at once on two processes`, () => {
  test('a code gives tokens to one of them', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const code = await mintCode(cluster.nodes[0], web, cookie);
      expect(statusesOf(await crowd((node) => redeem(node, web, code)))).toEqual(oneOf(200, 400));
    }
  });

  test('a device code gives tokens to one of them', async () => {
    const device = await makeApp(cluster.services, { kind: 'device' });
    const walker = createWalker({ origin: cluster.issuer });
    await signIn(walker, web, await makePerson(cluster.services));
    for (let round = 0; round < ROUNDS; round += 1) {
      const started = await startDevice(cluster.nodes[0], device);
      await approveDevice(walker, started);
      const answers = await crowd((node) => pollDevice(node, device, started));
      expect(statusesOf(answers)).toEqual(oneOf(200, 400));
      const refused = answers.filter(({ status }) => status === 400);
      expect(new Set(refused.map(({ json }) => json['error']))).toEqual(new Set(['invalid_grant']));
    }
  });

  test('a pushed request gives a code to one of them', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const pushed = await post(cluster.nodes[0], web, '/request', authorizationParams(web));
      const target = `/auth?${new URLSearchParams({ client_id: web.id, request_uri: String(pushed.json['request_uri']) }).toString()}`;
      const answers = await crowd((node) => node.call('GET', target, { headers: { cookie } }));
      const codes = answers.filter(({ location }) => location?.searchParams.has('code'));
      expect(codes).toHaveLength(1);
      const errors = answers.filter((answer) => !codes.includes(answer));
      expect(
        errors.map(
          ({ location, text }) =>
            location?.searchParams.get('error') ?? /invalid_request_uri/.exec(text)?.[0],
        ),
      ).toEqual(errors.map(() => 'invalid_request_uri'));
    }
  });

  test('a refresh token has one successor, and every one of them is given that one', async () => {
    let { refresh: token } = await obtainTokens(cluster.nodes[0], web, cookie);
    for (let round = 0; round < ROUNDS; round += 1) {
      const used = token;
      const answers = await crowd((node) => refresh(node, web, used));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
      expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
      token = answers[0] ? tokensOf(answers[0]).refresh : '';
    }
  });
});

describe('a refresh that is repeated', () => {
  /** As if the time in which it may be repeated had passed. */
  async function letGracePass(): Promise<void> {
    await cluster.database.db.knex('refresh_answers').update({ expires_at: new Date(0) });
  }

  async function isAlive(app: App, token: string): Promise<unknown> {
    return (await introspect(cluster.nodes[1], app, token)).json['active'];
  }

  test('gets the same answer, to the byte, and makes no second token', async () => {
    const { refresh: token } = await obtainTokens(cluster.nodes[0], web, cookie);
    const first = await refresh(cluster.nodes[0], web, token);
    const again = await refresh(cluster.nodes[1], web, token);
    expect([again.status, again.text]).toEqual([200, first.text]);
  });

  test('after its time is theft: the whole family dies', async () => {
    const first = await obtainTokens(cluster.nodes[0], web, cookie);
    const second = tokensOf(await refresh(cluster.nodes[0], web, first.refresh));
    await letGracePass();
    expect((await refresh(cluster.nodes[1], web, first.refresh)).json).toMatchObject({
      error: 'invalid_grant',
    });
    for (const { access } of [first, second]) expect(await isAlive(web, access)).toBe(false);
    expect((await refresh(cluster.nodes[0], web, second.refresh)).status).toBe(400);
  });

  test('after its answer was used is theft, within the time as well', async () => {
    const first = await obtainTokens(cluster.nodes[0], web, cookie);
    const second = tokensOf(await refresh(cluster.nodes[0], web, first.refresh));
    const third = tokensOf(await refresh(cluster.nodes[1], web, second.refresh));
    expect((await refresh(cluster.nodes[0], web, first.refresh)).status).toBe(400);
    expect(await isAlive(web, third.access)).toBe(false);
    expect((await refresh(cluster.nodes[0], web, third.refresh)).status).toBe(400);
  });

  test('with another scope is not a repetition, and ends nothing', async () => {
    const first = await obtainTokens(cluster.nodes[0], web, cookie);
    const second = tokensOf(await refresh(cluster.nodes[0], web, first.refresh));
    expect((await refresh(cluster.nodes[1], web, first.refresh, { scope: 'openid' })).status).toBe(400);
    expect(await isAlive(web, second.access)).toBe(true);
  });

  test('by another client is refused, and ends nothing', async () => {
    const other = await makeApp(cluster.services);
    const first = await obtainTokens(cluster.nodes[0], web, cookie);
    const second = tokensOf(await refresh(cluster.nodes[0], web, first.refresh));
    expect((await refresh(cluster.nodes[1], other, first.refresh)).status).toBe(400);
    expect(await isAlive(web, second.access)).toBe(true);
  });

  test('after the grant was revoked gets nothing', async () => {
    const first = await obtainTokens(cluster.nodes[0], web, cookie);
    const answer = await refresh(cluster.nodes[0], web, first.refresh);
    expect(answer.status).toBe(200);
    const grants: { id: string }[] = await cluster.database.db
      .knex('grants')
      .select('id')
      .whereNull('revoked_at')
      .where({ client_id: web.id });
    for (const { id } of grants) await revoke(cluster.services, { grant: id }, 'test');
    expect((await refresh(cluster.nodes[1], web, first.refresh)).status).toBe(400);
  });
});
