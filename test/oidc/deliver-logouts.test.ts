/** What applications that are down or slow mean for themselves, and that they mean nothing for others. */
import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, beforeEach, afterEach, expect, test } from 'vitest';

import { newId } from '../../src/crypto/ids.ts';
import { notify } from '../../src/db/listen.ts';
import { enqueueLogout, LOGOUT_CHANNEL } from '../../src/sessions/logout-store.ts';
import { makeApp, signIn } from '../support/app.ts';
import { createWalker } from '../support/browser-walker.ts';
import { createTestClock } from '../support/clock.ts';
import { makePerson } from '../support/factories.ts';
import { startLogoutReceiver, type LogoutReceiver } from '../support/logout-receiver.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

const MINUTE = 60;

const clock = createTestClock();
let server: TestServer;
let receiver: LogoutReceiver;
let answer: (name: string, response: ServerResponse) => void;

beforeAll(async () => {
  server = await startTestServer({ clock });
});
afterAll(() => server.stop());
beforeEach(async () => {
  receiver = await startLogoutReceiver({ answer: (name, _attempt, response) => answer(name, response) });
});
afterEach(() => receiver.close());

/** An application that listens under this name, and somebody who has signed in there. */
async function signInAt(name: string) {
  const metadata = { backchannel_logout_uri: receiver.uri(name) };
  const app = await makeApp(server.services, { resource: null, metadata });
  const person = await makePerson(server.services);
  const walker = createWalker({ origin: server.issuer });
  await signIn(walker, app, person);
  const signOut = async () => {
    const page = await walker.submit(await walker.visit('/session/end'), {}, { name: 'logout' });
    expect(page.url.pathname).toBe('/session/end/success');
  };
  return { app, person, signOut };
}

const told = (name: string) => receiver.received.filter((one) => one.name === name).length;

/** The server looks for what is due by a timer of real time, and when somebody else signs out. */
async function lookUntil(done: () => boolean): Promise<void> {
  for (const deadline = performance.now() + 10_000; !done();) {
    if (performance.now() > deadline) throw new Error(`received: ${receiver.received.length}`);
    await notify(server.services.db.knex, LOGOUT_CHANNEL, '');
    await sleep(10);
  }
}

test('an application that was down for ten minutes is told within a minute', async () => {
  let isDown = true;
  answer = (_name, response) => response.writeHead(isDown ? 503 : 204).end();
  const { signOut } = await signInAt('down');
  await signOut();
  await lookUntil(() => told('down') === 1);
  for (let minute = 1; minute <= 10; minute += 1) {
    clock.advance(MINUTE);
    await lookUntil(() => told('down') === 1 + minute);
  }
  isDown = false;
  clock.advance(MINUTE);
  await lookUntil(() => told('down') === 12);

  const { received } = receiver;
  expect(new Set(received.map(({ claims }) => claims.jti)).size).toBe(1);
  // It is asked no more often than this, and each token is fresh.
  const issuedAt = received.map(({ claims }) => claims.iat ?? 0);
  expect(issuedAt.map((at) => at - (issuedAt[0] ?? 0))).toEqual(received.map((_, n) => n * MINUTE));
  const isDelivered = () =>
    server.services.db
      .knex('logout_deliveries')
      .whereNotNull('delivered_at')
      .where('id', received[0]?.claims.jti ?? '');
  while ((await isDelivered()).length === 0) await sleep(10);
});

test('an application that never answers holds up neither others nor those who sign out', async () => {
  const waiting = new Set<ServerResponse>();
  let givenUp = 0;
  let waitingMax = 0;
  answer = (name, response) => {
    if (name === 'up') return response.writeHead(200).end();
    waiting.add(response.on('close', () => waiting.delete(response) && (givenUp += 1)));
    waitingMax = Math.max(waitingMax, waiting.size);
    return undefined;
  };
  const slow = await signInAt('slow');
  const up = await signInAt('up');
  // Many people were signed in there, as when an operator signs all of them out.
  for (let index = 0; index < 120; index += 1) {
    const delivery = {
      id: newId('out'),
      clientId: slow.app.id,
      accountId: slow.person.id,
      sid: newId('sid'),
    };
    await enqueueLogout(server.services.db.knex, delivery, clock.now());
  }
  await receiver.until(() => told('slow') > 0);
  await up.signOut();
  await receiver.until(() => told('up') === 1);
  // The first few at most, on a machine that is busy.
  expect(givenUp).toBeLessThanOrEqual(5);
  expect(waitingMax).toBeLessThanOrEqual(5);
});
