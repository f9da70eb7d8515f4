/** T3: a session is shared by every tab of a browser, on every process, and none of them may undo what another has done. */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { revoke } from '../../src/revocation/revoke.ts';
import {
  authorizationPath,
  authorize,
  cookiesOf,
  introspect,
  makeApp,
  mintCode,
  redeem,
  refresh,
  signIn,
  tokensOf,
  userinfo,
  type App,
} from '../support/app.ts';
import { createWalker, type Page, type Walker } from '../support/browser-walker.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { makeApi, makePerson, PASSWORD } from '../support/factories.ts';
import { startLogoutReceiver, type LogoutReceiver } from '../support/logout-receiver.ts';

const TABS = 8;

let cluster: Cluster;
let receiver: LogoutReceiver;

beforeAll(async () => {
  cluster = await startCluster();
  receiver = await startLogoutReceiver();
  await makeApi(cluster.services);
});
afterAll(async () => {
  await cluster.stop();
  await receiver.close();
});

/** Applications that want to be told of the sign-out, under names that no other test uses. */
async function makeListeners(prefix: string): Promise<{ name: string; app: App }[]> {
  const names = Array.from({ length: TABS }, (_, index) => `${prefix}-${index}`);
  return Promise.all(
    names.map(async (name) => {
      const metadata = {
        backchannel_logout_uri: receiver.uri(name),
        backchannel_logout_session_required: true,
      };
      return { name, app: await makeApp(cluster.services, { metadata }) };
    }),
  );
}

async function signOut(walker: Walker): Promise<void> {
  const page = await walker.submit(await walker.visit('/session/end'), {}, { name: 'logout' });
  if (page.url.pathname !== '/session/end/success')
    throw new Error(`not signed out: ${page.url.href} ${page.text}`);
}

function isToldOnce(received: LogoutReceiver['received'], names: readonly string[]): boolean {
  return names.every((name) => received.some((one) => one.name === name));
}

/** Presses the button of a sign-in form and stops before the browser goes on to where it is sent. */
async function pressSignIn(walker: Walker, page: Page, person: { email: string | null }): Promise<URL> {
  const form = page.forms.find(({ action }) => action.pathname.endsWith('/sign-in'));
  if (!form) throw new Error(`no form on ${page.heading}`);
  const { status, headers, location } = await cluster.nodes[0].call('POST', form.action.pathname, {
    headers: { cookie: walker.cookies.headerFor(form.action) },
    form: { ...form.fields, identifier: person.email ?? '', password: PASSWORD },
  });
  if (!location) throw new Error(`not signed in: ${status}`);
  walker.cookies.store(headers['set-cookie'] ?? [], form.action);
  return location;
}

test('8 tabs that sign in to 8 clients at the same instant are all told of the sign-out', async () => {
  const listeners = await makeListeners('sign-in');
  const person = await makePerson(cluster.services);
  const walker = createWalker({ origin: cluster.issuer });
  const resumptions: URL[] = [];
  for (const { app } of listeners) {
    resumptions.push(await pressSignIn(walker, await walker.visit(authorizationPath(app)), person));
  }

  // None of the tabs knows of the others' cookies when it goes on.
  const requests = resumptions.map((url) => ({ url, cookie: walker.cookies.headerFor(url) }));
  const answers = await Promise.all(
    requests.map(({ url, cookie }, index) =>
      cluster.nodes[index % 2 === 0 ? 0 : 1].call('GET', url.pathname, { headers: { cookie } }),
    ),
  );
  expect(answers.map(({ location }) => location?.searchParams.has('code'))).toEqual(
    listeners.map(() => true),
  );
  for (const { headers } of answers)
    walker.cookies.store(headers['set-cookie'] ?? [], new URL(cluster.issuer));
  await signOut(walker);

  await receiver.until((received) =>
    isToldOnce(
      received,
      listeners.map(({ name }) => name),
    ),
  );
});

test('8 clients that a signed-in browser visits at the same instant are all told of the sign-out', async () => {
  const listeners = await makeListeners('visit');
  const [first] = listeners;
  const walker = createWalker({ origin: cluster.issuer });
  if (first) await signIn(walker, first.app, await makePerson(cluster.services));
  const cookie = cookiesOf(walker, cluster.issuer);

  await Promise.all(
    listeners.map(({ app }, index) => mintCode(cluster.nodes[index % 2 === 0 ? 0 : 1], app, cookie)),
  );
  await signOut(walker);

  await receiver.until((received) =>
    isToldOnce(
      received,
      listeners.map(({ name }) => name),
    ),
  );
});

test('tabs of one client that sign in at the same instant can all redeem their codes', async () => {
  const [known, app] = [await makeApp(cluster.services), await makeApp(cluster.services)];
  const walker = createWalker({ origin: cluster.issuer });
  await signIn(walker, known, await makePerson(cluster.services));
  const cookie = cookiesOf(walker, cluster.issuer);

  const codes = await Promise.all(
    Array.from({ length: TABS }, (_, index) => mintCode(cluster.nodes[index % 2 === 0 ? 0 : 1], app, cookie)),
  );
  const answers = await Promise.all(codes.map((code) => redeem(cluster.nodes[0], app, code)));

  expect(answers.map(({ status }) => status)).toEqual(codes.map(() => 200));
});

