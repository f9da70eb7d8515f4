/**
 * Whether the time of an answer tells who has an account: known and unknown names in turn at sign-in (with hashes of ours and
 * imported ones), reset and registration; 200 pairs each, every name once and from an address of its own, as the throttle would
 * have it. Fails when the medians differ by more than 5 ms and 10 %. A Mann-Whitney p below 0.01 is printed and fails nothing:
 * with enough pairs it finds differences that nobody can use.
 *   npm run bench:enumeration -- [pairs]
 */
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createHash, randomBytes } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';

import { openAccountImport } from '../src/accounts/import-accounts.ts';
import { readImportRecord } from '../src/accounts/import-record.ts';
import { insertAccount } from '../src/accounts/store.ts';
import { systemClock } from '../src/clock.ts';
import { loadConfig } from '../src/config/load.ts';
import { newId } from '../src/crypto/ids.ts';
import { openPasswords, type Passwords } from '../src/crypto/passwords.ts';
import { openDatabase, type ConnectionSettings, type Database } from '../src/db/database.ts';
import { startEmbedded } from '../src/db/embedded.ts';
import { createLogger } from '../src/log.ts';
import { createCleanup, type Cleanup } from './cleanup.ts';
import { headerOf, openConnection, type Connection } from './connection.ts';
import { divideCores } from './cores.ts';
import { median } from './load.ts';
import { seed, type Credentials } from './seed.ts';
import { authorizationRequest, cookieHeader, storeCookies, unexpected, type Cookies } from './sign-in.ts';
import { startGuichet, type Target } from './targets.ts';

const PAIRS = Number(process.argv[2] ?? 200);
/** Connections, caches and the compiler get warm with these, which do not count. */
const WARM_UP_PAIRS = 15;

const DIFFERENCE_MAX_MS = 5;
const DIFFERENCE_SHARE_MAX = 0.1;

interface Scenario {
  readonly name: string;
  /** Of the accounts that are asked for. */
  readonly kind: string;
  readonly word: 'sign-in' | 'reset' | 'register';
  /** What the form is sent with. */
  readonly fields: (name: string) => Readonly<Record<string, string>>;
  /** Of any answer: it is the same for everybody. */
  readonly status: number;
}

/** Hashes of nobody's password: a refusal computes them all the same. */
const IMPORTED: Readonly<Record<string, () => string>> = {
  ssha: () => `{SSHA}${Buffer.concat([digest('sha1'), randomBytes(8)]).toString('base64')}`,
  pbkdf2: () =>
    `pbkdf2_sha256$100000$${randomBytes(9).toString('hex')}$${digest('sha256').toString('base64')}`,
  bcrypt: () => `$2b$10$${'C'.repeat(22)}${digest('sha256').toString('hex').slice(0, 31)}`,
};

const SCENARIOS: readonly Scenario[] = [
  { name: 'sign-in, hash of ours', kind: 'ours', word: 'sign-in', fields: signInFields, status: 422 },
  { name: 'sign-in, SSHA', kind: 'ssha', word: 'sign-in', fields: signInFields, status: 422 },
  { name: 'sign-in, PBKDF2 100 000', kind: 'pbkdf2', word: 'sign-in', fields: signInFields, status: 422 },
  { name: 'sign-in, bcrypt 10', kind: 'bcrypt', word: 'sign-in', fields: signInFields, status: 422 },
  { name: 'sign-in, ours beside these', kind: 'beside', word: 'sign-in', fields: signInFields, status: 422 },
  { name: 'reset', kind: 'reset', word: 'reset', fields: (name) => ({ identifier: name }), status: 303 },
  {
    name: 'registration',
    kind: 'register',
    word: 'register',
    fields: (name) => ({ email: name }),
    status: 303,
  },
];

function signInFields(name: string): Readonly<Record<string, string>> {
  return { identifier: name, password: 'not the password of anybody' };
}

function digest(algorithm: string): Buffer {
  return createHash(algorithm).update(randomBytes(16)).digest();
}

const nameOf = (kind: string, index: number) => `${kind}${index}@example.org`;

async function main(cleanup: Cleanup): Promise<boolean> {
  const cores = divideCores();
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'guichet-bench-'));
  cleanup.add(() => rm(dataDir, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 }));
  const env = {
    GUICHET_DATA_DIR: dataDir,
    GUICHET_SECRET: randomBytes(48).toString('base64url'),
    GUICHET_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    GUICHET_TRUSTED_PROXIES: '127.0.0.1',
    GUICHET_LOG_LEVEL: 'error',
  };
  const log = createLogger({ level: 'warn', destination: process.stderr });
  const embedded = await cleanup.start(
    () => startEmbedded({ dataDir, log }),
    (running) => running.stop(),
  );
  const config = loadConfig(env);
  const credentials = await seed(config, embedded.connection, 'RS256');
  await seedPeople(embedded.connection, openPasswords(config));

  console.log(`${PAIRS} pairs each; ${cores.description}`);
  console.log('                                known     unknown   difference        p');
  let isEven = true;
  for (const scenario of SCENARIOS) {
    // Each gets a server that has met nobody: counters of mail are for all of them together.
    const database = openDatabase({ connection: embedded.connection });
    await database.pool.query('TRUNCATE throttles');
    await database.close();
    const server = await startGuichet({ prefix: cores.server, env });
    cleanup.add(() => server.process.stop());
    isEven = (await measure({ ...server, credentials }, scenario)) && isEven;
    await server.process.stop();
  }
  return isEven;
}

