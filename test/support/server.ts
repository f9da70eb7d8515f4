import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { systemClock, type Clock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createLogger } from '../../src/log.ts';
import { startServer } from '../../src/server.ts';
import { openServices, type Services } from '../../src/services.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

export interface TestServer {
  readonly issuer: string;
  readonly services: Services;
  readonly database: TestDatabase;
  stop(): Promise<void>;
}

export interface TestServerOptions {
  /** Further GUICHET_* variables. */
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** A database that other servers share; otherwise one of its own, dropped at the end. */
  readonly database?: TestDatabase;
}

/** The secrets of every server of a test run, so that servers on one database agree. */
export const TEST_SECRETS = {
  GUICHET_SECRET: 'dGVzdC1zZWNyZXQtZm9yLWd1aWNoZXQtMDEyMzQ1Njc4OWFiY2RlZjAxMjM0',
  GUICHET_ENCRYPTION_KEY: 'q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA=',
} as const;

/** The real server in this process, on a free port and a real database. */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const database = options.database ?? (await createTestDatabase());
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'guichet-server-'));
  const config = loadConfig(await testEnvironment(database, dataDir, options.env));
  const log = createLogger({ level: config.logLevel, destination: process.stderr });
  const services = await openServices(config, log, options.clock ?? systemClock);
  const server = await startServer(services);
  return {
    issuer: config.issuer,
    services,
    database,
    async stop() {
      await server.close();
      await services.close();
      if (!options.database) await database.drop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export interface ServerProcess {
  readonly issuer: string;
  readonly child: ChildProcess;
  /** Everything it printed. */
  output(): string;
  /** SIGTERM, and its exit code. */
  stop(): Promise<number | null>;
  /** `kill -9`. */
  kill(): Promise<void>;
}

/** The same as a process of its own: what can be killed, and what shares nothing but the database. */
export async function spawnTestServer(
  database: Pick<TestDatabase, 'url'>,
  env: Readonly<Record<string, string>> = {},
): Promise<ServerProcess> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'guichet-server-'));
  const environment = await testEnvironment(database, dataDir, env);
  const child = spawn(process.execPath, ['src/main.ts'], {
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  const exited = once(child, 'exit').then(async (args) => {
    await rm(dataDir, { recursive: true, force: true });
    const [code] = args as [number | null];
    return code;
  });
  const issuer = environment['GUICHET_ISSUER'] ?? '';
  await untilReady(`http://127.0.0.1:${environment['GUICHET_PORT']}`, child, () => output);
  return {
    issuer,
    child,
    output: () => output,
    async stop() {
      child.kill('SIGTERM');
      return exited;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function untilReady(origin: string, child: ChildProcess, output: () => string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`the server ended:\n${output()}`);
    const response = await fetch(`${origin}/readyz`).catch(() => undefined);
    if (response?.status === 200) return;
    await sleep(50);
  }
  throw new Error(`the server is not ready:\n${output()}`);
}

async function testEnvironment(
  database: Pick<TestDatabase, 'url'>,
  dataDir: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Record<string, string>> {
  const port = env['GUICHET_PORT'] ?? String(await freePort());
  return {
    GUICHET_PORT: port,
    GUICHET_ISSUER: `http://localhost:${port}`,
    GUICHET_DATA_DIR: dataDir,
    GUICHET_DATABASE_URL: database.url,
    GUICHET_LOG_LEVEL: 'warn',
    ...TEST_SECRETS,
    ...env,
  };
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
