/**
 * Guessing at one account from ever new addresses for a day (standards: 5 and 3.4). `npm run bench:brute-force` does the same
 * with a thousand real sockets at once.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { authorizationPath, makeApp, type App } from '../support/app.ts';
import { createWalker, type Page, type Walker } from '../support/browser-walker.ts';
import { createTestClock, type TestClock } from '../support/clock.ts';
import { makeApi, makePerson, PASSWORD } from '../support/factories.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** See http/throttle-buckets.ts. Guesses that are under way when the last one is counted come on top. */
const GUESSES_A_DAY = 50;
const AT_ONCE = 4;
const UNDER_WAY = AT_ONCE - 1;

const DAY_SECONDS = 24 * 3600;

let server: TestServer;
let clock: TestClock;
let app: App;

beforeAll(async () => {
  clock = createTestClock(new Date());
  server = await startTestServer({ clock, env: { GUICHET_TRUSTED_PROXIES: '127.0.0.1/32,::1/128' } });
  await makeApi(server.services);
  app = await makeApp(server.services);
});
afterAll(() => server.stop());

let addresses = 0;

/** No two share a network: limits by address never come into it. */
function fromElsewhere(): Walker {
  addresses += 1;
  const address = `10.${addresses >> 8}.${addresses & 0xff}.1`;
  return createWalker({ origin: server.issuer, headers: { 'X-Forwarded-For': address } });
}

async function attempt(walker: Walker, identifier: string, password: string): Promise<Page> {
  const page = await walker.visit(authorizationPath(app, { prompt: 'login' }));
  return walker.submit(page, { identifier, password }, { form: '/sign-in' });
}

const isIn = ({ leavesTo }: Page) => leavesTo?.searchParams.has('code') === true;

test('a day of guesses from ever new addresses stays within policy, and the owner gets in all the while', async () => {
  const { email } = await makePerson(server.services);
  const victim = email ?? '';
  const own = fromElsewhere();
  expect(isIn(await attempt(own, victim, PASSWORD))).toBe(true);

  let guesses = 0;
  let waves = 0;
  const endsAt = clock.now().getTime() + DAY_SECONDS * 1000;
  while (clock.now().getTime() < endsAt) {
    const answers = await Promise.all(
      Array.from({ length: AT_ONCE }, () => attempt(fromElsewhere(), victim, `guess ${guesses}`)),
    );
    expect(answers.every(({ status }) => status === 422 || status === 429)).toBe(true);
    guesses += answers.filter(({ status }) => status === 422).length;
    const waits = answers.map(({ headers }) => Number(headers.get('Retry-After') ?? 0));
    // As somebody would who knows the rules; they are told how long.
    clock.advance(Math.max(1, ...waits));
    waves += 1;
    // Between two waves, while the account is closed to everybody else.
    if (waves % 10 === 0) expect(isIn(await attempt(own, victim, PASSWORD))).toBe(true);
  }
  expect(guesses).toBeGreaterThan(20);
  expect(guesses).toBeLessThanOrEqual(GUESSES_A_DAY + UNDER_WAY);
}, 60_000);

test('the owner on a new device waits like everybody, and a day later gets in', async () => {
  const { email } = await makePerson(server.services);
  const victim = email ?? '';
  for (let wave = 0; wave < 3; wave += 1) {
    await Promise.all(
      Array.from({ length: AT_ONCE }, () => attempt(fromElsewhere(), victim, `guess ${wave}`)),
    );
  }
  expect((await attempt(fromElsewhere(), victim, PASSWORD)).status).toBe(429);
  clock.advance(DAY_SECONDS);
  expect(isIn(await attempt(fromElsewhere(), victim, PASSWORD))).toBe(true);
});