async function seedPeople(connection: ConnectionSettings, passwords: Passwords): Promise<void> {
  const db = openDatabase({ connection });
  const count = PAIRS + WARM_UP_PAIRS;
  try {
    await seedOurs(db, await passwords.hash('the password of all of them'), count);
    await using accounts = await openAccountImport(
      { db, clock: systemClock, passwords },
      { rehearse: false, onConflict: 'fail', actor: 'cli' },
    );
    for (const [kind, hash] of Object.entries(IMPORTED)) {
      const records = Array.from({ length: count }, (_, index) => ({
        id: `${kind}-${index}`,
        email: nameOf(kind, index),
        password_hash: hash(),
      }));
      const options = { source: 'guichet', firebase: undefined } as const;
      const now = new Date();
      await accounts.run(
        records.map((one, line) => Object.assign(readImportRecord(one, options, now), { line: line + 1 })),
      );
    }
  } finally {
    await db.close();
  }
}

async function seedOurs(db: Database, hash: string, count: number): Promise<void> {
  const now = new Date();
  for (const kind of ['ours', 'beside', 'reset', 'register']) {
    for (let index = 0; index < count; index += 1) {
      const account = { id: newId('usr'), username: null, email: nameOf(kind, index), emailVerified: true };
      const times = { passwordChangedAt: now, createdAt: now, updatedAt: now };
      await insertAccount(db.knex, { ...account, ...times, profile: {} }, hash);
    }
  }
}

type ServedTarget = Pick<Target, 'requests' | 'issuer' | 'port'> & { readonly credentials: Credentials };

async function measure(target: ServedTarget, scenario: Scenario): Promise<boolean> {
  const connection = await openConnection(target.port);
  const known: number[] = [];
  const unknown: number[] = [];
  // A server with imported accounts has met one of them before long.
  if (scenario.kind === 'beside') {
    for (const kind of Object.keys(IMPORTED))
      await attempt(target, connection, { scenario, name: nameOf(kind, 0), visitor: 1_000_000 });
  }
  for (let index = 0; index < PAIRS + WARM_UP_PAIRS; index += 1) {
    const names = [
      { name: nameOf(scenario.kind, index), durations: known },
      { name: `nobody-${scenario.kind}${index}@example.org`, durations: unknown },
    ];
    // Which comes first changes, so that neither has the other's leftovers alone.
    if (index % 2 === 1) names.reverse();
    for (const [place, { name, durations }] of names.entries()) {
      const duration = await attempt(target, connection, { scenario, name, visitor: 2 * index + place });
      if (index >= WARM_UP_PAIRS) durations.push(duration);
    }
  }
  connection.close();
  return report(scenario.name, known, unknown);
}

/** Milliseconds of the POST alone. */
async function attempt(
  { requests, issuer, credentials }: ServedTarget,
  connection: Connection,
  { scenario, name, visitor }: { scenario: Scenario; name: string; visitor: number },
): Promise<number> {
  const cookies: Cookies = new Map();
  const headers = () => ({ ...cookieHeader(cookies), 'X-Forwarded-For': addressOf(visitor) });
  const { url } = authorizationRequest({ credentials });
  const started = await connection.send(requests.get(url, headers()));
  storeCookies(cookies, started);
  const location = new URL(headerOf(started, 'location') ?? '', issuer);
  const page = await connection.send(requests.get(location.pathname, headers()));
  storeCookies(cookies, page);
  const [, csrf] = /name="csrf" value="([^"]+)"/.exec(page.body) ?? [];
  if (csrf === undefined) throw unexpected(page);
  const form = { csrf, ...scenario.fields(name) };
  const request = requests.post(`${location.pathname}/${scenario.word}`, form, headers());
  const startedAtMs = performance.now();
  const answer = await connection.send(request);
  const duration = performance.now() - startedAtMs;
  if (answer.status !== scenario.status) throw unexpected(answer);
  return duration;
}

/** A network of its own for each, so that no counter but the account's own is met twice. */
function addressOf(visitor: number): string {
  return `10.${(visitor >> 8) & 0xff}.${visitor & 0xff}.1`;
}

function report(name: string, known: readonly number[], unknown: readonly number[]): boolean {
  const [first, second] = [median(known), median(unknown)];
  const difference = Math.abs(first - second);
  const isEven = difference <= Math.max(DIFFERENCE_MAX_MS, DIFFERENCE_SHARE_MAX * Math.max(first, second));
  const ms = (value: number) => `${value.toFixed(2)} ms`.padStart(11);
  console.log(
    `${name.padEnd(26)} ${ms(first)} ${ms(second)} ${ms(difference)}   ${mannWhitney(known, unknown).toFixed(3).padStart(6)}   ${isEven ? 'even' : 'TOO FAR APART'}`,
  );
  return isEven;
}

/** Two-sided, by the normal approximation; durations hardly ever tie. */
function mannWhitney(a: readonly number[], b: readonly number[]): number {
  const u = a.reduce((sum, x) => sum + b.filter((y) => y < x).length, 0);
  const mean = (a.length * b.length) / 2;
  const deviation = Math.sqrt((a.length * b.length * (a.length + b.length + 1)) / 12);
  return 2 * (1 - normal(Math.abs(u - mean) / deviation));
}

/** The normal distribution function for z ≥ 0, to seven digits (Abramowitz and Stegun 26.2.17). */
function normal(z: number): number {
  const t = 1 / (1 + 0.2316419 * z);
  const series =
    t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return 1 - (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * series;
}

const cleanup = createCleanup();
try {
  process.exitCode = (await main(cleanup)) ? 0 : 1;
} finally {
  await cleanup.run();
}
