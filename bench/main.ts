/**
 * `npm run bench`: Guichet against the protocol library it is built on, both driven by this process. Servers run in
 * processes of their own, on a core of their own, one at a time; nothing leaves the loopback interface and the databases are
 * gone afterwards. See USAGE in options.ts.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { loadConfig } from '../src/config/load.ts';
import { openDatabase, type ConnectionSettings } from '../src/db/database.ts';
import { startEmbedded, type Embedded } from '../src/db/embedded.ts';
import { createLogger } from '../src/log.ts';
import { createCleanup, type Cleanup } from './cleanup.ts';
import { measureColdStart } from './cold-start.ts';
import { compare, type Result } from './compare.ts';
import { divideCores, type Cores } from './cores.ts';
import { machineFacts } from './machine.ts';
import { readOptions, USAGE, type Options } from './options.ts';
import { profile } from './profile.ts';
import { coldStartLine, headingLine, machineLines, resultLines, type Report } from './report.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { seed } from './seed.ts';
import { startGuichet, startRival, type Target } from './targets.ts';

const log = createLogger({ level: 'warn', destination: process.stderr });

async function bench(options: Options, cleanup: Cleanup): Promise<boolean> {
  const planned = plan(options);
  const cores = divideCores();
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'guichet-bench-'));
  // PostgreSQL may still be putting its files away.
  cleanup.add(() => rm(dataDir, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 }));
  const env = {
    GUICHET_DATA_DIR: dataDir,
    GUICHET_SECRET: randomBytes(48).toString('base64url'),
    GUICHET_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  };
  const credentials = await seedDatabase(env, options, cleanup);
  if (options.profile !== undefined)
    return profileAll(options, options.profile, { cores, env, credentials }, cleanup);

  const coldStart = await measureColdStart({ prefix: cores.every, env }, cleanup);
  // Started from here and before the servers, so that it runs on our core; Guichet joins it.
  const embedded = await startPostgres(dataDir, cleanup);
  const machine = await facts(embedded.connection, dataDir, cores);
  say(options, `${machineLines(machine)}\n\n${coldStartLine(coldStart)}\n\n${headingLine()}`);
  const targets = await startTargets(options, { cores, env, credentials }, embedded.connection, cleanup);

  const postmaster = postmasterOf(dataDir);
  const results: Result[] = [];
  const failures: { scenario: string; message: string }[] = [];
  for (const { scenario, connections } of planned) {
    const compared = targets.filter(({ name }) => scenario.compared.includes(name));
    try {
      const found = await compare(scenario, compared, { ...options, connections, postmaster });
      say(options, resultLines(found));
      results.push(...found);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      say(options, `${scenario.name}: ${message}`);
      failures.push({ scenario: scenario.name, message });
    }
  }
  const report: Report = { machine, coldStart, results, failures };
  if (options.json) console.log(JSON.stringify(report, null, 2));
  return failures.length === 0;
}

function startPostgres(dataDir: string, cleanup: Cleanup): Promise<Embedded> {
  return cleanup.start(
    () => startEmbedded({ dataDir, log }),
    (running) => running.stop(),
  );
}

/** Leaves the embedded PostgreSQL stopped. */
async function seedDatabase(
  env: Ground['env'],
  { idTokenAlg }: Options,
  cleanup: Cleanup,
): Promise<Target['credentials']> {
  const config = loadConfig(env);
  const embedded = await startPostgres(config.dataDir, cleanup);
  const credentials = await seed(config, embedded.connection, idTokenAlg);
  await embedded.stop();
  return credentials;
}

interface Ground {
  readonly cores: Cores;
  readonly env: Readonly<Record<string, string>>;
  readonly credentials: Target['credentials'];
}

async function startTargets(
  { idTokenAlg }: Options,
  { cores, env, credentials }: Ground,
  connection: ConnectionSettings,
  cleanup: Cleanup,
): Promise<Target[]> {
  const rival = { prefix: cores.server, credentials, idTokenAlg };
  const databaseUrl = await createRivalDatabase(connection);
  const targets: Target[] = [];
  const starts: (() => Promise<Omit<Target, 'credentials'>>)[] = [
    () => startGuichet({ prefix: cores.server, env }),
    () => startGuichet({ prefix: cores.server, env, unrecorded: true }),
    () => startRival(rival),
    () => startRival({ ...rival, databaseUrl }),
  ];
  for (const start of starts) {
    const target = await cleanup.start(start, (running) => running.process.stop());
    targets.push({ ...target, credentials });
  }
  return targets;
}

async function profileAll(
  options: Options,
  folder: string,
  { cores, env, credentials }: Ground,
  cleanup: Cleanup,
): Promise<boolean> {
  mkdirSync(folder, { recursive: true });
  await startPostgres(env['GUICHET_DATA_DIR'] ?? '', cleanup);
  const target = await cleanup.start(
    () => startGuichet({ prefix: cores.server, env, profileFolder: folder }),
    (running) => running.process.stop(),
  );
  for (const { scenario, connections } of plan(options)) {
    const { seconds } = options;
    console.log(await profile(scenario, { ...target, credentials }, { seconds, connections, folder }));
  }
  return true;
}

function plan({ only, connections }: Options): { scenario: Scenario; connections: number }[] {
  const chosen = SCENARIOS.filter(
    ({ name }) => only.length === 0 || only.some((text) => name.startsWith(text)),
  );
  if (chosen.length === 0)
    throw new Error(`no such scenario; there are ${SCENARIOS.map(({ name }) => name).join(', ')}`);
  return chosen.flatMap((scenario) =>
    (connections ?? scenario.connections).map((count) => ({ scenario, connections: count })),
  );
}

async function facts(connection: ConnectionSettings, dataDir: string, cores: Cores) {
  const db = openDatabase({ connection });
  try {
    return await machineFacts(db, dataDir, cores.description);
  } finally {
    await db.close();
  }
}

/** The first line of its lock file. */
function postmasterOf(dataDir: string): number {
  return Number.parseInt(readFileSync(path.join(dataDir, 'postgres/data/postmaster.pid'), 'utf8'), 10);
}

/** On the same PostgreSQL, over the same socket. */
async function createRivalDatabase(connection: ConnectionSettings): Promise<string> {
  const db = openDatabase({ connection });
  await db.pool.query('CREATE DATABASE rival');
  await db.close();
  const { host, port, user, password } = connection;
  const query = new URLSearchParams({ host, port: String(port) }).toString();
  return `postgres://${encodeURIComponent(user)}:${encodeURIComponent(password)}@/rival?${query}`;
}

function say({ json }: Options, text: string): void {
  if (!json) console.log(text);
}

/** The first Ctrl-C puts everything away; what is under way then fails, and nobody minds. */
function interruption(): Promise<never> {
  return new Promise((_, reject) => {
    process.once('SIGINT', () => reject(new Error('interrupted')));
    process.once('SIGTERM', () => reject(new Error('interrupted')));
  });
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') return console.log(USAGE);
  const cleanup = createCleanup();
  try {
    const ok = await Promise.race([bench(options, cleanup), interruption()]);
    process.exitCode = ok ? 0 : 1;
  } finally {
    await cleanup.run();
  }
  // Connections of a burst that was interrupted would hold the process.
  process.exit();
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
