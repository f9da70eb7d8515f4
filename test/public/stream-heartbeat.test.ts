import { setTimeout as sleep } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { makeApp } from '../support/app.ts';
import { createTestClock } from '../support/clock.ts';
import { startDatabaseProxy } from '../support/database-proxy.ts';
import { createTestDatabase } from '../support/database.ts';
import { startTestServer } from '../support/server.ts';
import { openStream } from '../support/status.ts';

test(
  'a server that does not hear its database stays silent, whatever its clock says',
  { timeout: 60_000 },
  async () => {
    const database = await createTestDatabase();
    const proxy = await startDatabaseProxy(database.connection);
    // Stands still, as a clock does that was set back.
    const clock = createTestClock();
    const server = await startTestServer({ database: { ...database, url: proxy.url }, clock });
    try {
      const { id, secret } = await makeApp(server.services, { kind: 'machine', resource: null });
      const authorization = `Basic ${Buffer.from(`${id}:${secret ?? ''}`).toString('base64')}`;
      const { host, port } = new URL(server.issuer);
      const stream = await openStream(Number(port), { host, authorization });
      await expect.poll(() => stream.heartbeats(), { timeout: 5000 }).toBeGreaterThan(1);
      proxy.silence();
      await sleep(3500);
      const heard = stream.heartbeats();
      await sleep(2500);
      expect(stream.heartbeats()).toBe(heard);
      await proxy.restore();
      await expect.poll(() => stream.heartbeats(), { timeout: 20_000 }).toBeGreaterThan(heard);
      stream.close();
    } finally {
      await server.stop();
      await proxy.close();
      await database.drop();
    }
  },
);
