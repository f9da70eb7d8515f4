import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createAccount } from '../../src/accounts/create-account.ts';
import { findAccountByIdentifier } from '../../src/accounts/store.ts';
import { disableProvider } from '../../src/revocation/disable-provider.ts';
import { createProvider } from '../../src/upstream/create-provider.ts';
import { createWalker, type Page, type Walker } from '../support/browser-walker.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { makeClient, PASSWORD } from '../support/factories.ts';
import { giveTotp } from '../support/factors.ts';
import { findAll } from '../support/html.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { authorization, CALLBACK } from './visit.ts';

/** A second Guichet is the identity provider. */
let upstream: TestServer;
let cluster: Cluster;
let clientId: string;
let providerId: string;

beforeAll(async () => {
  [upstream, cluster] = await Promise.all([startTestServer(), startCluster()]);
  const metadata = { client_name: 'Atelier Notes', redirect_uris: [CALLBACK] };
  ({ id: clientId } = await makeClient(cluster.services, 'web', { firstParty: true, metadata }));
  providerId = await connect('Contoso', ['contoso.example']);
  await connect('Other', []);
});

afterAll(async () => {
  await cluster.stop();
  await upstream.stop();
});

async function connect(name: string, domains: string[]): Promise<string> {
  const slug = name.toLowerCase();
  const registered = await makeClient(upstream.services, 'web', {
    firstParty: true,
    metadata: {
      client_name: 'Downstream',
      redirect_uris: [`${cluster.issuer}/upstream/${slug}/callback`],
      backchannel_logout_uri: `${cluster.issuer}/upstream/${slug}/backchannel-logout`,
    },
  });
  const provider = await createProvider(cluster.services, {
    kind: 'oidc',
    name,
    settings: {
      issuer: upstream.issuer,
      clientId: registered.id,
      authMethod: 'client_secret_basic',
      scopes: ['openid', 'profile', 'email'],
      acrValues: [],
    },
    secrets: { clientSecret: registered.secret ?? '' },
    domains,
    actor: 'test',
  });
  return provider.id;
}

function makeTheirs(email: string) {
  return createAccount(upstream.services, {
    email,
    emailVerified: true,
    profile: { given_name: 'Ada' },
    password: PASSWORD,
    actor: 'test',
  });
}

interface Browser {
  readonly here: Walker;
  readonly there: Walker;
}

function openBrowser(): Browser {
  return { here: createWalker({ origin: cluster.issuer }), there: createWalker({ origin: upstream.issuer }) };
}

/** From the page that passes to the provider to where the provider sends the browser back. */
async function passThrough({ there }: Browser, passing: Page, email: string): Promise<URL> {
  const link = findAll(passing.document, 'a').find(({ attributes }) =>
    attributes['href']?.startsWith(upstream.issuer),
  );
  let page = await there.visit(link?.attributes['href'] ?? '');
  if (!page.leavesTo) {
    page = await there.submit(page, { identifier: email, password: PASSWORD }, { text: 'Sign in' });
  }
  if (!page.leavesTo) throw new Error(`the provider shows ${page.heading}`);
  return page.leavesTo;
}

async function comeThrough(browser: Browser, email: string, slug = 'contoso'): Promise<Page> {
  const page = await browser.here.visit(authorization(clientId));
  const passing = await browser.here.submit(page, {}, { form: `/upstream/${slug}` });
  return browser.here.visit((await passThrough(browser, passing, email)).href);
}

function codeOf({ leavesTo }: Page): string | null | undefined {
  return leavesTo?.searchParams.get('code');
}

