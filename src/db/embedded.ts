/**
 * A real PostgreSQL below the data directory, for whoever does not bring their own. `<dataDir>/postgres` holds `data` (PGDATA
 * and the unix socket), `password`, `log`, and `lease`, a FIFO that knows who uses the postmaster.
 *
 * Every process that uses it, server or CLI, holds the FIFO's writing end. The reading end belongs to a supervisor, a small
 * shell that is the postmaster's parent. Whoever finds a reader joins; whoever finds none starts a supervisor, and of two that do
 * so at once PostgreSQL's own `postmaster.pid` refuses one, which then joins. When the last writer is gone the supervisor stops
 * the postmaster. The kernel closes what a killed process held, so `kill -9` leaves nothing behind, and a process that stops
 * never pulls the database away from another one. A process that finds the reader gone while it needs the database starts it
 * again, at the same address.
 */
import { existsSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { ConnectionSettings } from './database.ts';
import { answers } from './embedded/answers.ts';
import { findBinaries } from './embedded/binaries.ts';
import {
  type Cluster,
  clusterAt,
  createCluster,
  DATABASE,
  hasProc,
  readPassword,
  SUPERUSER,
} from './embedded/cluster.ts';
import { createLease, endLease, isSupervised, joinLease, type Lease } from './embedded/lease.ts';
import { clearOrphan, hasStopped, postmasterPid } from './embedded/orphan.ts';
import { canReach, chooseOwner, type Owner } from './embedded/owner.ts';
import { spawnSupervisor, type Supervisor } from './embedded/postmaster.ts';
import { PORT, socketFolder } from './embedded/socket.ts';
import { startOnWindows } from './embedded/windows.ts';

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

interface Site {
  readonly dataDir: string;
  readonly cluster: Cluster;
  readonly owner: Owner | undefined;
  readonly durable: boolean;
  readonly log: Logger;
}

/** Crash recovery of a small cluster takes a second or two; a slow disk may need a multiple of that. */
const START_TIMEOUT_MS = 60_000;
/** The supervisor sees the end of the lease within a millisecond; when it reads on, somebody else has one. */
const LAST_ONE_MS = 100;
/** How soon a postmaster that was killed is started again; the look costs two system calls. */
const WATCH_MS = 1_000;
const POLL_MS = 10;

/** First start about a second and a half (initdb), later ones a tenth of a second. */
export async function startEmbedded({ dataDir, log, durable = true }: EmbeddedOptions): Promise<Embedded> {
  try {
    const site = openSite(dataDir, log, durable);
    if (process.platform === 'win32')
      return await startOnWindows(site.cluster, { binaries: await prepare(site), durable });
    const { connection, lease } = await obtain(site);
    return keep(site, connection, lease);
  } catch (error) {
    if (error instanceof AppError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError(
      'embedded_database_failed',
      `The embedded PostgreSQL cannot run in ${dataDir}: ${reason}. Choose another GUICHET_DATA_DIR or set GUICHET_DATABASE_URL.`,
      { status: 503, cause: error },
    );
  }
}

function openSite(dataDir: string, log: Logger, durable: boolean): Site {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const real = realpathSync(dataDir);
  const cluster = clusterAt(path.join(real, 'postgres'));
  const found = statSync(cluster.folder, { throwIfNoEntry: false });
  const ownUid = process.getuid?.() ?? 0;
  if (found && ownUid !== 0 && found.uid !== ownUid) {
    throw new Error(
      `${cluster.folder} belongs to the user with uid ${found.uid}, and this process runs as ${ownUid}`,
    );
  }
  const owner = chooseOwner(cluster.data);
  if (owner && !hasProc() && !canReach(owner, real)) {
    throw new Error(`PostgreSQL must not run as root, and uid ${owner.uid} cannot enter that folder`);
  }
  return { dataDir: real, cluster, owner, durable, log };
}

/** Joins the running postmaster or starts one. */
async function obtain(site: Site): Promise<{ connection: ConnectionSettings; lease: Lease }> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    const started = (await join(site, deadline)) ?? (await start(site, deadline));
    if (started) return started;
    if (performance.now() > deadline)
      throw failed(site, `no answer within ${START_TIMEOUT_MS / 1_000} seconds`);
    await sleep(POLL_MS);
  }
}

