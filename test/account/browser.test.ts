import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';

import { hasChromium, launchChromium } from '../support/chromium.ts';
import { makePerson, PASSWORD } from '../support/factories.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** Eight seconds, several times that on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

/** What only a real browser decides: policies, layout, the menu, and that all of it works without JavaScript. */
describe.skipIf(!hasChromium)('the account pages in Chromium', () => {
  let server: TestServer;
  let browser: Browser;
  const refused: string[] = [];

  beforeAll(async () => {
    server = await startTestServer();
    browser = await launchChromium();
  });

  afterEach(() => expect(refused.splice(0)).toEqual([]));

  afterAll(async () => {
    await browser.close();
    await server.stop();
  });

  async function signIn(): Promise<Page> {
    const person = await makePerson(server.services, {
      profile: { name: `Ada ${'Lovelace'.repeat(12)} <b>`, zoneinfo: 'America/Argentina/Buenos_Aires' },
    });
    const context = await browser.newContext({ javaScriptEnabled: false, locale: 'en' });
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) refused.push(message.text());
    });
    await page.goto(`${server.issuer}/account`);
    await page.getByLabel('E-mail or username').fill(person.email ?? '');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    return page;
  }

  test('lead to each other, fit every window, and do what they say by plain forms', async () => {
    const page = await signIn();
    const names = ['Profile', 'Apps with access', 'Devices and sessions', 'Recent activity', 'Your data'];
    await page.setViewportSize({ width: 390, height: 800 });
    for (const name of names) {
      await page.getByText('Menu', { exact: true }).click();
      await page.getByRole('navigation').getByRole('link', { name }).click();
      await page.getByRole('heading', { level: 1, name }).waitFor();
      for (const width of [1280, 320, 390]) {
        await page.setViewportSize({ width, height: 800 });
        const wide = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
        expect(wide, `${name} at ${width}`).toBeLessThanOrEqual(0);
      }
    }

    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto(`${server.issuer}/account/profile`);
    await page.getByLabel('Language').selectOption('fr-CA');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Your changes are saved.').waitFor();
    expect(await page.getByLabel('Language').inputValue()).toBe('fr-CA');

    await page.goto(`${server.issuer}/account/data`);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('account.json');

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'You are signed out' }).waitFor();
    await page.goto(`${server.issuer}/account`);
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });
});
