/** I10: an application is told of a sign-out at least once, whatever dies in between, and can tell a repetition by its `jti`. */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { cookiesOf, makeApp, mintCode, signIn } from '../support/app.ts';
import { createWalker } from '../support/browser-walker.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { makeApi, makePerson } from '../support/factories.ts';
import { startLogoutReceiver, type LogoutReceiver } from '../support/logout-receiver.ts';

const CLIENTS = 8;

let cluster: Cluster;
let receiver: LogoutReceiver;
let isDown = true;

beforeAll(async () => {
  cluster = await startCluster();
  // While it is down it takes the call and lets the caller wait.
  receiver = await startLogoutReceiver({
    answer: (_name, _attempt, response) => void (isDown || response.writeHead(200).end()),
  });
  await makeApi(cluster.services);
});
afterAll(async () => {
  await cluster.stop();
  await receiver.close();
});

test('a sign-out that was acknowledged is told after every process was killed while telling', async () => {
  const names = Array.from({ length: CLIENTS }, (_, index) => `app-${index}`);
  const apps = await Promise.all(
    names.map((name) =>
      makeApp(cluster.services, { metadata: { backchannel_logout_uri: receiver.uri(name) } }),
    ),
  );
  const walker = createWalker({ origin: cluster.issuer });
  const [first] = apps;
  if (!first) throw new Error('no app');
  await signIn(walker, first, await makePerson(cluster.services));
  for (const app of apps) await mintCode(cluster.nodes[0], app, cookiesOf(walker, cluster.issuer));
  const page = await walker.submit(await walker.visit('/session/end'), {}, { name: 'logout' });
  expect(page.url.pathname).toBe('/session/end/success');
  await receiver.until((received) => new Set(received.map(({ name }) => name)).size === CLIENTS);

  for (const process of cluster.processes) await process.kill();
  const before = [...receiver.received];
  isDown = false;
  // The attempts under way belong to the dead for half a minute; here it has passed.
  const { knex } = cluster.database.db;
  await knex('logout_deliveries').update({ next_attempt_at: new Date() });
  await Promise.all(cluster.processes.map((_, index) => cluster.revive(index)));
  await receiver.until((received) => received.length >= before.length + CLIENTS);
  await untilNothingIsDue();

  const after = receiver.received.slice(before.length);
  expect(after.map(({ name }) => name).sort()).toEqual([...names].sort());
  for (const { name, claims } of after) {
    const earlier = before.find((one) => one.name === name);
    expect([claims.jti, claims['sid']]).toEqual([earlier?.claims.jti, earlier?.claims['sid']]);
  }

  async function untilNothingIsDue(): Promise<void> {
    for (let turn = 0; turn < 500; turn += 1) {
      const open = await knex('logout_deliveries').whereNull('delivered_at');
      if (open.length === 0) return;
    }
    throw new Error('deliveries are left');
  }
}, 60_000);
