import { lstatSync, mkdirSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

import { clusterAt } from '../db/embedded/cluster.ts';
import { errorCode } from '../db/embedded/error-code.ts';
import { isSupervised } from '../db/embedded/lease.ts';
import { isAlive } from '../db/embedded/signal.ts';

/** Longer than it takes to get from a new folder to a PostgreSQL that is supervised. */
const SWEEP_AGE_MS = 60_000;
const ROOM_PREFIX = 'issuer-';
/** Another version's archive may be in use by turns; an old one is made again in two seconds. */
const ARCHIVE_AGE_MS = 7 * 86_400_000;
const ARCHIVE_PREFIX = 'template-';

/**
 * The folder for everything that test issuers write: one for each user of the machine, closed to all others, because
 * databases with private keys lie in it and anybody may write beside it.
 */
export function openWorkshop(): string {
  const folder = path.join(realpathSync(os.tmpdir()), `guichet-testing-${process.getuid?.() ?? 'windows'}`);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
  const found = lstatSync(folder);
  const isOurs =
    process.getuid === undefined || (found.uid === process.getuid() && (found.mode & 0o077) === 0);
  if (!found.isDirectory() || !isOurs)
    throw new Error(`${folder} belongs to somebody else: remove it, or set TMPDIR to a folder of your own`);
  return folder;
}

/** Names a folder after the process that uses it; `mkdtemp` adds what tells it from others. */
export function roomPrefix(workshop: string): string {
  return path.join(workshop, `${ROOM_PREFIX}${process.pid}-`);
}

export function archivePath(workshop: string, fingerprint: string): string {
  return path.join(workshop, `${ARCHIVE_PREFIX}${fingerprint}.tar`);
}

/** What versions left that nobody runs any more, and whoever was killed while making one. */
export function sweepArchives(workshop: string, now: Date): void {
  for (const name of readdirSync(workshop).filter((name) => name.startsWith(ARCHIVE_PREFIX))) {
    const file = path.join(workshop, name);
    const made = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
    if (made !== undefined && made < now.getTime() - ARCHIVE_AGE_MS) rmSync(file, { force: true });
  }
}

/** A process that was killed left its folder; its PostgreSQL has stopped by itself. */
export function sweep(workshop: string, now: Date): void {
  for (const name of readdirSync(workshop).filter((name) => name.startsWith(ROOM_PREFIX))) {
    const folder = path.join(workshop, name);
    const made = statSync(folder, { throwIfNoEntry: false })?.mtimeMs;
    const pid = Number.parseInt(name.slice(ROOM_PREFIX.length), 10);
    // The number alone proves nothing: containers may share the folder and not their processes.
    if (made === undefined || made > now.getTime() - SWEEP_AGE_MS || isAlive(pid)) continue;
    if (!isSupervised(clusterAt(path.join(folder, 'postgres'))))
      rmSync(folder, { recursive: true, force: true });
  }
}
