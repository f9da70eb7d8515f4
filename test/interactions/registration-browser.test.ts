import { randomBytes } from 'node:crypto';

import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';

import { hasChromium, launchChromium } from '../support/chromium.ts';
import { makePerson } from '../support/factories.ts';
import { receiveLink } from '../support/mailbox.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** Some seconds, several times that on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

const CHOSEN = 'marble lantern orbit thistle';

describe.skipIf(!hasChromium)('in Chromium', () => {
  let server: TestServer;
  let browser: Browser;
  /** What pages were refused by their policies. */
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

  async function openPage(width: number): Promise<Page> {
    const viewport = { width, height: 800 };
    const context = await browser.newContext({ javaScriptEnabled: false, locale: 'en', viewport });
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) refused.push(message.text());
    });
    return page;
  }

  async function fits(page: Page): Promise<void> {
    const overflow = await page.evaluate<number>(
      'document.documentElement.scrollWidth - document.documentElement.clientWidth',
    );
    expect(overflow).toBeLessThanOrEqual(0);
  }

  async function choosePassword(page: Page, button: string): Promise<void> {
    await page.getByLabel('New password').fill(CHOSEN);
    await page.getByLabel('The same password again').fill(CHOSEN);
    await fits(page);
    await page.getByRole('button', { name: button }).click();
  }

  async function signIn(page: Page, email: string): Promise<void> {
    await page.getByLabel('E-mail or username').fill(email);
    await page.getByLabel('Password').fill(CHOSEN);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL(`${server.issuer}/account`);
  }

  test('somebody joins, opens the mail in the same browser, and signs in', async () => {
    const email = `grace.${randomBytes(4).toString('hex')}@example.org`;
    const page = await openPage(390);
    await page.goto(`${server.issuer}/account`);
    await page.getByRole('link', { name: 'Create an account' }).click();
    expect(await page.evaluate<string>('document.activeElement.id')).toBe('email');
    await page.keyboard.type(email);
    await fits(page);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Check your mail' }).waitFor();
    await fits(page);
    await page.goto(server.issuer + (await receiveLink(server.services, email)));
    await page.getByLabel('Your name').fill('Grace Hopper');
    await choosePassword(page, 'Create account');
    await signIn(page, email);
    await page.waitForURL(`${server.issuer}/account`);
    // On a phone the name stands in a menu that is closed.
    expect(await page.content()).toContain('Grace Hopper');
  });

  test('somebody forgets the password, chooses another one, and signs in', async () => {
    const { email } = await makePerson(server.services);
    const page = await openPage(1280);
    await page.goto(`${server.issuer}/account`);
    await page.getByRole('link', { name: 'Forgot your password?' }).click();
    await page.getByLabel('E-mail or username').fill(email ?? '');
    await page.getByRole('button', { name: 'Send me the link' }).click();
    await page.getByRole('heading', { name: 'Check your mail' }).waitFor();
    await page.goto(server.issuer + (await receiveLink(server.services, email ?? '')));
    await choosePassword(page, 'Set the password');
    await signIn(page, email ?? '');
    await page.goto(`${server.issuer}/account/password`);
    await page.getByRole('heading', { name: 'Password' }).waitFor();
    await fits(page);
  });
});