type Obtained = Awaited<ReturnType<typeof obtain>>;

async function join({ cluster, owner }: Site, deadline: number): Promise<Obtained | undefined> {
  const lease = await joinLease(cluster);
  if (!lease) return undefined;
  const connection = settings(cluster, owner);
  const isUp = await waitFor(connection, lease, () => !isSupervised(cluster) || performance.now() > deadline);
  return isUp ? { connection, lease } : undefined;
}

/** Undefined when another process was faster. */
async function start(site: Site, deadline: number): Promise<Obtained | undefined> {
  const { cluster, owner, durable } = site;
  const binaries = await prepare(site);
  await clearOrphan(cluster);
  const connection = settings(cluster, owner);
  const { reader, lease } = createLease(cluster);
  const supervisor = spawnSupervisor(cluster, reader, { binaries, owner, durable, sockets: connection.host });
  const isUp = await waitFor(connection, lease, () => hasFailed(supervisor) || performance.now() > deadline);
  if (isUp) return { connection, lease };
  const failure = supervisor.failure() ?? 'it does not answer';
  if (/postmaster\.pid/.test(failure)) return undefined;
  throw failed(site, failure);
}

function hasFailed(supervisor: Supervisor): boolean {
  return supervisor.failure() !== undefined;
}

/** The folder of PostgreSQL's programs, and a cluster for them to run on. */
async function prepare({ dataDir, cluster, owner, durable, log }: Site): Promise<string> {
  const binaries = findBinaries(owner, dataDir);
  if (!existsSync(cluster.data)) {
    log.info({ dataDir }, 'Setting up the embedded PostgreSQL');
    await createCluster(cluster, { binaries, owner, durable });
  }
  return binaries;
}

/** Gives the lease back unless the postmaster answers. */
async function waitFor(
  connection: ConnectionSettings,
  lease: Lease,
  isHopeless: () => boolean,
): Promise<boolean> {
  let isUp = false;
  try {
    do {
      isUp = await answers(connection);
      if (!isUp) await sleep(POLL_MS);
    } while (!isUp && !isHopeless());
    return isUp;
  } finally {
    if (!isUp) endLease(lease);
  }
}

function keep(site: Site, connection: ConnectionSettings, lease: Lease): Embedded {
  const { cluster, log } = site;
  let held = lease;
  let work: Promise<void> | undefined;
  let stopped: Promise<void> | undefined;

  const watch = setInterval(() => {
    if (work || isSupervised(cluster) || !existsSync(cluster.data)) return;
    log.error({ dataDir: site.dataDir }, 'The embedded PostgreSQL is gone, starting it again');
    work = startAgain();
  }, WATCH_MS);
  watch.unref();

  async function startAgain(): Promise<void> {
    try {
      const { lease: renewed } = await obtain(site);
      endLease(held);
      held = renewed;
    } catch (error) {
      log.error({ err: error }, 'The embedded PostgreSQL could not be started again');
    } finally {
      work = undefined;
    }
  }

  async function stop(): Promise<void> {
    clearInterval(watch);
    await work;
    await letGo(cluster, held);
  }

  return { connection, stop: () => (stopped ??= stop()) };
}

async function letGo(cluster: Cluster, lease: Lease): Promise<void> {
  const pid = postmasterPid(cluster);
  endLease(lease);
  for (let waitedMs = 0; isSupervised(cluster); waitedMs += POLL_MS) {
    if (waitedMs >= LAST_ONE_MS) return;
    await sleep(POLL_MS);
  }
  if (pid !== undefined) await hasStopped(cluster, pid);
}

function settings(cluster: Cluster, owner: Owner | undefined): ConnectionSettings {
  return {
    host: socketFolder(cluster, owner),
    port: PORT,
    user: SUPERUSER,
    password: readPassword(cluster),
    database: DATABASE,
  };
}

function failed({ cluster }: Site, reason: string): AppError {
  return new AppError(
    'embedded_database_failed',
    `The embedded PostgreSQL did not start: ${reason} (log: ${cluster.log})`,
    {
      status: 503,
    },
  );
}
