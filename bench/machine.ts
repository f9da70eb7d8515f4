import { execFileSync } from 'node:child_process';
import { closeSync, fdatasyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import type { Database } from '../src/db/database.ts';
import { median } from './load.ts';

/** What a figure depends on besides the code. */
export async function machineFacts(db: Database, dataDir: string, cores: string) {
  const { rows } = await db.pool.query<{ version: string; durable: string }>(
    `SELECT current_setting('server_version') AS version,
       format('fsync %s, synchronous_commit %s', current_setting('fsync'), current_setting('synchronous_commit')) AS durable`,
  );
  const processors = os.cpus();
  return {
    processor: `${processors.length} × ${processors[0]?.model ?? 'unknown'}`,
    memoryGigabytes: round(os.totalmem() / 2 ** 30),
    kernel: `${os.type()} ${os.release()}`,
    node: process.version,
    postgres: `${rows[0]?.version} (${rows[0]?.durable})`,
    disk: `${fileSystem(dataDir)}, fdatasync ${round(fdatasyncMs(dataDir))} ms`,
    cores,
    loadAverage: round(os.loadavg()[0] ?? 0),
    commit: git('rev-parse', '--short', 'HEAD'),
  };
}

export type MachineFacts = Awaited<ReturnType<typeof machineFacts>>;

const SYNCS = 50;

/** What a durable commit costs at least: on a disk that lies about it, every figure with a database flatters. */
function fdatasyncMs(folder: string): number {
  const file = path.join(folder, 'fdatasync');
  const descriptor = openSync(file, 'w');
  const page = Buffer.alloc(8192, 1);
  const times = Array.from({ length: SYNCS }, () => {
    writeSync(descriptor, page);
    const startedAt = performance.now();
    fdatasyncSync(descriptor);
    return performance.now() - startedAt;
  });
  closeSync(descriptor);
  rmSync(file);
  return median(times);
}

const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x01021994: 'tmpfs',
  0x794c7630: 'overlayfs',
  0x2fc12fc1: 'zfs',
};

function fileSystem(folder: string): string {
  const { type } = statfsSync(folder);
  return FILE_SYSTEMS[type] ?? `file system 0x${type.toString(16)}`;
}

function git(...args: string[]): string {
  try {
    return execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8', stdio: 'pipe' }).trim();
  } catch {
    return 'unknown';
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
