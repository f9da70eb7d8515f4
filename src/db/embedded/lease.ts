import { randomBytes } from 'node:crypto';
import { closeSync, constants, existsSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import { errorCode } from './error-code.ts';

/** A process's hold on the postmaster; the kernel lets go of it when the process dies, however it dies. */
export interface Lease {
  /** A bare number: an object would close its descriptor when it is collected as garbage. */
  readonly fd: number;
}

const { O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;
const POLL_MS = 5;
/** The supervisor answers within a millisecond once it reads; it may still be starting, on a busy machine. */
const ANSWER_TIMEOUT_MS = 5_000;

/** Whether a supervisor holds the other end. */
export function isSupervised({ lease }: Cluster): boolean {
  const fd = openForWriting(lease);
  if (fd === undefined) return false;
  closeSync(fd);
  return true;
}

/**
 * Joins a running supervisor; undefined when there is none. Its answer proves that it had not yet decided to stop, and as long
 * as this end is open it cannot decide so.
 */
export async function joinLease(cluster: Cluster): Promise<Lease | undefined> {
  const fd = openForWriting(cluster.lease);
  if (fd === undefined) return undefined;
  const name = `answer.${process.pid}-${randomBytes(4).toString('hex')}`;
  if (await isAnswered(cluster, fd, name)) return { fd };
  closeSync(fd);
  return undefined;
}

/** Both ends, for the process that starts the supervisor: it hands over `reader` and keeps the lease. */
export function createLease({ lease }: Cluster): { reader: number; lease: Lease } {
  // Opening one end of a FIFO waits for the other: this one is both, for a moment.
  const both = openSync(lease, O_RDWR | O_NONBLOCK);
  const reader = openSync(lease, O_RDONLY);
  const fd = openSync(lease, O_WRONLY | O_NONBLOCK);
  closeSync(both);
  return { reader, lease: { fd } };
}

export function endLease({ fd }: Lease): void {
  closeSync(fd);
}

async function isAnswered(cluster: Cluster, fd: number, name: string): Promise<boolean> {
  const answer = path.join(cluster.folder, name);
  try {
    writeSync(fd, `${name}\n`);
    for (let waitedMs = 0; waitedMs < ANSWER_TIMEOUT_MS; waitedMs += POLL_MS) {
      if (existsSync(answer)) return true;
      if (!isSupervised(cluster)) return false;
      await sleep(POLL_MS);
    }
    return false;
  } catch (error) {
    if (errorCode(error) === 'EPIPE') return false;
    throw error;
  } finally {
    rmSync(answer, { force: true });
  }
}

function openForWriting(lease: string): number | undefined {
  try {
    return openSync(lease, O_WRONLY | O_NONBLOCK);
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENXIO' || code === 'ENOENT') return undefined;
    throw error;
  }
}