describe('signing in with another Guichet', () => {
  test('makes an account the first time and finds it the second', async () => {
    await makeTheirs('ada@contoso.example');
    for (let visit = 0; visit < 2; visit += 1) {
      expect(codeOf(await comeThrough(openBrowser(), 'ada@contoso.example'))).toBeTruthy();
    }
    const identities = await cluster.database.db.knex('identities').where({ provider_id: providerId });
    expect(identities).toHaveLength(1);
  });

  test('is where an address of its domain leads, with any password', async () => {
    await makeTheirs('bea@contoso.example');
    const browser = openBrowser();
    const page = await browser.here.visit(authorization(clientId));
    const fields = { identifier: 'bea@contoso.example', password: 'whatever it is' };
    const passing = await browser.here.submit(page, fields, { text: 'Sign in' });
    const back = await passThrough(browser, passing, 'bea@contoso.example');
    expect(codeOf(await browser.here.visit(back.href))).toBeTruthy();
  });

  test('connects to an account with the same address only by proof of both', async () => {
    await makeTheirs('cleo@example.org');
    const { id } = await createAccount(cluster.services, {
      email: 'cleo@example.org',
      emailVerified: true,
      password: PASSWORD,
      actor: 'test',
    });
    const browser = openBrowser();
    const asked = await comeThrough(browser, 'cleo@example.org');
    expect(codeOf(asked)).toBeUndefined();
    expect(asked.text).toContain('already has the address');
    const fields = { identifier: 'cleo@example.org', password: PASSWORD };
    const confirm = await browser.here.submit(asked, fields, { text: 'Sign in' });
    expect(confirm.heading).toBe('Connect Contoso?');
    expect(codeOf(await browser.here.submit(confirm, {}, { value: 'connect' }))).toBeTruthy();
    const again = await comeThrough(openBrowser(), 'cleo@example.org');
    expect(codeOf(again)).toBeTruthy();
    const [identity] = await cluster.database.db.knex('identities').where({ account_id: id });
    expect(identity).toMatchObject({ provider_id: providerId });
  });

  test('connects to nobody who has proved one of two factors, though they were asked before', async () => {
    await makeTheirs('ines@example.org');
    const email = 'ines@example.org';
    const input = { email, emailVerified: true, password: PASSWORD, actor: 'test' };
    const person = await createAccount(cluster.services, input);
    const app = await giveTotp(cluster.services, person);
    const { here, there } = openBrowser();
    const asked = await comeThrough({ here, there }, email);
    const fields = { identifier: email, password: PASSWORD };
    const second = await here.submit(asked, fields, { text: 'Sign in' });
    const code = app.code(cluster.services.clock.now());
    const confirm = await here.submit(second, { code }, { form: '/second-factor' });
    expect(confirm.heading).toBe('Connect Contoso?');

    const uid = confirm.url.pathname.replace('/connect', '');
    const again = await here.submit(await here.visit(`${uid}?account=other`), fields, { text: 'Sign in' });
    expect(again.heading).toBe('One more step');
    expect((await here.submit(confirm, {}, { value: 'connect' })).heading).toBe('One more step');
    expect(await cluster.database.db.knex('identities').where({ account_id: person.id })).toEqual([]);
  });

  test('counts once, of four arrivals on two processes', async () => {
    await makeTheirs('dora@contoso.example');
    const browser = openBrowser();
    const page = await browser.here.visit(authorization(clientId));
    const passing = await browser.here.submit(page, {}, { form: '/upstream/contoso' });
    const back = await passThrough(browser, passing, 'dora@contoso.example');
    const [first] = cluster.nodes;
    const answered = await first.call('GET', back.pathname + back.search);
    expect(answered.status).toBe(200);
    const target = /\/interaction\/[\w-]+\/arrive\/[\w-]+/.exec(answered.text)?.[0] ?? '';
    const cookie = browser.here.cookies.headerFor(new URL(cluster.issuer + target));
    const headers = { cookie, accept: 'text/html' };
    const arrivals = await Promise.all(
      [...cluster.nodes, ...cluster.nodes].map((node) => node.call('GET', target, { headers })),
    );
    expect(arrivals.filter(({ status }) => status === 303)).toHaveLength(1);
  });

  test('is refused in another browser, and at the address of another provider', async () => {
    await makeTheirs('eve@contoso.example');
    const attacker = openBrowser();
    const page = await attacker.here.visit(authorization(clientId));
    const passing = await attacker.here.submit(page, {}, { form: '/upstream/contoso' });
    const back = await passThrough(attacker, passing, 'eve@contoso.example');
    const victim = createWalker({ origin: cluster.issuer });
    await victim.visit(authorization(clientId));
    const landed = await victim.visit(back.href);
    expect(codeOf(landed)).toBeUndefined();

    const mixed = openBrowser();
    const start = await mixed.here.visit(authorization(clientId));
    const away = await mixed.here.submit(start, {}, { form: '/upstream/contoso' });
    const home = await passThrough(mixed, away, 'eve@contoso.example');
    const swapped = home.href.replace('/upstream/contoso/', '/upstream/other/');
    expect((await mixed.here.visit(swapped)).status).toBe(400);
    expect((await mixed.here.visit(home.href)).status).toBe(400);
  });

  test('ends here when it ends there, and for everybody when the provider is disabled', async () => {
    const known = await makeTheirs('finn@contoso.example');
    const browser = openBrowser();
    expect(codeOf(await comeThrough(browser, 'finn@contoso.example'))).toBeTruthy();
    const account = await findAccountByIdentifier(cluster.database.db.knex, 'finn@contoso.example');
    const live = () =>
      cluster.database.db
        .knex('sessions')
        .where({ account_id: account?.id ?? '' })
        .whereNull('ended_at');
    expect(await live()).toHaveLength(1);
    const [session] = await upstream.database.db.knex('sessions').where({ account_id: known.id });
    const signOut = await browser.there.visit('/session/end');
    await browser.there.submit(signOut, {}, { text: 'Sign out' });
    expect(session).toBeDefined();
    await expect.poll(async () => (await live()).length, { timeout: 10_000 }).toBe(0);

    expect(codeOf(await comeThrough(openBrowser(), 'finn@contoso.example'))).toBeTruthy();
    await disableProvider(cluster.services, providerId, 'test');
    expect(await live()).toHaveLength(0);
    const page = await createWalker({ origin: cluster.issuer }).visit(authorization(clientId));
    expect(page.text).not.toContain('Continue with Contoso');
  });
});
