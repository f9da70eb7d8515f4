import { afterAll, beforeAll, expect, test } from 'vitest';

import { cookiesOf } from '../support/app.ts';
import { createWalker, type Walker } from '../support/browser-walker.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { makePerson } from '../support/factories.ts';
import { signIn } from '../interactions/visit.ts';

let cluster: Cluster;

beforeAll(async () => {
  cluster = await startCluster();
});

afterAll(() => cluster.stop());

/** Where the second process sends this browser when it asks for a page. */
async function atTheOther(walker: Walker): Promise<string | undefined> {
  const answer = await cluster.nodes[1].call('GET', '/account/sessions', {
    headers: { cookie: cookiesOf(walker, cluster.issuer), accept: 'text/html' },
  });
  return answer.status === 200 ? 'page' : answer.location?.pathname;
}

test('a session that ends on one process has ended on the other, at once', async () => {
  const person = await makePerson(cluster.services);
  const [here, there] = [createWalker({ origin: cluster.issuer }), createWalker({ origin: cluster.issuer })];
  for (const walker of [here, there])
    await signIn(walker, await walker.visit('/account'), person.email ?? '');
  expect([await atTheOther(here), await atTheOther(there)]).toEqual(['page', 'page']);

  const page = await here.visit('/account/sessions');
  await here.submit(page, {}, { form: '/end-others' });
  expect([await atTheOther(here), await atTheOther(there)]).toEqual(['page', '/auth']);
  await here.submit(page, {}, { form: '/account/sign-out' });
  expect(await atTheOther(here)).toBe('/auth');
});
