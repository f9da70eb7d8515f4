import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { AppError } from '../../errors.ts';
import type { Owner } from './owner.ts';
import { isAlive } from './signal.ts';

/** Everything that belongs to one cluster is in one folder, so that renaming it is what creates the cluster. */
export interface Cluster {
  readonly folder: string;
  /** PGDATA. */
  readonly data: string;
  readonly passwordFile: string;
  /** The FIFO that counts who uses the postmaster. */
  readonly lease: string;
  readonly log: string;
  /** Names the folder of the unix socket where it is not PGDATA. */
  readonly socketFile: string;
}

export interface ClusterOptions {
  readonly binaries: string;
  readonly owner: Owner | undefined;
  readonly durable: boolean;
}

export const SUPERUSER = 'guichet';
export const DATABASE = 'postgres';

/** PG* variables and locales of whoever started us must not reach the database. */
export const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C' };

export function clusterAt(folder: string): Cluster {
  return {
    folder,
    data: path.join(folder, 'data'),
    passwordFile: path.join(folder, 'password'),
    lease: path.join(folder, 'lease'),
    log: path.join(folder, 'log'),
    socketFile: path.join(folder, 'socket'),
  };
}

/**
 * How PostgreSQL names its data directory, in which it is started. Its uid may be unable to walk down the real path (a project
 * below /root, say), while a working directory that root chose for it needs no walking; and PostgreSQL never leaves its data
 * directory, so the name stays true in all of its processes.
 */
export function dataFolderName({ data }: Cluster, owner: Owner | undefined): string {
  return owner !== undefined && hasProc() ? '/proc/self/cwd' : data;
}

export function hasProc(): boolean {
  return existsSync('/proc/self/cwd');
}

/** A setting without effect that tells this cluster's postmaster from others in a list of processes. */
export function signature({ data }: Cluster): string {
  return `guichet.data=${data}`;
}

export function readPassword({ passwordFile }: Cluster): string {
  return readFileSync(passwordFile, 'utf8').trim();
}

/**
 * initdb in a folder of its own, then one rename: a crash in the middle leaves no half cluster, and of two processes that start
 * at the same moment one wins and the other uses the winner's.
 */
export async function createCluster(target: Cluster, options: ClusterOptions): Promise<void> {
  removeUnfinished(target);
  const unfinished = clusterAt(`${target.folder}.new-${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    layOut(unfinished, options.owner);
    await initdb(unfinished, options);
    renameSync(unfinished.folder, target.folder);
  } catch (error) {
    rmSync(unfinished.folder, { recursive: true, force: true });
    if (!existsSync(target.data)) throw error;
  }
}

function layOut({ folder, data, passwordFile, lease }: Cluster, owner: Owner | undefined): void {
  mkdirSync(folder, { mode: 0o700 });
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
  if (process.platform !== 'win32') makeFifo(lease);
  if (owner === undefined) return;
  for (const file of [folder, data, passwordFile, lease]) chownSync(file, owner.uid, owner.gid);
}

function makeFifo(lease: string): void {
  const { error, status, stderr } = spawnSync('mkfifo', ['-m', '600', lease], { encoding: 'utf8' });
  if (error) throw error;
  if (status !== 0) throw new Error(stderr.trim());
}

async function initdb(cluster: Cluster, { binaries, owner, durable }: ClusterOptions): Promise<void> {
  // Handed over open, for the same reason as the working directory.
  const password = openSync(cluster.passwordFile, 'r');
  const child = spawn(
    path.join(binaries, 'bin', 'initdb'),
    [
      `--pgdata=${dataFolderName(cluster, owner)}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${owner !== undefined && hasProc() ? '/proc/self/fd/3' : cluster.passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      // Built in: the same order and the same lower() on every machine, whatever its C library knows of languages.
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
      // Tests make, copy and delete clusters all the time: a segment of the log is 16 MB otherwise.
      ...(durable ? [] : ['--no-sync', '--wal-segsize=1']),
    ],
    {
      cwd: cluster.data,
      stdio: ['ignore', 'pipe', 'pipe', password],
      env: ENVIRONMENT,
      windowsHide: true,
      ...owner,
    },
  );
  closeSync(password);
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => output.push(text));
  }
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (exitCode === 0) return;
  const said = output.join('').trim();
  throw new AppError(
    'embedded_database_failed',
    `The embedded PostgreSQL could not be set up: ${lastLine(said)}`,
    {
      status: 503,
      detail: said.slice(-OUTPUT_CHARACTERS_MAX),
    },
  );
}

const OUTPUT_CHARACTERS_MAX = 2_000;

function lastLine(text: string): string {
  return text.slice(text.lastIndexOf('\n') + 1);
}

/** What processes left behind that were killed during initdb. */
function removeUnfinished({ folder }: Cluster): void {
  const prefix = `${path.basename(folder)}.new-`;
  for (const name of readdirSync(path.dirname(folder))) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    if (isAlive(pid)) continue;
    try {
      rmSync(path.join(path.dirname(folder), name), { recursive: true, force: true });
    } catch {
      // Its initdb may be about to notice that it is alone: next time, then.
    }
  }
}
