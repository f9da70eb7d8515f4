/**
 * Each kind of application in the way its developer comes: registered by the command, started with the program that the console
 * shows beside it. What ran is what docs/recipes.md is made of; `-u` writes it anew.
 */
import { generateKeyPair, exportJWK, exportPKCS8 } from 'jose';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createWalker } from '../support/browser-walker.ts';
import { hasChromium, launchChromium } from '../support/chromium.ts';
import { approveDevice } from '../support/app.ts';
import { ORDERS, PASSWORD } from '../support/factories.ts';
import { freePort } from '../support/server.ts';
import { createBook, type Book } from './book.ts';
import { openRig, type Registered, type Rig } from './rig.ts';
import { servePage } from './page.ts';

const shell = promisify(execFile);
const IN_NODE = 'In Node, with openid-client';
const OPEN = /Open (\S+)/;
const READ = ['--api', ORDERS, '--scopes', 'orders:read', '--default-api', ORDERS];

let rig: Rig;
let book: Book;
let folder: string;
let api: Registered;

beforeAll(async () => {
  rig = await openRig();
  folder = await mkdtemp(path.join(os.tmpdir(), 'guichet-recipes-'));
  book = createBook();
  book.replace(rig.server.issuer, 'http://localhost:3000');
  book.replace(rig.person.id, 'usr_…');
  const orders = ['--audience', ORDERS, '--name', 'Orders', '--scope', 'orders:read=Read your orders'];
  await rig.cli.json(['apis', 'create', ...orders]);
  api = await register('api', ['--name', 'Orders API', '--acts-for', ORDERS]);
});

afterAll(async () => {
  await rig.stop();
  await rm(folder, { recursive: true, force: true });
});

async function register(
  kind: string,
  args: readonly string[],
  secrets?: Readonly<Record<string, string>>,
): Promise<Registered> {
  const made = await rig.register(['--kind', kind, ...args], secrets);
  book.replace(made.id, 'cli_…');
  return made;
}

async function opened(name: string, program: string, env: Registered['env']) {
  const example = await rig.run(name, program, env, OPEN);
  return { example, url: OPEN.exec(example.output())?.[1] ?? '' };
}

test('machine', async () => {
  const machine = await register('machine', ['--name', 'Nightly', ...READ]);
  const program = machine.snippet(IN_NODE);
  const example = await rig.run('machine', program, machine.env);
  expect(example.output()).toMatch(/^bearer ey\S+ for 3600 s\n$/);

  const curl = machine.snippet('A token with curl');
  const { stdout } = await shell('bash', ['-c', curl], { env: { ...process.env, ...machine.env } });
  expect(JSON.parse(stdout)).toMatchObject({ token_type: 'Bearer', scope: 'orders:read' });
  const token = example.output().split(' ')[1] ?? '';

  const ask = api.snippet('Is this token alive?');
  const answer = await shell('bash', ['-c', ask], { env: { ...process.env, ...api.env, TOKEN: token } });
  expect(JSON.parse(answer.stdout)).toMatchObject({ active: true, client_id: machine.id });

  const port = String(await freePort());
  const express = await rig.apiSnippet(ORDERS, 'In Express');
  await rig.run('express', `${express}\nconsole.log('Open', env.PORT);`, { ...api.env, PORT: port }, OPEN);
  const call = await fetch(`http://localhost:${port}/`, { headers: { authorization: `Bearer ${token}` } });
  expect(await call.json()).toEqual({ hello: machine.id });

  book.add('machine', machine, [
    ['js', program],
    ['text', example.output()],
    ['sh', curl],
  ]);
  book.add('api', api, [
    ['js', express],
    ['sh', ask],
  ]);
});

test('machine with a key', async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const file = path.join(folder, 'keys.json');
  await writeFile(file, JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256' }] }));
  const signing = await register(
    'machine',
    ['--name', 'Signing', '--auth-method', 'private_key_jwt', '--jwks-file', file, ...READ],
    { PRIVATE_KEY: await exportPKCS8(privateKey) },
  );
  const program = signing.snippet(IN_NODE);
  const example = await rig.run('machine-key', program, signing.env);
  expect(example.output()).toMatch(/^bearer ey\S+ for 3600 s\n$/);
  book.replace(file, 'keys.json');
  book.add('machine-key', signing, [['js', program]]);
});

