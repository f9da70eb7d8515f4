/** V7.2.4, V7.3.1, V7.3.2: when a sign-in ends by itself, what counts as using it, and which cookie value stands for it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { listSessions } from '../../src/sessions/list-sessions.ts';
import { saveSession } from '../../src/sessions/store.ts';
import { createProvider } from '../../src/upstream/create-provider.ts';
import { insertIdentity } from '../../src/upstream/identity-store.ts';
import {
  authorizationPath,
  authorize,
  cookiesOf,
  makeApp,
  obtainTokens,
  redeem,
  refresh,
  signIn,
  tokensOf,
  userinfo,
  type App,
} from '../support/app.ts';
import { createWalker, type Walker } from '../support/browser-walker.ts';
import { createTestClock } from '../support/clock.ts';
import { makeApi, makePerson, PASSWORD } from '../support/factories.ts';
import { createNode, type Node } from '../support/node.ts';
import { freePort, startTestServer, type TestServer } from '../support/server.ts';

const IDLE_SECONDS = 7200;
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:150.0) Gecko/20100101 Firefox/150.0';

const clock = createTestClock(new Date());
let server: TestServer;
let other: TestServer;
let nodes: readonly [Node, Node];
let app: App;

beforeAll(async () => {
  const env = {
    GUICHET_SESSION_IDLE_SECONDS: String(IDLE_SECONDS),
    GUICHET_SESSION_TTL_SECONDS: String(5 * IDLE_SECONDS),
    GUICHET_TRUSTED_PROXIES: '127.0.0.1/32,::1/128',
  };
  server = await startTestServer({ env, clock });
  const port = await freePort();
  const { issuer, database } = server;
  const second = { ...env, GUICHET_ISSUER: issuer, GUICHET_PORT: String(port) };
  other = await startTestServer({ env: second, clock, database });
  nodes = [createNode(Number(new URL(issuer).port), issuer), createNode(port, issuer)];
  await makeApi(server.services);
  app = await makeApp(server.services);
});
afterAll(async () => {
  for (const node of nodes) node.close();
  await other.stop();
  await server.stop();
});

let walker: Walker;
let cookie: string;
let accountId: string;
let code: string;

/** Somebody who has just signed in. */
beforeEach(async () => {
  const person = await makePerson(server.services);
  accountId = person.id;
  walker = createWalker({
    origin: server.issuer,
    headers: { 'user-agent': FIREFOX, 'x-forwarded-for': '2001:db8::1' },
  });
  code = await signIn(walker, app, person);
  cookie = cookiesOf(walker, server.issuer);
});

async function isSignedIn(value = cookie): Promise<boolean[]> {
  const answers = await Promise.all(nodes.map((node) => authorize(node, app, value, { prompt: 'none' })));
  return answers.map(({ location }) => location?.searchParams.has('code') === true);
}

function sessions() {
  const { db, config } = server.services;
  const { idleSeconds } = config.sessions;
  return listSessions(db.knex, { now: clock.now(), idleSeconds, limit: 10, accountId });
}

async function rowVersion(): Promise<unknown> {
  const { rows } = await server.services.db.pool.query<{ xmin: string }>(
    'SELECT xmin::text FROM sessions WHERE account_id = $1',
    [accountId],
  );
  return rows[0]?.xmin;
}

