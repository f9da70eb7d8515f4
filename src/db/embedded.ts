/**
 * A real PostgreSQL below the data directory, for whoever does not bring their own. Layout of `<dataDir>/postgres`: `data`
 * (PGDATA, and the unix socket), `password`, `log`, and `lease`, a FIFO that says who uses the postmaster.
 *
 * Every process that uses it (servers, the CLI) holds the FIFO's writing end; the reading end belongs to a supervisor, a small
 * shell that is the postmaster's parent. Whoever finds a reader joins; whoever finds none starts one, and PostgreSQL's own
 * `postmaster.pid` decides between two that do so at once. When the last writer is gone the supervisor stops the postmaster.
 * As the kernel closes the descriptors of a process that was killed, nothing is left behind by `kill -9`, and a process that
 * stops never pulls the database away from another one.
 */
import { type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { AppError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { ConnectionSettings } from './database.ts';
import { findBinaries } from './embedded/binaries.ts';
import {
  type ClusterFolder,
  clusterFolder,
  createCluster,
  isAlive,
  readPassword,
  SUPERUSER,
} from './embedded/cluster.ts';
import { createLease, endLease, isSupervised, joinLease, type Lease } from './embedded/lease.ts';
import { chooseOwner } from './embedded/owner.ts';
import { PORT, spawnSupervisor } from './embedded/postmaster.ts';
import { isUnavailable } from './unavailable.ts';

export interface EmbeddedOptions {
  readonly dataDir: string;
  readonly log: Logger;
  /** False gives up `fsync`, for tests that lose nothing with their database. */
  readonly durable?: boolean;
}

export interface Embedded {
  readonly connection: ConnectionSettings;
  /** Fast shutdown, unless others still use it. Close all connections first. */
  stop(): Promise<void>;
}

/** Crash recovery of a small cluster takes a second or two; a slow disk may need a multiple of that. */
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;
/** The supervisor sees the end of the lease within a millisecond; when it reads on, somebody else holds it. */
const LAST_ONE_MS = 100;
const POLL_MS = 10;

export async function startEmbedded({ dataDir, log, durable = true }: EmbeddedOptions): Promise<Embedded> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const cluster = clusterFolder(path.join(realpathSync(dataDir), 'postgres'));
  const owner = chooseOwner(cluster.data);
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const joined = existsSync(cluster.data) ? await joinLease(cluster) : undefined;
    if (joined) {
      const connection = await connected(cluster, deadline);
      if (connection) return handle(cluster, connection, joined);
      endLease(joined);
      continue;
    }
    const binaries = findBinaries(owner, realpathSync(dataDir));
    if (!existsSync(cluster.data)) {
      log.info({ dataDir }, 'Setting up the embedded PostgreSQL');
      await createCluster(cluster, { binaries, owner, durable });
    }
    const { reader, lease } = createLease(cluster);
    const supervisor = spawnSupervisor(cluster, reader, {
      binaries,
      owner,
      socketFolder: undefined,
      durable,
    });
    const connection = await connected(cluster, deadline, supervisor);
    if (connection) return handle(cluster, connection, lease, supervisor);
    endLease(lease);
    if (Date.now() > deadline || !/postmaster\.pid/.test(readFileSync(cluster.log, 'utf8')))
      throw failed(cluster);
    await sleep(POLL_MS);
  }
}

function handle(
  cluster: ClusterFolder,
  connection: ConnectionSettings,
  lease: Lease,
  supervisor?: ChildProcess,
): Embedded {
  let stopping: Promise<void> | undefined;
  return {
    connection,
    stop() {
      stopping ??= stop(cluster, lease, supervisor);
      return stopping;
    },
  };
}

async function stop(cluster: ClusterFolder, lease: Lease, supervisor?: ChildProcess): Promise<void> {
  const pid = postmasterPid(cluster);
  endLease(lease);
  for (let waitedMs = 0; isSupervised(cluster); waitedMs += POLL_MS) {
    if (waitedMs >= LAST_ONE_MS) return;
    await sleep(POLL_MS);
  }
  for (let waitedMs = 0; waitedMs < STOP_TIMEOUT_MS; waitedMs += POLL_MS) {
    if (
      supervisor
        ? supervisor.exitCode !== null || supervisor.signalCode !== null
        : pid === undefined || !isAlive(pid)
    )
      return;
    await sleep(POLL_MS);
  }
}

function postmasterPid({ data }: ClusterFolder): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(path.join(data, 'postmaster.pid'), 'utf8'), 10);
    return Number.isSafeInteger(pid) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Settings that are known to work; undefined when the postmaster went away before it answered. */
async function connected(
  cluster: ClusterFolder,
  deadline: number,
  supervisor?: ChildProcess,
): Promise<ConnectionSettings | undefined> {
  const connection = {
    host: cluster.data,
    port: PORT,
    user: SUPERUSER,
    password: readPassword(cluster),
    database: 'postgres',
  };
  while (Date.now() < deadline) {
    if (await answers(connection)) return connection;
    if (supervisor && (supervisor.exitCode !== null || supervisor.signalCode !== null)) return undefined;
    if (!supervisor && !isSupervised(cluster)) return undefined;
    await sleep(POLL_MS);
  }
  return undefined;
}

async function answers(connection: ConnectionSettings): Promise<boolean> {
  const client = new Client({ ...connection, ssl: false, connectionTimeoutMillis: 2_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } catch (error) {
    if (isUnavailable(error)) return false;
    throw error;
  } finally {
    await client.end();
  }
}

function failed({ log }: ClusterFolder): AppError {
  return new AppError('embedded_database_failed', `The embedded PostgreSQL did not start; see ${log}`, {
    status: 503,
    detail: readFileSync(log, 'utf8').slice(-2000),
  });
}
