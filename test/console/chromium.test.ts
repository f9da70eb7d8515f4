import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { Browser, BrowserContext } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import type { Account } from '../../src/accounts/account.ts';
import { createVerifier } from '../../src/resource-server/index.ts';
import { isSignedIn, openAccount } from '../account/visit.ts';
import { issueToken } from '../admin/scene.ts';
import { hasChromium, launchChromium } from '../support/chromium.ts';
import { makePerson, PASSWORD } from '../support/factories.ts';
import { giveTotp } from '../support/factors.ts';
import { startOpenIdProvider, type OpenIdProvider } from '../support/openid-provider.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { barriers, objectionTo, sitAt, type Desk } from './desk.ts';
import { giveAdminRole } from './visit.ts';

const ORDERS = 'https://api.example/orders';
/** A person's own name, with what HTML is made of. */
const NAME = 'Zoë <b>"O’Brien"</b>';

/** The light is the gallery’s (test/look). */
const PHONE = { width: 390, height: 844 };

interface Registered {
  readonly id: string;
  readonly secret: string;
}

/** On a machine that is busy, a screen takes seconds. */
vi.setConfig({ testTimeout: 240_000 });

/** Each test goes on where the one before it ended: one operator does a day's work. */
describe.skipIf(!hasChromium)('an operator in Chromium', () => {
  let server: TestServer;
  let elsewhere: OpenIdProvider;
  let receiver: Server;
  let browser: Browser;
  let context: BrowserContext;
  let desk: Desk;
  let person: Account;
  let machine: Registered;
  let guard: Registered;
  const received: string[] = [];
  /** Screens of one thing, with what the day left in them. */
  const places: string[] = [];

  beforeAll(async () => {
    elsewhere = await startOpenIdProvider();
    elsewhere.faults.set('/token', (_, res) => {
      res.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}');
    });
    receiver = createServer((req, res) => {
      received.push(String(req.headers['webhook-id']));
      res.writeHead(204).end();
    });
    receiver.listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    server = await startTestServer({ env: { GUICHET_EGRESS_ALLOW: '127.0.0.0/8' } });
    browser = await launchChromium();
    context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      reducedMotion: 'reduce',
      acceptDownloads: true,
    });
    desk = sitAt(await context.newPage(), server.issuer);
    person = await makePerson(server.services, { profile: { name: NAME } });
  });

  afterAll(async () => {
    await browser.close();
    await server.stop();
    await elsewhere.close();
    receiver.closeAllConnections();
    receiver.close();
  });

  const here = () => new URL(desk.page.url()).pathname.replace('/console', '');

  test('signs in through Guichet with a second factor', async () => {
    const admin = await makePerson(server.services);
    await giveAdminRole(server, admin, 'owner');
    const app = await giveTotp(server.services, admin);
    await desk.open('');
    await desk.send('/sign-in', { identifier: admin.email ?? '', password: PASSWORD });
    await desk.send('/second-factor', { code: app.code(server.services.clock.now()) });
    expect(await desk.page.innerText('h1')).toBe('Overview');
  });

  test('registers an API and changes it', async () => {
    await desk.open('/new-api');
    const scopes = 'orders:read See your orders\norders:write';
    await desk.send('/new-api/create', { audience: ORDERS, name: 'Orders', scopes });
    expect(await desk.text()).toContain('The API is registered');
    await desk.send('/save', { token_ttl_seconds: '600', enforces_roles: true });
    expect((await desk.boxes())[0]).toBe(`guichet apis update ${ORDERS} --ttl 600 --enforce-roles`);
    await desk.send('/save', { enforces_roles: false });
    places.push(here());
  });

  test.each([
    ['web', 'https://app.example/callback', 'In Node, with openid-client'],
    ['spa', 'https://app.example/callback', 'In the page, with openid-client'],
    ['native', 'com.example.app:/callback', 'With openid-client'],
    ['mcp', 'http://127.0.0.1/callback', 'As an MCP client, with its SDK'],
    ['machine', '', 'A token with curl'],
    ['api', '', 'Is this token alive?'],
  ])(
    'registers a client by the wizard, %s, and has what its developer pastes',
    async (kind, redirect, title) => {
      await desk.open('/new-client');
      await desk.page.click(`a[href$="kind=${kind}"]`);
      await desk.send('/new-client/create', {
        client_name: `A ${kind}`,
        audience: ORDERS,
        ...(kind === 'api' ? {} : { scopes: 'orders:read' }),
        ...(redirect === '' ? {} : { redirect_uris: redirect }),
      });
      expect(await desk.page.innerText('h1')).toBe(`A ${kind}`);
      const id = here().split('/').at(-1) ?? '';
      const use = (await desk.page.textContent('#use')) ?? '';
      expect([use.includes(id), use.includes(title)]).toEqual([true, true]);
      const secret = (await desk.boxes()).find((text) => text.startsWith('gcs_')) ?? '';
      expect(secret !== '').toBe(['web', 'machine', 'api'].includes(kind));
      if (kind === 'machine') machine = { id, secret };
      if (kind === 'api') guard = { id, secret };
      if (kind === 'web' || kind === 'machine') places.push(here());
    },
  );

  test('changes a client, what it may ask for, and its secret', async () => {
    await desk.open(`/clients/${machine.id}`);
    await desk.send('/save', { client_name: 'Nightly', dpop_bound_access_tokens: false });
    expect((await desk.boxes())[0]).toBe(`guichet clients update ${machine.id} --name Nightly`);
    await desk.send('/access', { 'scope:orders:write': true });
    expect((await desk.boxes())[1]).toContain('orders:write');
    await desk.send('/rotate-secret', { overlap_hours: '1' });
    const [secret = ''] = await desk.boxes();
    expect(secret).toMatch(/^gcs_/);
    machine = { ...machine, secret };
  });

  test('invites somebody, and gives a role on the page of who gets it', async () => {
    await desk.open('/new-user');
    await desk.send('/invite', { email: 'invited@example.org', name: 'New' });
    expect((await desk.boxes())[0]).toContain('/registration?token=');
    await desk.open(`/new-role?api=${encodeURIComponent(ORDERS)}`);
    await desk.send('/create', { name: 'clerk', description: 'Takes orders', 'scope:orders:read': true });
    places.push(here());
    const role = here().split('/').at(-1) ?? '';
    await desk.open('/users');
    await desk.send('/users', { search: person.email ?? '' });
    await desk.page.click('tbody a');
    expect(await desk.page.innerText('h1')).toBe(NAME);
    await desk.send('/give-role', { role });
    expect(await desk.page.innerText('#roles tbody')).toMatch(/^clerk/);
    expect((await desk.boxes())[0]).toBe(`guichet roles give clerk --api ${ORDERS} --user ${person.id}`);
    await desk.send('/take-role');
    expect(await desk.page.innerText('#roles')).toContain('None');
    await desk.send('/give-role', { role });
    await desk.send('/save', { zoneinfo: 'Europe/Paris', given_name: 'Zoë' });
    expect((await desk.boxes())[0]).toBe(
      `guichet users update ${person.id} --given-name 'Zoë' --zoneinfo Europe/Paris`,
    );
    places.push(here());
  });

  test('pastes a token, sees whose it is, ends it, and sees why it is dead; nobody takes it any more', async () => {
    const asked = { ...machine, audience: ORDERS, scopes: ['orders:read'] };
    const token = await issueToken(server.issuer, asked);
    const verifier = createVerifier({
      issuer: server.issuer,
      audience: ORDERS,
      credentials: { clientId: guard.id, clientSecret: guard.secret },
    });
    await verifier.ready();
    expect(await takers(token, verifier)).toEqual([true, true]);
    await desk.open('/tokens');
    await desk.send('/inspect', { token });
    expect(await desk.text()).toMatch(/alive[\s\S]*Client\s+Nightly/);
    await desk.page.getByText('What it says').click();
    expect(await desk.text()).toContain('"orders:read"');
    await desk.send('/tokens/end', {}, 'Revoke it');
    expect(await desk.text()).toContain('The token is revoked, and 1 access token of it is revoked');
    expect((await desk.boxes())[0]).toMatch(/^guichet tokens revoke --id [0-9a-f]{64}$/);
    await desk.send('/inspect', { token });
    expect(await desk.text()).toMatch(/dead[\s\S]*Revoked by\s+account:/);
    await expect.poll(() => takers(token, verifier), { timeout: 10_000 }).toEqual([false, false]);
    verifier.close();
    await issueToken(server.issuer, asked);
  });

  /** Whether introspection takes it, and a verifier. */
  async function takers(token: string, verifier: ReturnType<typeof createVerifier>): Promise<boolean[]> {
    const credentials = Buffer.from(`${guard.id}:${guard.secret}`).toString('base64');
    const response = await fetch(`${server.issuer}/token/introspection`, {
      method: 'POST',
      headers: { authorization: `Basic ${credentials}` },
      body: new URLSearchParams({ token }),
    });
    const { active } = (await response.json()) as { active?: boolean };
    const verified = await verifier.verify(token).then(
      () => true,
      () => false,
    );
    return [active === true, verified];
  }

  test('ends a session that is found by an e-mail address', async () => {
    const { walker } = await openAccount(server, person);
    await desk.open('/sessions');
    await desk.send('/sessions', { account_id: person.email ?? '' });
    expect(await desk.page.locator('tbody tr').count()).toBe(1);
    await desk.send('/sessions/end');
    expect(await desk.text()).toContain('The session is over');
    expect(await isSignedIn(walker)).toBe(false);
  });

  test('blocks a network and lifts the block', async () => {
    await desk.open('/blocks');
    await desk.send('/block', { network: '203.0.113.0/24', reason: 'Guesses "passwords"', until: '2h' });
    expect(await desk.text()).toContain('203.0.113.0/24 is answered with nothing but 403');
    await desk.send('/lift');
    expect(await desk.text()).toContain('203.0.113.0/24 is let in again.');
    await desk.send('/block', { network: '198.51.100.7', reason: 'For the picture' });
  });

  test('rotates the keys', async () => {
    await desk.open('/keys');
    await desk.send('/rotate', { alg: 'ES256', now: true });
    expect(await desk.text()).toContain('1 successor made. They sign from now on.');
  });

  test('searches the audit log, verifies it, and has a refusal explained', async () => {
    const refused = await fetch(`${server.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: machine.id,
        client_secret: 'wrong',
      }),
    });
    const request = refused.headers.get('x-request-id') ?? '';
    await desk.open('/audit');
    await desk.send('/audit', { client_id: machine.id, since: '1h', min_risk: '10' });
    expect(await desk.page.locator('tbody tr').count()).toBe(1);
    await desk.page.locator('tbody summary').click();
    await desk.page.getByRole('link', { name: request }).click();
    await expect
      .poll(async () => {
        await desk.page.reload();
        return desk.text();
      })
      .toContain('401 invalid_client');
    await desk.open('/audit');
    await desk.send('/verify', { last: 'all' });
    expect(await desk.text()).toMatch(/The log is whole[\s\S]*The whole log is as it was written/);
  });

  test('has a security report made', async () => {
    await desk.open('/report');
    await desk.send('/make');
    expect(await desk.text()).toMatch(/Grade [A-F]: \d+ high/);
  });

  test('downloads the configuration', async () => {
    await desk.open('/settings');
    const download = desk.page.waitForEvent('download');
    await desk.page.click('a[download]');
    expect((await download).suggestedFilename()).toBe('guichet.yaml');
  });

  test('has the log sent somewhere, tests it, and has it sent again', async () => {
    const { port } = receiver.address() as AddressInfo;
    await desk.open('/webhooks');
    await desk.send('/create', { name: 'Pager', url: `http://127.0.0.1:${port}/hook`, types: 'client.' });
    expect((await desk.boxes())[0]).toMatch(/^whsec_/);
    await desk.send('/test');
    expect(await desk.text()).toContain('Pager took an event of the type webhook.test.');
    const before = received.length;
    await desk.send('/replay', { since: '1h' });
    expect((await desk.boxes())[0]).toMatch(/^guichet webhooks replay whk_\S+ --since 1h$/);
    await expect.poll(() => received.length, { timeout: 5000 }).toBeGreaterThan(before);
  });

  test('connects an identity provider, changes what it is, and checks it', async () => {
    await desk.open('/new-identity-provider');
    await desk.send('/create', {
      name: 'Contoso',
      issuer: elsewhere.url,
      client_id: 'guichet',
      client_secret: 'a wrong one',
      domains: 'contoso.example',
    });
    const mapping = await desk.page.locator('[name=mapping]').inputValue();
    await desk.send('/save', {
      name: 'Contoso EU',
      client_secret: elsewhere.clientSecret,
      scopes: 'openid email groups',
      mapping: `${mapping.replace('nickname=nickname\n', '')}\nmiddle_name=second_name`.trim(),
      trusts_mfa: true,
    });
    expect((await desk.boxes())[0]).toBe(
      "guichet identity-providers update contoso --name 'Contoso EU' --scope openid --scope email --scope groups --trust-mfa --map middle_name=second_name --map nickname= --new-secret < secret.txt",
    );
    expect(await desk.page.locator('[name=mapping]').inputValue()).toContain('middle_name=second_name');
    expect(await desk.page.content()).not.toContain(elsewhere.clientSecret);
    await desk.send('/check');
    expect(await desk.text()).toContain('It answers as it should.');
    await desk.send('/save', { trusts_mfa: false });
    await desk.send('/save');
    expect(await desk.text()).toContain('Nothing was changed.');
    await desk.send('/disable');
    await desk.send('/enable');
    places.push(here());
  });

  test('was told a line for the shell with every change, and the command line knows each', async () => {
    expect(desk.commands.length).toBeGreaterThan(25);
    const objections = await Promise.all(desk.commands.map(objectionTo));
    expect(objections.filter((one) => one !== undefined)).toEqual([]);
  });

  test('meets no error, no breach of the policy, nothing that did not load', () => {
    expect(desk.complaints).toEqual([]);
  });

  test('works the same without JavaScript', async () => {
    const without = await browser.newContext({
      javaScriptEnabled: false,
      storageState: await context.storageState(),
    });
    const plain = sitAt(await without.newPage(), server.issuer);
    await plain.open('/new-client?kind=machine');
    await plain.send('/create', { client_name: 'Plain', audience: ORDERS, scopes: 'orders:read' });
    expect(await plain.page.innerText('h1')).toBe('Plain');
    await plain.send('/access', {}, 'Remove');
    expect(await plain.text()).toContain('The client may ask for no more tokens of this API.');
    const id = new URL(plain.page.url()).pathname.split('/').at(-1) ?? '';
    await plain.send('/delete', { confirmation: id });
    expect(await plain.text()).toContain(`The client ${id} is deleted`);
    await plain.open('/webhooks');
    await plain.send('/webhooks/test', {}, 'Disable');
    expect(await plain.text()).toContain('Pager is sent nothing');
    expect(plain.complaints).toEqual([]);
    await without.close();
  });

  test('can read every screen with the day’s work on it, on a phone in the dark, and all of it fits', async () => {
    const looking = await browser.newContext({
      viewport: PHONE,
      colorScheme: 'dark',
      reducedMotion: 'reduce',
      // axe is run beside the page and not by it: the policy lets no script of ours in.
      bypassCSP: true,
      storageState: await context.storageState(),
    });
    const page = await looking.newPage();
    await page.goto(`${server.issuer}/console`);
    const entries = await page.evaluate<string[]>(
      "[...new Set([...document.querySelectorAll('nav a[href^=\"/console\"]')].map((link) => link.getAttribute('href')))]",
    );
    expect(entries.length).toBeGreaterThan(14);
    for (const path of [...entries, ...places.map((place) => `/console${place}`)]) {
      await page.goto(`${server.issuer}${path}`);
      expect(await page.locator('h1').count(), path).toBe(1);
      expect(await barriers(page), path).toEqual([]);
      for (const width of [1280, PHONE.width]) {
        await page.setViewportSize({ width, height: PHONE.height });
        const wide = await page.evaluate<number>('document.documentElement.scrollWidth');
        expect(wide, path).toBeLessThanOrEqual(width);
      }
    }
    await looking.close();
  });
});
