import { once } from 'node:events';
import { createServer } from 'node:http';

import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import type { Account } from '../../src/accounts/account.ts';
import { hasChromium, launchChromium } from '../support/chromium.ts';
import { makePerson, PASSWORD } from '../support/factories.ts';
import { freePort, startTestServer, type TestServer } from '../support/server.ts';
import { authorization, makeNotes } from './visit.ts';

/** What only a real browser decides: policies, focus, layout, and that a person gets through without JavaScript. */
describe.skipIf(!hasChromium)('in Chromium', () => {
  let server: TestServer;
  let client: Client;
  let browser: Browser;
  /** What pages were refused by their policies. */
  const refused: string[] = [];

  beforeAll(async () => {
    server = await startTestServer();
    client = await startClient();
    browser = await launchChromium();
  });

  afterEach(() => expect(refused.splice(0)).toEqual([]));

  afterAll(async () => {
    await browser.close();
    await client.close();
    await server.stop();
  });

  async function openPage(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context = await browser.newContext({ javaScriptEnabled: false, locale: 'en', ...options });
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) refused.push(message.text());
    });
    return page;
  }

  function register(input: Parameters<typeof makeNotes>[1] = {}) {
    const metadata = { redirect_uris: [client.callback], client_uri: client.home, ...input.metadata };
    return makeNotes(server, { ...input, metadata });
  }

  function start(page: Page, clientId: string, parameters: Record<string, string> = {}) {
    return page.goto(
      server.issuer + authorization(clientId, { redirect_uri: client.callback, ...parameters }),
    );
  }

  async function signIn(page: Page, person: Account): Promise<void> {
    await page.getByLabel('E-mail or username').fill(person.email ?? '');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  test('a person signs in, allows and arrives at the client, which goes on to its home page', async () => {
    const { id } = await register();
    const page = await openPage();
    await start(page, id);
    expect(await page.evaluate<string>('document.activeElement.id')).toBe('identifier');
    await signIn(page, await makePerson(server.services));
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.waitForURL(`${client.home}?code=*`);
  });

  test('the answer may be posted to the client', async () => {
    const { id } = await register({ firstParty: true });
    const page = await openPage({ javaScriptEnabled: true });
    await start(page, id, { response_mode: 'form_post' });
    await signIn(page, await makePerson(server.services));
    await page.waitForURL(client.home);
  });

  test.each([
    ['is asked by the client', false],
    ['is not asked', true],
  ])(
    'somebody else takes over a browser in which a person is signed in, and %s',
    async (_how, firstParty) => {
      const { id } = await register({ firstParty });
      const people = [await makePerson(server.services), await makePerson(server.services)];
      // The library ends the first session through a form that submits itself.
      const page = await openPage({ javaScriptEnabled: true });
      for (const [turn, person] of people.entries()) {
        await start(page, id, turn === 0 ? {} : { prompt: 'login' });
        if (turn > 0) await page.getByRole('link', { name: 'Not you?' }).click();
        await signIn(page, person);
        if (!firstParty) {
          await page.getByText(person.email ?? '').waitFor();
          await page.getByRole('button', { name: 'Allow' }).click();
        }
        await page.waitForURL(`${client.home}?code=*`);
      }
    },
  );

  test('signing out leads where the client wants, also for somebody who is not signed in', async () => {
    const { id } = await register({
      firstParty: true,
      metadata: { post_logout_redirect_uris: [client.bye] },
    });
    const page = await openPage({ javaScriptEnabled: true });
    await start(page, id);
    await signIn(page, await makePerson(server.services));
    await page.waitForURL(`${client.home}?code=*`);
    const query = new URLSearchParams({ client_id: id, post_logout_redirect_uri: client.bye });
    await page.goto(`${server.issuer}/session/end?${query.toString()}`);
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.waitForURL(client.bye);
    await page.goto(`${server.issuer}/session/end?${query.toString()}`);
    await page.waitForURL(client.bye);
  });

  test.each([1280, 390, 320])('no page is wider than a window of %d pixels', async (width) => {
    const { id } = await register({
      metadata: { client_name: 'Donaudampfschifffahrtsgesellschaftskapitän' },
    });
    const person = await makePerson(server.services, { email: `${'a'.repeat(60)}${width}@example.org` });
    const page = await openPage({ viewport: { width, height: 800 } });
    const overflow = () =>
      page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');
    await start(page, id);
    expect(await overflow()).toBeLessThanOrEqual(0);
    await signIn(page, person);
    await page.getByRole('button', { name: 'Allow' }).waitFor();
    expect(await overflow()).toBeLessThanOrEqual(0);
    for (const path of ['/', '/device', '/session/end', '/nothing-here']) {
      await page.goto(server.issuer + path);
      expect(await overflow()).toBeLessThanOrEqual(0);
    }
  });

  test('everything that can be pressed is large enough to hit and shows that it has the focus', async () => {
    const { id } = await register();
    const page = await openPage({ viewport: { width: 390, height: 800 } });
    await start(page, id);
    for (const control of await page.locator('main').locator('input:visible, button:visible, a').all()) {
      const box = await control.boundingBox();
      // WCAG 2.2, 2.5.8; a checkbox is pressed by its label as well, which is taller.
      expect(box?.height).toBeGreaterThanOrEqual(
        (await control.getAttribute('type')) === 'checkbox' ? 20 : 24,
      );
    }
    const reached: string[] = [];
    await page.getByLabel('E-mail or username').focus();
    for (let step = 0; step < 6; step += 1) {
      await page.keyboard.press('Tab');
      reached.push(
        await page.evaluate<string>('document.activeElement.id || document.activeElement.textContent'),
      );
      expect(await page.evaluate<string>('getComputedStyle(document.activeElement).outlineWidth')).toBe(
        '3px',
      );
    }
    expect(reached).toEqual([
      'password',
      'remember',
      'Sign in',
      'Forgot your password?',
      'Create an account',
      'Cancel and go back to Atelier Notes',
    ]);
  });
});

interface Client {
  readonly callback: string;
  readonly home: string;
  readonly bye: string;
  close(): Promise<void>;
}

/** Its callback goes on to a page of another origin, as that of many clients does. */
async function startClient(): Promise<Client> {
  const port = await freePort();
  const home = `http://localhost:${port}/home`;
  const server = createServer((req, res) => {
    const url = new URL(req.url ?? '', home);
    const isCallback = url.pathname === '/callback';
    res
      .writeHead(isCallback ? 303 : 200, isCallback ? { Location: home + url.search } : {})
      .end('Here you are.');
  }).listen(port);
  await once(server, 'listening');
  return {
    callback: `http://127.0.0.1:${port}/callback`,
    home,
    bye: `http://localhost:${port}/bye`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
