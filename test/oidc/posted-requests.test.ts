import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { openSuite, type Suite } from '../conformance/suite.ts';
import { hasChromium, launchChromium } from '../support/chromium.ts';
import { makePerson, PASSWORD } from '../support/factories.ts';

let suite: Suite;

beforeAll(async () => {
  suite = await openSuite();
});
afterAll(() => suite.close());

describe('requests that a client makes a browser post', () => {
  test.each(['/auth', '/session/end'])('%s takes forms only', async (path) => {
    const response = await fetch(suite.issuer + path, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{}',
      redirect: 'manual',
    });
    expect(response.status).toBe(415);
  });

  test.each(['/auth', '/session/end'])('%s keeps a parameter that came twice', async (path) => {
    const body = new URLSearchParams([
      ['state', 'a b&c'],
      ['state', 'é'],
    ]);
    const response = await fetch(suite.issuer + path, { method: 'POST', body, redirect: 'manual' });
    expect(response.status).toBe(303);
    expect(response.headers.get('Location')).toBe(`${path}?state=a+b%26c&state=%C3%A9`);
    expect(response.headers.get('Cache-Control')).toBe('no-store');
  });

  test('what no URL can hold is refused', async () => {
    const body = new URLSearchParams({ claims: 'x'.repeat(9000) });
    const response = await fetch(`${suite.issuer}/auth`, { method: 'POST', body, redirect: 'manual' });
    expect(response.status).toBe(414);
  });
});

describe.skipIf(!hasChromium)('in Chromium, from a page on another site', () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser.close());

  const authorization = () => ({
    client_id: suite.client.id,
    redirect_uri: suite.client.redirectUri,
    response_type: 'code',
    scope: 'openid',
    state: 'posted',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
  });

  /** 127.0.0.1 and localhost are two sites: the session cookie is not sent along with the form itself. */
  async function post(page: Page, path: string, fields: Record<string, string>): Promise<void> {
    await page.goto(suite.receiver.formPage(suite.issuer + path, fields));
    const submitted = page.waitForEvent('framenavigated');
    await page.evaluate('document.forms[0].submit()');
    await submitted;
  }

  async function signedIn(): Promise<Page> {
    const person = await makePerson(suite.services);
    const page = await (await browser.newContext({ locale: 'en' })).newPage();
    await page.goto(`${suite.issuer}/auth?${new URLSearchParams(authorization())}`);
    await page.getByLabel('E-mail or username').fill(person.email ?? '');
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.waitForURL(/\/callback/);
    return page;
  }

  test('a posted authorization request finds the session', async () => {
    const page = await signedIn();
    await post(page, '/auth', { ...authorization(), prompt: 'none' });
    await page.waitForURL(/\/callback/);
    const { searchParams } = new URL(page.url());
    expect(searchParams.get('error')).toBeNull();
    expect(searchParams.get('code')).toBeTruthy();
  });

  test('a posted logout request finds the session', async () => {
    const page = await signedIn();
    await post(page, '/session/end', { client_id: suite.client.id });
    await page.getByRole('button', { name: 'Sign out', exact: false }).first().waitFor();
  });
});
