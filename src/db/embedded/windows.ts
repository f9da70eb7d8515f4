import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { Client } from 'pg';
import { AppError } from '../../errors.ts';
import type { ConnectionSettings } from '../database.ts';
import { answers } from './answers.ts';
import { type Cluster, DATABASE, readPassword, SUPERUSER } from './cluster.ts';
import { postgresSettings } from './postmaster.ts';

interface Options {
  readonly binaries: string;
  readonly durable: boolean;
}

/**
 * Windows has neither a FIFO that counts its users nor an uid to give away. There the postmaster listens on a port of
 * 127.0.0.1, outlives a process that was killed and is used again by the next start; whoever stops it looks first whether
 * anybody else is connected. pg_ctl gives up administrator's rights by itself.
 */
export async function startOnWindows(
  cluster: Cluster,
  options: Options,
): Promise<{ connection: ConnectionSettings; stop: () => Promise<void> }> {
  const connection = (await findRunning(cluster)) ?? (await startPostmaster(cluster, options));
  return { connection, stop: () => stopUnlessUsed(cluster, options, connection) };
}

async function findRunning(cluster: Cluster): Promise<ConnectionSettings | undefined> {
  const port = runningPort(cluster);
  if (port === undefined) return undefined;
  const connection = settings(cluster, port);
  return (await answers(connection)) ? connection : undefined;
}

async function startPostmaster(
  cluster: Cluster,
  { binaries, durable }: Options,
): Promise<ConnectionSettings> {
  const port = await freePort();
  const postgresOptions = [
    ...postgresSettings(durable),
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    'unix_socket_directories=',
  ];
  await runPgCtl(binaries, [
    'start',
    '--wait',
    `--pgdata=${cluster.data}`,
    `--log=${cluster.log}`,
    `--options=${[...postgresOptions, '-c', `port=${port}`].join(' ')}`,
  ]);
  // It fails when another process was faster, whose postmaster is then as good.
  const connection = await findRunning(cluster);
  if (connection) return connection;
  throw new AppError(
    'embedded_database_failed',
    `The embedded PostgreSQL did not start; see ${cluster.log}`,
    { status: 503 },
  );
}

async function stopUnlessUsed(
  cluster: Cluster,
  { binaries }: Options,
  connection: ConnectionSettings,
): Promise<void> {
  if (await hasOtherClients(connection)) return;
  await runPgCtl(binaries, ['stop', '--wait', '--mode=fast', `--pgdata=${cluster.data}`]);
}

async function hasOtherClients(connection: ConnectionSettings): Promise<boolean> {
  const client = new Client({ ...connection, ssl: false });
  await client.connect();
  try {
    const { rows } = await client.query<{ used: boolean }>(
      `SELECT count(*) > 0 AS used FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()`,
    );
    return rows[0]?.used ?? false;
  } finally {
    await client.end();
  }
}

/** Without pipes: the postmaster would inherit them and keep them open. */
async function runPgCtl(binaries: string, args: string[]): Promise<void> {
  const child = spawn(path.join(binaries, 'bin', 'pg_ctl'), args, { stdio: 'ignore', windowsHide: true });
  await once(child, 'exit');
}

/** Line 4 of `postmaster.pid`. */
function runningPort({ data }: Cluster): number | undefined {
  try {
    const port = Number(readFileSync(path.join(data, 'postmaster.pid'), 'utf8').split(/\r?\n/)[3]);
    return Number.isSafeInteger(port) ? port : undefined;
  } catch {
    return undefined;
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('A TCP server without a port');
  return address.port;
}

function settings(cluster: Cluster, port: number): ConnectionSettings {
  return { host: '127.0.0.1', port, user: SUPERUSER, password: readPassword(cluster), database: DATABASE };
}
