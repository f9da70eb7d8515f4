import { expect, test } from 'vitest';

import { makeApp, post, tokensOf } from '../support/app.ts';
import { createTestClock } from '../support/clock.ts';
import { makeApi } from '../support/factories.ts';
import { createNode } from '../support/node.ts';
import { startTestServer } from '../support/server.ts';
import { statusOf } from '../support/status.ts';

test('a list that was let go of is not found after its last token, where it is held in memory, too', async () => {
  const clock = createTestClock();
  const server = await startTestServer({ clock });
  const node = createNode(Number(new URL(server.issuer).port), server.issuer);
  try {
    await makeApi(server.services);
    const app = await makeApp(server.services, { kind: 'machine', scope: 'orders:read' });
    const form = { grant_type: 'client_credentials', scope: 'orders:read' };
    const { access } = tokensOf(await post(node, app, '/token', form));
    const { pathname } = new URL(statusOf(access).uri);
    expect((await node.call('GET', pathname)).status).toBe(200);
    server.services.statusLease.abandon();
    const inTwoHours = new Date(clock.now().getTime() + 7_200_000);
    const closed = () =>
      server.database.db.knex('status_lists').where('expires_at', '<', inTwoHours).select('no');
    await expect.poll(closed).toHaveLength(1);
    // Its token lives for an hour; two are less than the day for which a list is made.
    clock.advance(7200);
    await expect
      .poll(() => node.call('GET', pathname).then(({ status }) => status), { timeout: 3000 })
      .toBe(404);
  } finally {
    node.close();
    await server.stop();
  }
});
