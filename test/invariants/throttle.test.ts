/** I13: failures count on every process, none is lost among many at once, and a restart forgets nothing. */
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { authorizationPath, makeApp, post, type App } from '../support/app.ts';
import { createWalker, type Page } from '../support/browser-walker.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { makeApi, makePerson, PASSWORD } from '../support/factories.ts';
import type { Answer, Node } from '../support/node.ts';

/** So many wrong secrets in a minute are a slip; see http/throttle-buckets.ts. */
const FREE = 20;

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster();
  await makeApi(cluster.services);
});
afterAll(() => cluster.stop());

function ask(node: Node, machine: App, secret = machine.secret): Promise<Answer> {
  return post(node, { ...machine, secret }, '/token', { grant_type: 'client_credentials' });
}

const nodeOf = (index: number) => cluster.nodes[index % 2 === 0 ? 0 : 1];

async function untilStatus(request: () => Promise<Answer>, status: number): Promise<Answer> {
  for (let turn = 0; turn < 200; turn += 1) {
    const answer = await request();
    if (answer.status === status) return answer;
  }
  throw new Error(`never ${status}`);
}

async function countedFailures(): Promise<number> {
  const rows = await cluster.database.db.knex('throttles').max<{ max: number }[]>('failures');
  return rows[0]?.max ?? 0;
}

test('wrong secrets at two processes in turn are counted together, and the right one waits as well', async () => {
  const machine = await makeApp(cluster.services, { kind: 'machine' });
  for (let turn = 0; turn < FREE; turn += 1) {
    expect((await ask(nodeOf(turn), machine, 'wrong')).status).toBe(401);
  }
  // The other process hears of the last one a moment later.
  for (const node of cluster.nodes) {
    const refused = await untilStatus(() => ask(node, machine), 429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  }
});

test('of many failures at once none is lost', async () => {
  await cluster.database.db.knex('throttles').delete();
  const machine = await makeApp(cluster.services, { kind: 'machine' });
  const answers = await Promise.all(
    Array.from({ length: 64 }, (_, index) => ask(nodeOf(index), machine, 'wrong')),
  );
  const checked = answers.filter(({ status }) => status === 401);
  expect(answers.every(({ status }) => status === 401 || status === 429)).toBe(true);
  expect(await countedFailures()).toBe(checked.length);
  for (const node of cluster.nodes) await untilStatus(() => ask(node, machine), 429);
});

test('a restart of every process forgets nothing', async () => {
  const machine = await makeApp(cluster.services, { kind: 'machine' });
  await Promise.all(Array.from({ length: FREE }, (_, index) => ask(nodeOf(index), machine, 'wrong')));
  await untilStatus(() => ask(cluster.nodes[0], machine), 429);
  for (const process of cluster.processes) await process.kill();
  await Promise.all(cluster.processes.map((_, index) => cluster.revive(index)));
  for (const node of cluster.nodes) expect((await ask(node, machine)).status).toBe(429);
}, 60_000);

test('passwords tried at two processes are counted together, and the right one waits as well', async () => {
  const app = await makeApp(cluster.services);
  const person = await makePerson(cluster.services);
  const walker = createWalker({ origin: cluster.issuer });
  const page = await walker.visit(authorizationPath(app));
  const attempt = (node: Node, password: string) =>
    submit(node, page, { identifier: person.email ?? '', password });

  // After five slips the door is closed for 1, 2, 4 and then 8 seconds, which is long enough for a slow machine to see it.
  for (let tried = 0, turn = 0; tried < 8; turn += 1) {
    const answer = await attempt(nodeOf(turn), 'not it');
    expect([422, 429]).toContain(answer.status);
    if (answer.status === 422) tried += 1;
    else await sleep(Number(answer.headers['retry-after']) * 1000);
  }
  for (const node of cluster.nodes) {
    const refused = await attempt(node, PASSWORD);
    expect([refused.status, Number(refused.headers['retry-after']) > 0]).toEqual([429, true]);
  }

  function submit(node: Node, { forms }: Page, typed: Record<string, string>): Promise<Answer> {
    const form = forms.find(({ action }) => action.pathname.endsWith('/sign-in'));
    if (!form) throw new Error('no form');
    const cookie = walker.cookies.headerFor(form.action);
    return node.call('POST', form.action.pathname, {
      headers: { cookie },
      form: { ...form.fields, ...typed },
    });
  }
});
