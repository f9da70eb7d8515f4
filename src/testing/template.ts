import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { systemClock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import { startEmbedded } from '../db/embedded.ts';
import { installedBinaries } from '../db/embedded/binaries.ts';
import { clusterAt } from '../db/embedded/cluster.ts';
import type { Logger } from '../log.ts';
import { archivePath, roomPrefix, sweepArchives } from './workshop.ts';

const run = promisify(execFile);

interface Context {
  readonly workshop: string;
  readonly log: Logger;
}

/**
 * Puts a migrated cluster that is not running into `dataDir`. Making one takes almost two seconds, so it is made once for each
 * set of migrations and each PostgreSQL, and kept as one archive: what cleans temporary folders then takes all of it or
 * nothing. Processes that make it at the same time write a file each, and the last rename stays.
 */
export async function unpackTemplate(context: Context, dataDir: string): Promise<void> {
  const archive = archivePath(context.workshop, await fingerprint());
  if (existsSync(archive) && (await unpack(archive, dataDir))) return;
  await make(context, archive);
  if (!(await unpack(archive, dataDir))) throw new Error(`${archive} cannot be unpacked`);
}

/** Comes last in an archive: tar is content with one that ends between two files. */
const LAST_FILE = 'complete';

/** False when the archive is damaged or has gone. */
async function unpack(archive: string, dataDir: string): Promise<boolean> {
  try {
    // As root, tar gives the files back to the uid that PostgreSQL runs as.
    await run('tar', ['-xpf', archive, '-C', dataDir]);
    if (existsSync(path.join(dataDir, LAST_FILE))) return true;
  } catch {
    // Made again, whatever it was.
  }
  await rm(path.join(dataDir, 'postgres'), { recursive: true, force: true });
  return false;
}

async function make({ workshop, log }: Context, archive: string): Promise<void> {
  // Whoever finds the archive can do without them.
  const { openDatabase } = await import('../db/database.ts');
  const { migrate } = await import('../db/migrate.ts');
  const dataDir = await mkdtemp(roomPrefix(workshop));
  try {
    const embedded = await startEmbedded({ dataDir, log, durable: false });
    const db = openDatabase({ connection: embedded.connection });
    try {
      await migrate(db);
      await shrink(db);
    } finally {
      await db.close();
    }
    await embedded.stop();
    // Notes of this one cluster: where its socket was, what it said.
    const { socketFile, log: said } = clusterAt(path.join(dataDir, 'postgres'));
    for (const file of [socketFile, said]) await rm(file, { force: true });
    const unfinished = `${archive}.${process.pid}-${randomBytes(4).toString('hex')}`;
    await writeFile(path.join(dataDir, LAST_FILE), '');
    await run('tar', ['-cf', unfinished, '-C', dataDir, 'postgres', LAST_FILE]);
    await flush(unfinished);
    await rename(unfinished, archive);
    sweepArchives(workshop, systemClock.now());
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Two thirds of a cluster are the databases that new ones are copied from, and here nobody makes one. */
async function shrink({ knex }: Database): Promise<void> {
  await knex.raw('UPDATE pg_database SET datistemplate = false WHERE datistemplate');
  for (const name of ['template0', 'template1']) await knex.raw(`DROP DATABASE ${name}`);
}

/** So that the name never stands for half a file after the machine lost its power. */
async function flush(file: string): Promise<void> {
  const handle = await open(file, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** What the cluster was made from. Raise the number when `createCluster` or the archive changes. */
const FORM = 2;
const MIGRATIONS = path.join(import.meta.dirname, '../../migrations');

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256').update(`${FORM} ${installedBinaries().version}`);
  for (const name of (await readdir(MIGRATIONS)).sort()) {
    hash.update(`\0${name}\0`).update(await readFile(path.join(MIGRATIONS, name)));
  }
  return hash.digest('hex').slice(0, 32);
}
