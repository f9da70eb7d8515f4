import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, hasProc, signature } from './cluster.ts';
import { errorCode } from './error-code.ts';
import { isSupervised } from './lease.ts';
import { isAlive, sendSignal } from './signal.ts';

const POLL_MS = 10;
/** A fast shutdown rolls back and writes a checkpoint: under a second, more on a slow disk. */
const STOP_TIMEOUT_MS = 20_000;

/**
 * Makes way for a start: `postmaster.pid` may name a postmaster whose supervisor was killed, which is stopped, or (after a crash
 * of the whole machine or container) a stranger who has its number now, whom PostgreSQL would take for a postmaster.
 */
export async function clearOrphan(cluster: Cluster): Promise<void> {
  const pid = postmasterPid(cluster);
  // In this order: a postmaster that was supervised from its birth has a reader by now.
  if (pid === undefined || isSupervised(cluster) || !isAlive(pid)) return;
  if (!isPostmasterOf(cluster, pid)) return rmSync(pidFile(cluster), { force: true });
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    sendSignal(pid, signal);
    if (await hasStopped(cluster, pid)) return;
  }
}

/** Waits for the end of a postmaster that was asked to stop. */
export async function hasStopped(cluster: Cluster, pid: number): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < STOP_TIMEOUT_MS; waitedMs += POLL_MS) {
    // Its last act is to remove the file; the number alone may belong to another namespace, or to somebody else by now.
    if (postmasterPid(cluster) !== pid || !isAlive(pid)) return true;
    await sleep(POLL_MS);
  }
  return false;
}

export function postmasterPid(cluster: Cluster): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidFile(cluster), 'utf8'), 10);
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function isPostmasterOf(cluster: Cluster, pid: number): boolean {
  try {
    // Everybody may read a command line; its working directory takes a right that root lacks in many containers.
    const commandLine = hasProc()
      ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      : execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return commandLine.includes(`${signature(cluster)} `);
  } catch {
    // Gone meanwhile, or of a user whose processes we may not see: not ours in either case.
    return false;
  }
}

function pidFile({ data }: Cluster): string {
  return path.join(data, 'postmaster.pid');
}