test('a tab never takes the grant of another client back to an older one', async () => {
  const apps = [await makeApp(cluster.services), await makeApp(cluster.services)] as const;
  const walker = createWalker({ origin: cluster.issuer });
  const person = await makePerson(cluster.services);
  await signIn(walker, apps[0], person);
  const cookie = cookiesOf(walker, cluster.issuer);

  for (let round = 0; round < 30; round += 1) {
    const codes = await Promise.all(
      apps.map((app, index) => mintCode(cluster.nodes[index === 0 ? 0 : 1], app, cookie)),
    );
    const answers = await Promise.all(
      apps.map((app, index) => redeem(cluster.nodes[0], app, codes[index] ?? '')),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    // Both need a new grant now, and both write the session.
    const grants = await cluster.database.db
      .knex('grants')
      .select<{ id: string }[]>('id')
      .whereNull('revoked_at')
      .where({ account_id: person.id });
    for (const { id } of grants) await revoke(cluster.services, { grant: id }, 'test');
  }
});

test('an authorization that races the sign-out leaves nothing alive', async () => {
  const app = await makeApp(cluster.services);
  for (let round = 0; round < 20; round += 1) {
    const walker = createWalker({ origin: cluster.issuer });
    await signIn(walker, app, await makePerson(cluster.services));
    const cookie = cookiesOf(walker, cluster.issuer);
    const confirm = await walker.visit('/session/end');

    const visits = Array.from({ length: 6 }, (_, index) =>
      authorize(cluster.nodes[index % 2 === 0 ? 0 : 1], app, cookie),
    );
    const [signedOut, ...answers] = await Promise.all([
      walker.submit(confirm, {}, { name: 'logout' }),
      ...visits,
    ]);
    expect(signedOut.url.pathname).toBe('/session/end/success');

    for (const node of cluster.nodes) {
      const later = await authorize(node, app, cookie);
      expect(later.location?.pathname).toMatch(/^\/interaction\//);
    }
    for (const { location } of answers) {
      const code = location?.searchParams.get('code');
      if (!code) continue;
      const redeemed = await redeem(cluster.nodes[0], app, code);
      if (redeemed.status === 400) continue;
      throw new Error(`a code of an ended session was good for ${redeemed.text}`);
    }
  }
});

test('tokens that were asked for while the person signed out are dead with the session', async () => {
  const api = await makeApp(cluster.services);
  const opaque = await makeApp(cluster.services, { resource: null });
  for (let round = 0; round < 10; round += 1) {
    const walker = createWalker({ origin: cluster.issuer });
    await signIn(walker, api, await makePerson(cluster.services));
    const cookie = cookiesOf(walker, cluster.issuer);
    const apps = [api, opaque, api, opaque];
    const codes: string[] = [];
    for (const app of apps) codes.push(await mintCode(cluster.nodes[0], app, cookie));
    const confirm = await walker.visit('/session/end');

    const [, ...answers] = await Promise.all([
      walker.submit(confirm, {}, { name: 'logout' }),
      ...apps.map((app, index) => redeem(cluster.nodes[index % 2 === 0 ? 1 : 0], app, codes[index] ?? '')),
    ]);

    for (const [index, answer] of answers.entries()) {
      const app = apps[index];
      if (answer.status !== 200 || !app) continue;
      const tokens = tokensOf(answer);
      for (const node of cluster.nodes) {
        expect((await introspect(node, app, tokens.access)).json).toEqual({ active: false });
        expect((await refresh(node, app, tokens.refresh)).status).toBe(400);
        expect((await userinfo(node, tokens.access)).status).toBe(401);
      }
    }
  }
});

test('a cookie from before the sign-in lets nobody else complete a request of their own', async () => {
  const app = await makeApp(cluster.services);
  const walker = createWalker({ origin: cluster.issuer });
  const form = await walker.visit(authorizationPath(app));
  const planted = cookiesOf(walker, cluster.issuer);
  expect(planted).toContain('guichet-session=');
  const resumption = await pressSignIn(walker, form, await makePerson(cluster.services));
  const headers = { cookie: walker.cookies.headerFor(resumption) };
  const signedIn = await cluster.nodes[0].call('GET', resumption.pathname, { headers });
  expect(signedIn.location?.searchParams.has('code')).toBe(true);

  // Somebody who knew that value all along begins a request elsewhere, and goes on with it without signing in.
  const stranger = createWalker({ origin: cluster.issuer });
  const page = await stranger.visit(authorizationPath(app));
  const uid = page.url.pathname.split('/').at(-1) ?? '';
  const own = stranger.cookies.headerFor(new URL(`/auth/${uid}`, cluster.issuer)).split('; ');
  const cookie = [...own.filter((pair) => !pair.startsWith('guichet-session')), planted].join('; ');
  const answer = await cluster.nodes[1].call('GET', `/auth/${uid}`, { headers: { cookie } });
  expect(answer.location?.pathname ?? answer.status).toMatch(/^\/interaction\//);
});

test('a session past its end is nobody', async () => {
  const app = await makeApp(cluster.services);
  const walker = createWalker({ origin: cluster.issuer });
  const person = await makePerson(cluster.services);
  const tokens = tokensOf(await redeem(cluster.nodes[0], app, await signIn(walker, app, person)));
  await cluster.database.db
    .knex('sessions')
    .where({ account_id: person.id })
    .update({ expires_at: new Date(Date.now() - 60_000) });

  for (const node of cluster.nodes) {
    const answer = await authorize(node, app, cookiesOf(walker, cluster.issuer));
    expect(answer.location?.pathname).toMatch(/^\/interaction\//);
    expect((await refresh(node, app, tokens.refresh)).json).toMatchObject({ error: 'invalid_grant' });
  }
});
