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
import { errorCode } from './error-code.ts';
import type { Owner } from './owner.ts';

/** Everything that belongs to one cluster, in one folder, so that renaming it is what creates the cluster. */
export interface ClusterFolder {
  readonly folder: string;
  /** PGDATA. */
  readonly data: string;
  readonly passwordFile: string;
  readonly lease: string;
  readonly log: string;
}

export const SUPERUSER = 'guichet';

export function clusterFolder(folder: string): ClusterFolder {
  return {
    folder,
    data: path.join(folder, 'data'),
    passwordFile: path.join(folder, 'password'),
    lease: path.join(folder, 'lease'),
    log: path.join(folder, 'log'),
  };
}

/**
 * How a child process names the folder it was started in. Its uid may be unable to walk down to it by the real path (a data
 * directory below /root, say), while the working directory that root gave it needs no walking. PostgreSQL never leaves its
 * data directory, so the name stays true in all of its processes.
 */
export function ownFolder(owner: Owner | undefined, folder: string): string {
  return owner !== undefined && process.platform === 'linux' ? '/proc/self/cwd' : folder;
}

/**
 * initdb into a folder of its own, then one rename: a crash in the middle leaves no half cluster, and of two processes that
 * start at the same moment one wins and the other uses the winner's.
 */
export async function createCluster(
  target: ClusterFolder,
  { binaries, owner, durable }: { binaries: string; owner: Owner | undefined; durable: boolean },
): Promise<void> {
  removeUnfinished(target);
  const unfinished = clusterFolder(`${target.folder}.new-${process.pid}-${randomBytes(4).toString('hex')}`);
  try {
    layOut(unfinished, owner);
    await initdb(unfinished, { binaries, owner, durable });
    renameSync(unfinished.folder, target.folder);
  } catch (error) {
    rmSync(unfinished.folder, { recursive: true, force: true });
    if (!existsSync(target.data)) throw error;
  }
}

function layOut({ folder, data, passwordFile, lease }: ClusterFolder, owner: Owner | undefined): void {
  mkdirSync(folder, { mode: 0o700 });
  mkdirSync(data, { mode: 0o700 });
  writeFileSync(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
  if (process.platform !== 'win32') {
    const { status, stderr } = spawnSync('mkfifo', ['-m', '600', lease], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`mkfifo failed: ${stderr ?? 'not found'}`);
  }
  if (owner === undefined) return;
  for (const file of [folder, data, passwordFile, lease]) chownSync(file, owner.uid, owner.gid);
}

async function initdb(
  { data, passwordFile }: ClusterFolder,
  { binaries, owner, durable }: { binaries: string; owner: Owner | undefined; durable: boolean },
): Promise<void> {
  const password = openSync(passwordFile, 'r');
  const child = spawn(
    path.join(binaries, 'bin', 'initdb'),
    [
      `--pgdata=${ownFolder(owner, data)}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${owner !== undefined && process.platform === 'linux' ? '/proc/self/fd/3' : passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--no-instructions',
      ...(durable ? [] : ['--no-sync']),
    ],
    { cwd: data, stdio: ['ignore', 'pipe', 'pipe', password], ...owner },
  );
  closeSync(password);
  const output: string[] = [];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => output.push(text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => output.push(text));
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (exitCode === 0) return;
  throw new AppError('embedded_database_failed', 'The embedded PostgreSQL could not be set up.', {
    status: 503,
    detail: output.join('').slice(-2000),
  });
}

/** What a process left behind that was killed during initdb. */
function removeUnfinished({ folder }: ClusterFolder): void {
  const prefix = `${path.basename(folder)}.new-`;
  for (const name of readdirSync(path.dirname(folder))) {
    if (!name.startsWith(prefix)) continue;
    const pid = Number.parseInt(name.slice(prefix.length), 10);
    if (!isAlive(pid)) rmSync(path.join(path.dirname(folder), name), { recursive: true, force: true });
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) === 'EPERM';
  }
}

export function readPassword({ passwordFile }: ClusterFolder): string {
  return readFileSync(passwordFile, 'utf8').trim();
}