describe('a session that is used', () => {
  test('lives on, and is gone on every process when it was idle for too long', async () => {
    const tokens = await obtainTokens(nodes[0], app, cookie);
    for (let turn = 0; turn < 3; turn += 1) {
      clock.advance(IDLE_SECONDS - 60);
      expect(await isSignedIn()).toEqual([true, true]);
    }
    clock.advance(IDLE_SECONDS + 1);
    expect(await isSignedIn()).toEqual([false, false]);
    for (const node of nodes) expect((await refresh(node, app, tokens.refresh)).status).toBe(400);
    expect(await sessions()).toEqual([]);
  });

  test('ends at its age all the same', async () => {
    for (let turn = 0; turn < 5; turn += 1) {
      expect(await isSignedIn()).toEqual([true, true]);
      clock.advance(IDLE_SECONDS - 60);
    }
    expect(await isSignedIn()).toEqual([true, true]);
    clock.advance(301);
    expect((await sessions()).length).toBe(0);
  });

  test('is written once in a while and not at every request', async () => {
    await isSignedIn();
    const before = await rowVersion();
    clock.advance(290);
    await isSignedIn();
    expect(await rowVersion()).toBe(before);
    clock.advance(11);
    await isSignedIn();
    const after = await rowVersion();
    expect(after).not.toBe(before);
    await isSignedIn();
    expect(await rowVersion()).toBe(after);
  });

  test('is kept by an application that refreshes its tokens, and not by one that reads userinfo', async () => {
    const opaque = await makeApp(server.services, { resource: null });
    const tokens = await obtainTokens(nodes[0], opaque, cookie);
    clock.advance(IDLE_SECONDS - 60);
    const refreshed = await refresh(nodes[1], opaque, tokens.refresh);
    expect(refreshed.status).toBe(200);
    clock.advance(IDLE_SECONDS - 60);
    expect((await userinfo(nodes[0], tokensOf(refreshed).access)).status).toBe(200);
    clock.advance(61);
    expect(await isSignedIn()).toEqual([false, false]);
  });

  test('is shown with the browser, its address and its last use, of which an application changes the last', async () => {
    const [begun] = await sessions();
    expect(begun).toMatchObject({ userAgent: FIREFOX, address: '2001:db8::1', clientIds: [app.id] });
    expect(begun?.lastUsedAt).toEqual(clock.now());
    const tokens = tokensOf(await redeem(nodes[0], app, code));

    clock.advance(600);
    await refresh(nodes[0], app, tokens.refresh);
    expect(await sessions()).toMatchObject([
      { userAgent: FIREFOX, address: '2001:db8::1', lastUsedAt: clock.now() },
    ]);

    clock.advance(600);
    const headers = { cookie, 'user-agent': 'Elsewhere/1', 'x-forwarded-for': '2001:db8::2' };
    await nodes[1].call('GET', authorizationPath(app), { headers });
    expect(await sessions()).toMatchObject([
      { userAgent: 'Elsewhere/1', address: '2001:db8::2', lastUsedAt: clock.now() },
    ]);
  });

  test('keeps the upstream identity it was begun with when its person proves more here', async () => {
    const { pool } = server.services.db;
    const [first, second] = await connectTwo(accountId);
    const write = {
      uid: `uid-${accountId}`,
      accountId,
      payload: Buffer.alloc(1),
      expiresAt: new Date(clock.now().getTime() + 60_000),
      clients: [],
      isChanged: true,
      cookieDigest: Buffer.from(`one ${accountId}`),
      replacesDigest: null,
      device: { userAgent: null, address: null },
      provedIn: null,
    };
    const stored = () =>
      server.services.db.knex('sessions').first('identity_id', 'upstream_sid').where({ uid: write.uid });
    await saveSession(pool, { ...write, identity: { id: first, upstreamSid: 'theirs' } }, clock.now());
    await saveSession(pool, { ...write, identity: null }, clock.now());
    expect(await stored()).toEqual({ identity_id: first, upstream_sid: 'theirs' });
    await saveSession(pool, { ...write, identity: { id: second, upstreamSid: null } }, clock.now());
    expect(await stored()).toEqual({ identity_id: second, upstream_sid: null });
  });
});

async function connectTwo(accountId: string): Promise<[string, string]> {
  const issuer = 'https://theirs.example';
  const { id: providerId } = await createProvider(server.services, {
    kind: 'oidc',
    name: `Theirs ${accountId.slice(-6)}`,
    settings: { issuer, clientId: 'guichet', authMethod: 'none', scopes: ['openid'] },
    secrets: {},
    actor: 'test',
  });
  const ids: [string, string] = [`idn_1_${accountId}`, `idn_2_${accountId}`];
  for (const id of ids) {
    const identity = { id, providerId, issuer, subject: id, accountId, label: null };
    await insertIdentity(server.services.db.knex, { ...identity, linkedAt: clock.now(), lastUsedAt: null });
  }
  return ids;
}

describe('the cookie value', () => {
  const sessionCookie = () => walker.cookies.get('guichet-session');

  /** Signs in at a request that demands it, as somebody. */
  async function signInAgain(email: string, parameters: Record<string, string>): Promise<void> {
    let page = await walker.visit(authorizationPath(app, parameters));
    page = await walker.submit(page, { identifier: email, password: PASSWORD }, { form: '/sign-in' });
    // The library ends another person's session through a form that browsers submit by themselves.
    if (!page.leavesTo) page = await walker.submit(page);
    expect(page.leavesTo?.searchParams.has('code')).toBe(true);
  }

  async function emailOf(id: string): Promise<string> {
    const row: { email: string } | undefined = await server.services.db
      .knex('accounts')
      .first('email')
      .where({ id });
    return row?.email ?? '';
  }

  test('of before the sign-in is nobody', async () => {
    const fresh = createWalker({ origin: server.issuer });
    const form = await fresh.visit(authorizationPath(app));
    const planted = cookiesOf(fresh, server.issuer);
    expect(planted).toContain('guichet-session=');
    await fresh.submit(
      form,
      { identifier: await emailOf(accountId), password: PASSWORD },
      { form: '/sign-in' },
    );
    expect(await isSignedIn(planted)).toEqual([false, false]);
    expect(await isSignedIn(cookiesOf(fresh, server.issuer))).toEqual([true, true]);
  });

  test.each([
    ['the client asks for another sign-in', { prompt: 'login' }],
    ['the sign-in is too old', { max_age: '0' }],
    ['more is asked of the person', { prompt: 'login', acr_values: 'urn:guichet:acr:password' }],
  ])('is another one when %s, and the old one is dead at once', async (_when, parameters) => {
    const before = sessionCookie();
    await signInAgain(await emailOf(accountId), parameters);
    expect(sessionCookie()).not.toBe(before);
    expect(await isSignedIn()).toEqual([false, false]);
    expect(await isSignedIn(cookiesOf(walker, server.issuer))).toEqual([true, true]);
    // It is the same session under another name.
    expect(await sessions()).toHaveLength(1);
  });

  test('is another one for another person, whose session is another too', async () => {
    const next = await makePerson(server.services);
    const [first] = await sessions();
    await signInAgain(next.email ?? '', { prompt: 'login' });
    expect(await isSignedIn()).toEqual([false, false]);
    expect(await sessions()).toEqual([]);
    accountId = next.id;
    const [second] = await sessions();
    expect(second?.id).not.toBe(first?.id);
  });
});
