import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createWalker, type Page, type Walker } from '../support/browser-walker.ts';
import { makePerson, PASSWORD } from '../support/factories.ts';
import { form, post, send, type Answer } from './http.ts';
import {
  addClient,
  authorizationRequest,
  authorizeUrl,
  openScene,
  walk,
  type RelyingParty,
  type Scene,
} from './scene.ts';
import { after } from './time.ts';

/** Section 5 of the standards: what guessing costs, and that it costs nobody else anything. */

let scene: Scene;
let web: RelyingParty;
let device: RelyingParty;

beforeAll(async () => {
  // A proxy of ours, so that a test can come from many addresses.
  scene = await openScene({ env: { GUICHET_TRUSTED_PROXIES: '127.0.0.1/32,::1/128' } });
  web = await addClient(scene, 'web');
  device = await addClient(scene, 'device');
});
afterAll(() => scene.stop());

let addresses = 0;
/** Another one each time, in another network. */
function newAddress(): string {
  addresses += 1;
  return `100.${64 + (addresses >> 8)}.${addresses & 255}.7`;
}

const walkerFrom = (address: string): Walker =>
  createWalker({ origin: scene.issuer, headers: { 'X-Forwarded-For': address } });

describe('user codes', () => {
  const enter = async (walker: Walker, user_code: string): Promise<Page> =>
    walker.submit(await walker.visit('/device'), { user_code });

  const newCode = async (): Promise<string> => {
    const { json } = await post(`${scene.issuer}/device/auth`, { client_id: device.id, scope: 'openid' });
    return String(json['user_code']);
  };

  /** Base-20 letters from a number, so that every guess is another one. */
  const guess = (number: number): string => `BBBB-${number.toString(20).padStart(4, '0')}`.toUpperCase();

  test('RFC8628-5.1 after ten wrong ones an address may enter no more, the right one included; others may', async () => {
    const address = newAddress();
    let closed: Page | undefined;
    let tries = 0;
    for (; tries < 30 && !closed; tries += 1) {
      // A new browser each time: the address is what counts, not a cookie.
      const page = await enter(walkerFrom(address), guess(tries));
      if (page.status === 429) closed = page;
      else expect(page.status).toBe(200);
    }
    expect(tries).toBeLessThanOrEqual(11);
    expect(Number(closed?.headers.get('retry-after'))).toBeGreaterThan(600);
    expect(closed?.headers.get('content-type')).toMatch(/^text\/html/);
    const code = await newCode();
    expect((await enter(walkerFrom(address), code)).status).toBe(429);
    const neighbour = await enter(walkerFrom(newAddress()), code);
    expect(neighbour.status).toBe(200);
    expect(neighbour.forms[0]?.fields['confirm']).toBe('yes');
    const later = await newCode();
    expect((await after(901, () => enter(walkerFrom(address), later))).status).toBe(200);
  });

  test('RFC8628-5.1 a whole /64 of IPv6 is one guesser', async () => {
    const statuses: number[] = [];
    for (let index = 0; index < 12; index += 1) {
      const walker = walkerFrom(`2001:db8:1:1::${(index + 1).toString(16)}`);
      statuses.push((await enter(walker, guess(100 + index))).status);
    }
    expect(statuses).toContain(429);
    expect((await enter(walkerFrom('2001:db8:1:2::1'), guess(200))).status).toBe(200);
  });

  test('RFC8628-5.1 right codes and empty forms are no guesses', async () => {
    const address = newAddress();
    for (let index = 0; index < 12; index += 1) {
      const code = index % 2 ? '' : await newCode();
      expect((await enter(walkerFrom(address), code)).status).toBe(200);
    }
  });

  test('RFC8628-5.1 a page without its session is refused, not broken', async () => {
    const headers = { Accept: 'text/html' };
    for (const fields of [
      {},
      { xsrf: 'x', user_code: guess(1) },
      { xsrf: 'x', user_code: guess(1), confirm: 'yes' },
    ]) {
      expect((await post(`${scene.issuer}/device`, fields as Record<string, string>, headers)).status).toBe(
        403,
      );
    }
    expect((await send(`${scene.issuer}/device/unknown`, { headers })).status).toBe(400);
    expect((await send(`${scene.issuer}/device/auth`, { headers })).status).toBe(405);
  });

  test('RFC8628-5.1 a device code is its client’s alone, and nobody’s before it was allowed', async () => {
    const { json } = await post(`${scene.issuer}/device/auth`, { client_id: device.id, scope: 'openid' });
    const other = await addClient(scene, 'device');
    const poll = (client: RelyingParty): Promise<Answer> =>
      post(`${scene.issuer}/token`, {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        device_code: String(json['device_code']),
        client_id: client.id,
      });
    expect((await poll(device)).json['error']).toBe('authorization_pending');
    const walker = walkerFrom(newAddress());
    const confirm = await enter(walker, String(json['user_code']));
    const done = await walk(scene, walker, await walker.submit(confirm, {}, { name: '' }));
    expect(done.status).toBe(200);
    expect((await poll(other)).json['error']).toBe('invalid_grant');
    expect((await poll(web)).json).not.toHaveProperty('access_token');
    const answers = await Promise.all(Array.from({ length: 16 }, () => poll(device)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });
});

describe('V6.3.8 nothing tells accounts apart', () => {
  interface Attempt {
    readonly answer: Answer;
    readonly ms: number;
  }

  /** One failed sign-in, from an address of its own: what it says and how long it takes to say so. */
  async function fail(identifier: string, password = 'a wrong password of usual length'): Promise<Attempt> {
    const address = newAddress();
    const walker = walkerFrom(address);
    const page = await walker.visit(authorizeUrl(scene, authorizationRequest(web).fields));
    const [signIn] = page.forms;
    const url = signIn?.action ?? new URL(scene.issuer);
    const fields = { ...signIn?.fields, identifier, password };
    const headers = { Cookie: walker.cookies.headerFor(url), 'X-Forwarded-For': address };
    const started = performance.now();
    const answer = await post(url, fields, headers);
    return { answer, ms: performance.now() - started };
  }

  const median = (values: readonly number[]): number =>
    values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;

  /** What is left of a page without what is different on every page. */
  const outline = ({ text }: Answer, identifier: string): string =>
    text
      .replaceAll(identifier, 'IDENTIFIER')
      .replaceAll(/\/interaction\/[\w-]+/g, '/interaction/UID')
      .replaceAll(/name="csrf" value="[^"]+"/g, 'name="csrf" value="CSRF"')
      // A challenge is drawn for every page.
      .replaceAll(/data-options="[^"]+"/g, 'data-options="OPTIONS"');

  test('V6.3.8 failures with known names and with unknown ones look the same and cost one hash each', async () => {
    // A hash that is left out shows at once; differences of milliseconds are for a quiet machine and not for a test.
    const PAIRS = 32;
    const { services } = scene.server;
    const people = await Promise.all(Array.from({ length: PAIRS / 4 }, () => makePerson(services)));
    const known: number[] = [];
    const unknown: number[] = [];
    for (let pair = 0; pair < PAIRS; pair += 1) {
      const identifier = people[pair % people.length]?.email ?? '';
      const stranger = `ada.${(pair % people.length).toString(16).padStart(8, 'f')}@example.org`;
      const attempts: Record<string, Attempt> = {};
      // In turn which one goes first, so that whatever the first one warms up helps both.
      for (const name of pair % 2 ? [identifier, stranger] : [stranger, identifier])
        attempts[name] = await fail(name);
      const [one, two] = [attempts[identifier], attempts[stranger]];
      if (!one || !two) throw new Error('nothing was measured');
      expect([one.answer.status, two.answer.status]).toEqual([422, 422]);
      expect(outline(one.answer, identifier)).toBe(outline(two.answer, stranger));
      known.push(one.ms);
      unknown.push(two.ms);
    }
    const [slow, fast] = [Math.max(median(known), median(unknown)), Math.min(median(known), median(unknown))];
    expect(slow / fast, `${median(known)} and ${median(unknown)} ms`).toBeLessThan(2);
  }, 120_000);

  test('V6.3.1 a delayed account looks the same whether it exists, and whether the password is right', async () => {
    const person = await makePerson(scene.server.services);
    const texts: string[] = [];
    for (const identifier of [person.email ?? '', 'nobody.at.all@example.org']) {
      let last: Attempt | undefined;
      for (let index = 0; index < 8; index += 1) last = await fail(identifier);
      last = await fail(identifier, PASSWORD);
      expect(last?.answer.status).toBe(429);
      if (last) texts.push(outline(last.answer, identifier).replaceAll(/\d+ (?:second|minute)s?/g, 'TIME'));
    }
    expect(texts[0]).toBe(texts[1]);
  });
});

test('V3.5.1 every form that changes something wants its token', async () => {
  const walker = createWalker({ origin: scene.issuer });
  const page = await walker.visit(authorizeUrl(scene, authorizationRequest(web).fields));
  const { pathname } = page.url;
  const cookie = { Cookie: walker.cookies.headerFor(page.url) };
  for (const step of ['sign-in', 'consent', 'keep', 'deny']) {
    for (const csrf of [undefined, '', 'x', 'A'.repeat(43)]) {
      const fields = { csrf, identifier: scene.person.email ?? '', password: 'x', decision: 'allow' };
      const answer = await post(scene.issuer + pathname + '/' + step, fields, cookie);
      const refused =
        answer.status === 403 || (answer.status === 303 && answer.location?.pathname === pathname);
      expect(refused, `${step} ${csrf}: ${answer.status}`).toBe(true);
    }
  }
  const signOut = await walker.visit('/session/end');
  expect(signOut.status).toBe(200);
  const forged = await post(`${scene.issuer}/session/end/confirm`, { logout: 'yes', xsrf: 'x' }, cookie);
  expect([400, 403]).toContain(forged.status);
});

test('V3.5.1 the token of one page is none on another, nor in another browser', async () => {
  const mine = createWalker({ origin: scene.issuer });
  const theirs = createWalker({ origin: scene.issuer });
  const url = authorizeUrl(scene, authorizationRequest(web).fields);
  const [first, second, other] = [await mine.visit(url), await mine.visit(url), await theirs.visit(url)];
  const token = first.forms[0]?.fields['csrf'] ?? '';
  expect(token).not.toBe('');
  const credentials = { identifier: 'x', password: 'x', csrf: token };
  expect((await mine.submit(second, credentials, { form: '/sign-in' })).status).toBe(403);
  expect((await theirs.submit(other, credentials, { form: '/sign-in' })).status).toBe(403);
  const foreign = await send(first.url, { headers: { Cookie: theirs.cookies.headerFor(first.url) } });
  expect(foreign.status).toBe(400);
});

test('V3.5.1 a form that another site sends is refused, token or not', async () => {
  const walker = createWalker({ origin: scene.issuer });
  const page = await walker.visit(authorizeUrl(scene, authorizationRequest(web).fields));
  const [signIn] = page.forms;
  const body = form({ ...signIn?.fields, identifier: 'x', password: 'x' });
  for (const headers of [
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { Origin: 'https://evil.example' },
  ]) {
    const cookies = { Cookie: walker.cookies.headerFor(signIn?.action ?? page.url) };
    const answer = await send(signIn?.action ?? '', {
      method: 'POST',
      body,
      headers: { ...cookies, ...headers } as Record<string, string>,
    });
    expect(answer.status).toBe(403);
  }
});
