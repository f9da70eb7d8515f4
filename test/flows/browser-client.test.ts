/** A client that nobody here wrote, in a real browser: oidc-client-ts signs in, refreshes and signs out, in its page and in popups. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { Account } from '../../src/accounts/account.ts';
import { hasChromium, launchChromium } from '../support/chromium.ts';
import { makeClient, makePerson, PASSWORD } from '../support/factories.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { startSpa, type Spa } from '../support/spa.ts';

describe.skipIf(!hasChromium)('oidc-client-ts', () => {
  let server: TestServer;
  let spa: Spa;
  let browser: Browser;
  let person: Account;
  let page: Page;

  beforeAll(async () => {
    server = await startTestServer();
    spa = await startSpa();
    browser = await launchChromium();
    person = await makePerson(server.services);
    const { id } = await makeClient(server.services, 'spa', {
      firstParty: true,
      metadata: {
        client_name: 'Budget',
        redirect_uris: spa.redirectUris,
        post_logout_redirect_uris: [spa.postLogoutRedirectUri],
      },
    });
    spa.configure({ authority: server.issuer, client_id: id });
  });
  afterAll(async () => {
    await browser.close();
    await spa.close();
    await server.stop();
  });
  beforeEach(async () => {
    const context = await browser.newContext({ locale: 'en' });
    page = await context.newPage();
    await page.goto(spa.origin);
    await page.getByText('nobody').waitFor();
  });

  const press = (name: string) => page.getByRole('button', { name, exact: true }).click();

  async function signIn(where: Page): Promise<void> {
    await where.getByLabel('E-mail or username').fill(person.email ?? '');
    await where.getByLabel('Password').fill(PASSWORD);
    await where.getByRole('button', { name: 'Sign in', exact: true }).click();
  }

  /** The access token of whoever is shown to be signed in. */
  async function token(): Promise<string> {
    await page.getByText(person.id).waitFor();
    return (await page.locator('#who').textContent())?.split(' ')[1] ?? '';
  }

  async function isReplaced(old: string): Promise<void> {
    const has = `document.getElementById('who').textContent.includes(${JSON.stringify(old)})`;
    await page.waitForFunction(`!${has}`);
  }

  async function popup(name: string): Promise<Page> {
    const [opened] = await Promise.all([page.waitForEvent('popup'), press(name)]);
    return opened;
  }

  test('signs in by a redirect, renews with its refresh token, and signs out', async () => {
    await press('Redirect');
    await signIn(page);
    const first = await token();
    await press('Refresh');
    await isReplaced(first);
    expect(await token()).not.toBe(first);

    await press('Sign out');
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.waitForURL(`${spa.postLogoutRedirectUri}**`);
    await page.goto(spa.origin);
    await page.getByText('nobody').waitFor();
    await press('Redirect');
    await page.getByLabel('Password').waitFor();
  });

  test('signs in and out in a popup, which closes by itself; the next one needs no password', async () => {
    const first = await popup('Popup');
    await signIn(first);
    const before = await token();
    expect(first.isClosed()).toBe(true);

    const second = await popup('Popup');
    if (!second.isClosed()) await second.waitForEvent('close');
    await isReplaced(before);
    await token();

    const bye = await popup('Sign out in popup');
    await bye.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByText('nobody').waitFor();
  });

  test('finds the pages that no client opens apart from whoever opened them', async () => {
    const policy = async (path: string) => {
      const response = await fetch(server.issuer + path, { redirect: 'manual' });
      return response.headers.get('cross-origin-opener-policy');
    };
    for (const path of ['/', '/account', '/device', '/authority', '/.well-known/openid-configuration']) {
      expect([path, await policy(path)]).toEqual([path, 'same-origin']);
    }
    for (const path of ['/auth', '/auth/x', '/interaction/x', '/session/end']) {
      expect([path, await policy(path)]).toEqual([path, 'unsafe-none']);
    }
  });
});