test('web', async () => {
  const port = String(await freePort());
  const redirect = `http://localhost:${port}/callback`;
  book.replace(redirect, 'http://localhost:8080/callback');
  book.replace(`?? ${port}`, '?? 8080');
  const web = await register('web', ['--name', 'Shop', '--redirect-uri', redirect, ...READ]);
  const program = web.snippet(IN_NODE);
  await rig.run('web', `${program}\nconsole.log('Open', env.REDIRECT_URI);`, web.env, OPEN);

  const begun = await fetch(`http://localhost:${port}/`, { redirect: 'manual' });
  const cookie = begun.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const back = await rig.signIn(begun.headers.get('location') ?? '');
  const elsewhere = await fetch(back);
  expect(elsewhere.status).toBe(400);
  const arrived = await fetch(back, { headers: { cookie } });
  expect(await arrived.text()).toBe(`Hello ${rig.person.id}`);
  expect((await fetch(back, { headers: { cookie } })).status).toBe(400);
  book.add('web', web, [['js', program]]);
});

test('native', async () => {
  const redirect = 'http://127.0.0.1/callback';
  const native = await register('native', ['--name', 'Desk', '--redirect-uri', redirect, ...READ]);
  const program = native.snippet(IN_NODE);
  const { example, url } = await opened('native', program, native.env);
  const arrived = await fetch(await rig.signIn(url));
  expect(await arrived.text()).toBe('You can close this page.');
  expect(await example.exitCode).toBe(0);
  expect(example.output()).toContain(`Hello ${rig.person.id}`);
  book.add('native', native, [['js', program]]);
});

test('device', async () => {
  const device = await register('device', ['--name', 'Television', ...READ]);
  const program = device.snippet(IN_NODE);
  const { example, url } = await opened('device', program, device.env);
  const { origin, pathname, searchParams } = new URL(url);
  const walker = createWalker({ origin });
  const fields = { identifier: rig.person.email ?? '', password: PASSWORD };
  const account = await walker.visit(`${origin}/account`);
  await walker.submit(account, fields, { form: '/sign-in' });
  const json = { verification_uri: origin + pathname, user_code: searchParams.get('user_code') };
  await approveDevice(walker, { json } as unknown as Parameters<typeof approveDevice>[1]);
  expect(await example.exitCode).toBe(0);
  expect(example.output()).toContain(`Hello ${rig.person.id}`);
  book.add('device', device, [['js', program]]);
});

test('mcp', async () => {
  const port = String(await freePort());
  const audience = `http://localhost:${port}/mcp`;
  book.replace(audience, 'http://localhost:8080/mcp');
  const scope = 'tools:call=Call its tools';
  await rig.cli.json(['apis', 'create', '--audience', audience, '--name', 'Tools', '--scope', scope]);
  const itself = await register('api', ['--name', 'Tools API', '--acts-for', audience]);
  const server = await rig.apiSnippet(audience, 'As an MCP server, with its SDK');
  await rig.run('mcp-server', `${server}\nconsole.log('Open', audience);`, itself.env, OPEN);

  const access = ['--api', audience, '--scopes', 'tools:call'];
  const redirect = ['--redirect-uri', 'http://127.0.0.1/callback'];
  const mcp = await register('native', ['--name', 'Assistant', ...redirect, ...access]);
  const program = mcp.snippet('As an MCP client, with its SDK');
  const { example, url } = await opened('mcp', program, mcp.env);
  expect(new URL(url).searchParams.get('resource')).toBe(audience);
  await fetch(await rig.signIn(url));
  expect(await example.exitCode, example.output()).toBe(0);
  expect(example.output()).toContain("[ 'hello' ]");
  book.add('mcp', mcp, [['js', program]]);
  book.add('mcp-server', itself, [['js', server]]);
});

test.skipIf(!hasChromium)('single-page app', async () => {
  const page = await servePage();
  book.replace(`${page.origin}/`, 'http://localhost:8080/');
  const spa = await register('spa', ['--name', 'Budget', '--redirect-uri', `${page.origin}/`, ...READ]);
  const program = spa.snippet('In the page, with openid-client');
  page.show(program);
  const browser = await launchChromium();
  try {
    const window = await browser.newPage({ locale: 'en' });
    window.setDefaultTimeout(10_000);
    await window.goto(`${page.origin}/`);
    await window.getByLabel('E-mail or username').fill(rig.person.email ?? '');
    await window.getByLabel('Password').fill(PASSWORD);
    await window.getByRole('button', { name: 'Sign in', exact: true }).click();
    await window.getByRole('button', { name: 'Allow' }).click();
    await window.getByText(`Hello ${rig.person.id}`).waitFor();
    expect(window.url()).toBe(`${page.origin}/`);
  } finally {
    await browser.close();
    await page.close();
  }
  book.add('spa', spa, [['js', program]]);
});

test.skipIf(!hasChromium)('docs/recipes.md is what ran', async () => {
  await expect(await book.render()).toMatchFileSnapshot('../../docs/recipes.md');
});
