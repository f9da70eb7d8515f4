import { mkdirSync } from 'node:fs';
import path from 'node:path';

import { launchChromium } from '../support/chromium.ts';
import { exhibits, openGallery } from './gallery.ts';

/** `node test/look/screenshots.ts FOLDER [part of a page's name]`: every page and state, to be looked at. */
const [folder = 'screenshots', part = ''] = process.argv.slice(2);
const VIEWS = [
  { name: 'desk-light', viewport: { width: 1280, height: 900 }, colorScheme: 'light', language: 'en' },
  { name: 'desk-dark', viewport: { width: 1280, height: 900 }, colorScheme: 'dark', language: 'en' },
  { name: 'phone-light', viewport: { width: 390, height: 844 }, colorScheme: 'light', language: 'en' },
  { name: 'phone-dark', viewport: { width: 390, height: 844 }, colorScheme: 'dark', language: 'fr' },
] as const;

mkdirSync(folder, { recursive: true });
const gallery = await openGallery();
const browser = await launchChromium();
for (const { name, viewport, colorScheme, language } of VIEWS) {
  const context = await browser.newContext({ viewport, colorScheme });
  const page = await context.newPage();
  for (const exhibit of exhibits.filter((one) => one.name.includes(part))) {
    await page.goto(gallery.url(exhibit, language));
    await page.screenshot({
      path: path.join(folder, `${exhibit.name}.${exhibit.state}.${name}.png`),
      fullPage: true,
    });
  }
  await context.close();
}
await browser.close();
await gallery.close();
