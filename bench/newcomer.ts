/**
 * The way of somebody who has never seen Guichet: clone, install, start, become its administrator, register an API and a machine
 * client in the console, fetch a token, call an API with it. Every step is one that a person takes; what is printed is how many there are
 * and how long the machine keeps them waiting. `npm run bench:newcomer [-- URL-of-a-setup-link]`: with a link, of a server that runs.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { createRemoteJWKSet, jwtVerify } from 'jose';
import { Secret, TOTP } from 'otpauth';
import type { Page } from 'playwright-core';

import { launchChromium } from '../test/support/chromium.ts';

const PASSWORD = 'correct horse battery staple';
const AUDIENCE = 'https://api.example/orders';
const steps: { readonly name: string; readonly seconds: number }[] = [];

async function step<T>(name: string, work: () => Promise<T> | T): Promise<T> {
  const startedAt = performance.now();
  const done = await work();
  const seconds = (performance.now() - startedAt) / 1000;
  steps.push({ name, seconds });
  console.log(`${String(steps.length).padStart(2)}  ${seconds.toFixed(1).padStart(6)} s  ${name}`);
  return done;
}

/** A clone whose server runs, and the link that it printed. */
async function startFresh(): Promise<{ link: string; stop: () => Promise<void> }> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'guichet-newcomer-'));
  await step('git clone', () => execFileSync('git', ['clone', '-q', '.', folder]));
  await step('npm ci', () =>
    execFileSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'ignore' }),
  );
  const server = spawn('npm', ['start'], {
    cwd: folder,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const link = await step('npm start, until it prints the setup link', () => printedLink(server));
  return {
    link,
    async stop() {
      // npm does not pass signals on: the whole group of its processes gets it.
      if (server.pid !== undefined) process.kill(-server.pid, 'SIGTERM');
      await sleep(2000);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function printedLink(server: ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let printed = '';
  // The link is on standard error, so that it is in no log.
  for (const stream of [server.stdout, server.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      const [link] = /http\S+\/setup\?token=\S+/.exec(printed) ?? [];
      if (link !== undefined) resolve(link);
    });
  }
  server.once('exit', () => reject(new Error(`the server ended:\n${printed}`)));
  return promise;
}

async function becomeAdministrator(page: Page, link: string): Promise<void> {
  await step('open the setup link and make an account', async () => {
    await page.goto(link);
    await page.fill('input[name=name]', 'Ada Lovelace');
    await page.fill('input[name=email]', 'ada@example.org');
    await page.fill('input[name=password]', PASSWORD);
    await page.fill('input[name=repeat]', PASSWORD);
    await page.click('button[type=submit]');
  });
  await step('sign in', async () => {
    await page.fill('input[name=identifier]', 'ada@example.org');
    await page.fill('input[name=password]', PASSWORD);
    await page.click('form[action$="/sign-in"] button[type=submit]');
  });
  await step('set up one-time codes', async () => {
    await page.click('button[value=totp]');
    const secret = (await page.innerText('.key')).replaceAll(/\s/g, '');
    await page.fill('input[name=code]', new TOTP({ secret: Secret.fromBase32(secret) }).generate());
    await page.click('button.primary[type=submit]');
  });
  await step('keep the recovery codes; the console is there', async () => {
    const kept = page.locator('input[type=checkbox]');
    if ((await kept.count()) > 0) await kept.first().check();
    await page.click('button.primary[type=submit]');
    await page.waitForURL('**/console');
  });
}

async function register(page: Page, origin: string): Promise<{ id: string; secret: string }> {
  await step('register an API', async () => {
    await page.goto(`${origin}/console/new-api`);
    await page.fill('input[name=audience]', AUDIENCE);
    await page.fill('input[name=name]', 'Orders');
    await page.fill('textarea[name=scopes]', 'orders:read Read orders');
    await page.click('button.primary[type=submit]');
  });
  return step('register a machine client', async () => {
    await page.goto(`${origin}/console/new-client?kind=machine`);
    await page.fill('input[name=client_name]', 'Nightly');
    await page.fill('input[name=audience]', AUDIENCE);
    await page.fill('input[name=scopes]', 'orders:read');
    await page.click('button.primary[type=submit]');
    const shown = await page.innerText('main');
    const [id = '', secret = ''] = [/cli_\w+/.exec(shown)?.[0], /gcs_[\w-]{20,}/.exec(shown)?.[0]];
    if (id === '' || secret === '') throw new Error(`no client was shown:\n${shown}`);
    return { id, secret };
  });
}

async function call(origin: string, { id, secret }: { id: string; secret: string }): Promise<void> {
  const token = await step('fetch a token', async () => {
    const response = await fetch(`${origin}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        resource: AUDIENCE,
        scope: 'orders:read',
      }),
    });
    const { access_token: issued } = (await response.json()) as { access_token?: string };
    if (issued === undefined) throw new Error(`no token: ${response.status}`);
    return issued;
  });
  await step('verify it as an API does', () =>
    jwtVerify(token, createRemoteJWKSet(new URL('/jwks', origin)), { issuer: origin, audience: AUDIENCE }),
  );
}

const given = process.argv[2];
const { link, stop } = given === undefined ? await startFresh() : { link: given, stop: async () => {} };
const browser = await launchChromium();
try {
  const page = await browser.newPage();
  const { origin } = new URL(link);
  await becomeAdministrator(page, link);
  await call(origin, await register(page, origin));
} finally {
  await browser.close();
  await stop();
}
const total = steps.reduce((sum, { seconds }) => sum + seconds, 0);
console.log(`${steps.length} steps, ${total.toFixed(1)} s`);
