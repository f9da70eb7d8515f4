/**
 * A thousand addresses of the loopback network guess at one account at once, each with sockets of its own, while its owner signs
 * in again and again on a device that knows them: how many guesses were checked, and how long the owner took.
 *   npm run bench:brute-force -- [addresses]
 */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { loadConfig } from '../src/config/load.ts';
import { startEmbedded } from '../src/db/embedded.ts';
import { createLogger } from '../src/log.ts';
import { createCleanup, type Cleanup } from './cleanup.ts';
import { median } from './load.ts';
import { REDIRECT_URI, seed, type Credentials } from './seed.ts';
import { authorizationRequest } from './sign-in.ts';
import { startGuichet } from './targets.ts';

const ADDRESSES = Number(process.argv[2] ?? 1000);
const GUESSES_EACH = 3;
const AT_ONCE = 64;

/** What http/throttle-buckets.ts grants an account in a day; a thousand addresses are given no more. */
const GUESSES_A_DAY = 50;

interface Site {
  readonly port: number;
  readonly issuer: string;
  readonly credentials: Credentials;
}

/** Somebody with an address and cookies of their own. */
interface Visitor {
  readonly localAddress: string;
  readonly cookies: Map<string, string>;
}

interface Answer {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

async function main(cleanup: Cleanup): Promise<boolean> {
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'guichet-bench-'));
  cleanup.add(() => rm(dataDir, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 }));
  const env = {
    GUICHET_DATA_DIR: dataDir,
    GUICHET_SECRET: randomBytes(48).toString('base64url'),
    GUICHET_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    GUICHET_LOG_LEVEL: 'error',
  };
  const log = createLogger({ level: 'warn', destination: process.stderr });
  const embedded = await cleanup.start(
    () => startEmbedded({ dataDir, log }),
    (running) => running.stop(),
  );
  const credentials = await seed(loadConfig(env), embedded.connection, 'RS256');
  const server = await cleanup.start(
    () => startGuichet({ prefix: [], env }),
    (running) => running.process.stop(),
  );
  const site = { port: server.port, issuer: server.issuer, credentials };
  const [victim = ''] = credentials.people;
  const owner: Visitor = { localAddress: '127.0.0.1', cookies: new Map() };
  if (!(await signIn(site, owner, { identifier: victim, password: credentials.password })).isIn)
    throw new Error('the owner does not get in');

  const attack = { over: false };
  const [answers, ownersMs] = await Promise.all([
    guessFromEverywhere(site, victim).finally(() => (attack.over = true)),
    signInAgain(site, owner, victim, attack),
  ]);
  const checked = answers.filter((status) => status === 422).length;
  const refused = answers.filter((status) => status === 429).length;
  console.log(
    `${answers.length} guesses from ${ADDRESSES} addresses: ${checked} were checked, ${refused} refused unseen`,
  );
  console.log(
    `the owner signed in ${ownersMs.length} times meanwhile: median ${median(ownersMs).toFixed(0)} ms, at most ${Math.max(...ownersMs).toFixed(0)} ms`,
  );
  return checked <= GUESSES_A_DAY && checked + refused === answers.length && ownersMs.length > 0;
}

async function guessFromEverywhere(site: Site, victim: string): Promise<number[]> {
  const statuses: number[] = [];
  const waiting = Array.from(
    { length: ADDRESSES },
    (_, index) => `127.${1 + (index >> 8)}.${index & 0xff}.9`,
  );
  const work = Array.from({ length: AT_ONCE }, async () => {
    for (let address = waiting.pop(); address !== undefined; address = waiting.pop()) {
      const visitor: Visitor = { localAddress: address, cookies: new Map() };
      for (let guess = 0; guess < GUESSES_EACH; guess += 1) {
        const attempt = { identifier: victim, password: `guess ${guess} from ${address}` };
        statuses.push((await signIn(site, visitor, attempt)).status);
      }
    }
  });
  await Promise.all(work);
  return statuses;
}

/** Throws when the owner is refused once. */
async function signInAgain(
  site: Site,
  owner: Visitor,
  victim: string,
  attack: { readonly over: boolean },
): Promise<number[]> {
  const durations: number[] = [];
  while (!attack.over) {
    const startedAtMs = performance.now();
    const { isIn, status } = await signIn(site, owner, {
      identifier: victim,
      password: site.credentials.password,
    });
    if (!isIn) throw new Error(`the owner was refused with ${status}`);
    durations.push(performance.now() - startedAtMs);
    await sleep(100);
  }
  return durations;
}

async function signIn(
  site: Site,
  visitor: Visitor,
  typed: { readonly identifier: string; readonly password: string },
): Promise<{ status: number; isIn: boolean }> {
  const { url } = authorizationRequest(site);
  let answer = await send(site, visitor, 'GET', `${url}&prompt=login`);
  const page = new URL(answer.location ?? '', site.issuer).pathname;
  answer = await send(site, visitor, 'GET', page);
  const [, csrf] = /name="csrf" value="([^"]+)"/.exec(answer.body) ?? [];
  if (csrf === undefined) throw new Error(`no form: ${answer.status}`);
  answer = await send(site, visitor, 'POST', `${page}/sign-in`, { csrf, ...typed });
  const { status } = answer;
  for (let hop = 0; hop < 5 && answer.location !== undefined; hop += 1) {
    if (answer.location.startsWith(REDIRECT_URI)) return { status, isIn: answer.location.includes('code=') };
    const { pathname, search } = new URL(answer.location, site.issuer);
    answer = await send(site, visitor, 'GET', pathname + search);
  }
  return { status, isIn: false };
}

async function send(
  { port }: Site,
  { localAddress, cookies }: Visitor,
  method: 'GET' | 'POST',
  target: string,
  form?: Readonly<Record<string, string>>,
): Promise<Answer> {
  const body = form && new URLSearchParams(form).toString();
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const request = http.request({
    host: '127.0.0.1',
    port,
    localAddress,
    method,
    path: target,
    headers: {
      host: `localhost:${port}`,
      cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
      ...(body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
    },
  });
  request.on('error', reject);
  request.on('response', (response) => {
    for (const cookie of response.headers['set-cookie'] ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    response.setEncoding('utf8');
    let text = '';
    response.on('data', (chunk: string) => (text += chunk));
    response.on('error', reject);
    response.on('end', () =>
      resolve({ status: response.statusCode ?? 0, location: response.headers.location, body: text }),
    );
  });
  request.end(body);
  return promise;
}

const cleanup = createCleanup();
try {
  process.exitCode = (await main(cleanup)) ? 0 : 1;
} finally {
  await cleanup.run();
}
