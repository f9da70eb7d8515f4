import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { hasChromium, launchChromium } from '../support/chromium.ts';
import { exhibits, openGallery, type Exhibit } from './gallery.ts';

/** A page with its styles, scripts and pictures, as they travel. */
const WIRE_BYTES_MAX = 30_000;
/** Operators load the console's own styles as well, once. */
const CONSOLE_BYTES_MAX = 60_000;
const BYTES_ON_THE_WIRE =
  'performance.getEntries().reduce((sum, { encodedBodySize = 0 }) => sum + encodedBodySize, 0)';
/** WCAG 2.2, 2.5.8: the least size of what is to be hit. */
const TARGET_PIXELS = 24;

/** One of each page. */
const firstStates = exhibits.filter(
  ({ name }, index) => exhibits.findIndex((one) => one.name === name) === index,
);

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

/** Every page in every state, as Chromium shows it. */
describe.skipIf(!hasChromium)('in Chromium', () => {
  let browser: Browser;
  let gallery: Awaited<ReturnType<typeof openGallery>>;
  let desk: Page;
  let phone: Page;

  beforeAll(async () => {
    gallery = await openGallery();
    browser = await launchChromium();
    desk = await openWindow(browser, { viewport: { width: 1280, height: 900 }, colorScheme: 'light' });
    phone = await openWindow(browser, { viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
  });

  afterAll(async () => {
    await browser.close();
    await gallery.close();
  });

  test.each(exhibits)(
    '$name $state: accessible on a phone in the dark, within its width, light on the wire',
    async (exhibit) => {
      await phone.goto(gallery.url(exhibit, isConsole(exhibit) ? 'en' : 'fr'));
      const bytes = await phone.evaluate<number>(BYTES_ON_THE_WIRE);
      expect(await check(phone, gallery.axe)).toEqual([]);
      expect(await phone.evaluate<number>('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
      expect(await smallTargets(phone)).toEqual([]);
      expect(bytes).toBeLessThanOrEqual(isConsole(exhibit) ? CONSOLE_BYTES_MAX : WIRE_BYTES_MAX);
    },
  );

  test.each(firstStates)('$name: accessible on a desk in the light', async (exhibit) => {
    await desk.goto(gallery.url(exhibit, 'en'));
    expect(await check(desk, gallery.axe)).toEqual([]);
  });
});

/** It speaks English. */
function isConsole({ name }: Exhibit): boolean {
  return name.startsWith('console-');
}

/** One for all pages. axe is run beside the page and not by it: the policy lets no script of ours in. */
async function openWindow(browser: Browser, options: BrowserContextOptions): Promise<Page> {
  const context = await browser.newContext({ ...options, bypassCSP: true, reducedMotion: 'reduce' });
  return context.newPage();
}

async function check(page: Page, axe: string): Promise<string[]> {
  await page.addScriptTag({ url: axe });
  const { violations } = await page.evaluate<AxeResult>(
    "axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })",
  );
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' | ')}`);
}

/** Links within a sentence are exempt. */
function smallTargets(page: Page): Promise<string[]> {
  return page.evaluate<
    string[]
  >(`[...document.querySelectorAll('button, input:not([type=hidden]):not([hidden]), select, a')]
    .filter((element) => element.checkVisibility() && getComputedStyle(element).display !== 'inline')
    .filter((element) => {
      const box = (element.closest('label') ?? element).getBoundingClientRect();
      const target = element.type === 'checkbox' || element.type === 'radio' ? 16 : ${TARGET_PIXELS};
      return box.width < target || box.height < target;
    })
    .map((element) => element.outerHTML)`);
}
