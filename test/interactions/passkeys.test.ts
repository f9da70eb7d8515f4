import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

import type { Browser, CDPSession, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { hasChromium, launchChromium } from '../support/chromium.ts';
import { makePerson, PASSWORD } from '../support/factories.ts';
import { freePort, startTestServer, type TestServer } from '../support/server.ts';
import { authorization, makeNotes } from './visit.ts';

/** What only a browser does: real ceremonies, with Chromium's virtual authenticator in place of a finger. */
describe.skipIf(!hasChromium)('passkeys in Chromium', () => {
  let server: TestServer;
  let browser: Browser;
  let landing: Server;
  let callback: string;
  let plain: string;
  let strict: string;
  /** What pages were refused by their policies, and what scripts threw. */
  const complaints: string[] = [];

  beforeAll(async () => {
    server = await startTestServer();
    browser = await launchChromium();
    const port = await freePort();
    callback = `http://127.0.0.1:${port}/callback`;
    landing = createServer((_req, res) => res.end('Here you are.')).listen(port);
    await once(landing, 'listening');
    const input = { firstParty: true, metadata: { redirect_uris: [callback] } };
    ({ id: plain } = await makeNotes(server, input));
    ({ id: strict } = await makeNotes(server, { ...input, requirement: 'phishing-resistant' }));
  });

  afterEach(() => expect(complaints.splice(0)).toEqual([]));

  afterAll(async () => {
    await browser.close();
    landing.close();
    landing.closeAllConnections();
    await server.stop();
  });

  interface Key {
    readonly page: Page;
    readonly cdp: CDPSession;
    readonly id: string;
    verifies(isVerified: boolean): Promise<void>;
    credentials(): Promise<number>;
  }

  async function openWithKey({ knowsUser = true } = {}): Promise<Key> {
    const context = await browser.newContext({ locale: 'en' });
    context.setDefaultTimeout(10_000);
    const page = await context.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) complaints.push(message.text());
    });
    const cdp = await context.newCDPSession(page);
    await cdp.send('WebAuthn.enable', {});
    const { authenticatorId: id } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: knowsUser ? 'internal' : 'usb',
        hasResidentKey: knowsUser,
        hasUserVerification: knowsUser,
        isUserVerified: knowsUser,
        automaticPresenceSimulation: true,
      },
    });
    return {
      page,
      cdp,
      id,
      verifies: async (isUserVerified) => {
        await cdp.send('WebAuthn.setUserVerified', { authenticatorId: id, isUserVerified });
      },
      credentials: async () =>
        (await cdp.send('WebAuthn.getCredentials', { authenticatorId: id })).credentials.length,
    };
  }

  const start = (page: Page, client: string) =>
    page.goto(server.issuer + authorization(client, { redirect_uri: callback }));
  const arrived = (page: Page) => page.waitForURL(`${callback}?code=*`);

  async function typePassword(page: Page, email: string | null): Promise<void> {
    await page.getByLabel('E-mail or username').fill(email ?? '');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  async function enrol(key: Key, email: string | null): Promise<void> {
    const { page } = key;
    await start(page, strict);
    await typePassword(page, email);
    await page.getByRole('button', { name: 'Set up a passkey' }).click();
    await page.getByLabel('Name of this passkey').fill('Test key');
    await page.getByRole('button', { name: 'Create the passkey' }).click();
    await page.getByLabel('I have kept these codes').check();
    await page.getByRole('button', { name: 'Continue' }).click();
    await arrived(page);
    await page.context().clearCookies();
  }

  test('one is made in a sign-in, and from then on signs its person in from the suggestions under the name', async () => {
    const person = await makePerson(server.services);
    const key = await openWithKey();
    const { page } = key;
    await enrol(key, person.email);
    expect(await key.credentials()).toBe(1);
    // The suggestion under the name is taken as soon as it is offered, as this authenticator is touched at once.
    await start(page, plain);
    await arrived(page);
    await page.context().close();
  });

  test('what goes wrong is said on the page, and another try works', async () => {
    const person = await makePerson(server.services);
    const key = await openWithKey();
    const { page } = key;
    await enrol(key, person.email);
    await key.verifies(false);
    await start(page, plain);
    await page.getByLabel('Keep me signed in').check();
    await page.getByRole('button', { name: 'Use a passkey' }).waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.getByRole('alert').getByText('No passkey was used').waitFor();
    await key.verifies(true);
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await arrived(page);
    const cookies = await page.context().cookies(server.issuer);
    expect(cookies.find(({ name }) => name === 'guichet-session')?.expires).toBeGreaterThan(0);
    await page.context().close();
  });

  test('a key that knows nobody is a second factor after the password, and no more', async () => {
    const person = await makePerson(server.services);
    const key = await openWithKey({ knowsUser: false });
    const { page } = key;
    await enrol(key, person.email);
    await start(page, plain);
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.getByText('No passkey was used').waitFor();
    await typePassword(page, person.email);
    await page.getByRole('heading', { name: 'One more step' }).waitFor();
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await arrived(page);
    await page.context().close();
  });

  test('one is added and removed on the account pages, and a device that holds one makes no second', async () => {
    const person = await makePerson(server.services);
    const key = await openWithKey();
    const { page } = key;
    await page.goto(`${server.issuer}/account/security`);
    await typePassword(page, person.email);
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByRole('button', { name: 'Create the passkey' }).click();
    await page.getByLabel('I have kept these codes').check();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('heading', { name: 'My passkey' }).waitFor();
    // What was signed in without it is asked for it before the next change.
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.getByRole('button', { name: 'Create the passkey' }).click();
    await page.getByRole('alert').getByText('already has a passkey').waitFor();
    expect(await key.credentials()).toBe(1);
    await page.getByRole('link', { name: 'Back' }).click();
    await page.getByRole('link', { name: 'Remove the passkey My passkey' }).click();
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.getByText('None yet').waitFor();
    await page.context().close();
  });

  test('without a script the page says what passkeys need, and the password works', async () => {
    const person = await makePerson(server.services);
    const context = await browser.newContext({ locale: 'en', javaScriptEnabled: false });
    const page = await context.newPage();
    await start(page, plain);
    const hint = page.locator('noscript p');
    expect([await hint.isVisible(), await hint.innerText()]).toEqual([
      true,
      'To use a passkey, allow JavaScript for this page.',
    ]);
    expect(await page.getByRole('button', { name: 'Use a passkey' }).count()).toBe(0);
    await typePassword(page, person.email);
    await arrived(page);
    await context.close();
  });
});
