import { existsSync } from 'node:fs';

import { chromium, type Browser } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

const executablePath = PLACES.find((place) => existsSync(place));

/** For `describe.skipIf(!hasChromium)`. */
export const hasChromium = executablePath !== undefined;

if (!hasChromium)
  process.stderr.write(`Tests in a browser are skipped: there is none at ${PLACES.join(', ')}.\n`);

const FLAGS = [
  '--headless',
  // The sandbox wants user namespaces, which containers and root often have not. Only our own pages are opened.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A real browser with an empty profile; close it in `afterAll`. */
export function launchChromium(): Promise<Browser> {
  if (executablePath === undefined) throw new Error('there is no Chromium on this machine');
  return chromium.launch({ executablePath, args: FLAGS });
}
