import { chownSync, lstatSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import os from 'node:os';
import path from 'node:path';
import { AppError } from '../../errors.ts';
import type { Cluster } from './cluster.ts';
import { errorCode } from './error-code.ts';
import { canReach, type Owner } from './owner.ts';

/** Names the socket file; nothing listens on a TCP port. */
export const PORT = 5432;
/** `sun_path` less its final NUL: 108 bytes on Linux, 104 on BSD and macOS. */
const PATH_BYTES_MAX = process.platform === 'linux' ? 107 : 103;

/**
 * The folder of the unix socket: PGDATA, to which nobody else has access. Where that path is too long for a socket address, a
 * private folder with a short and unguessable name, chosen once and noted beside the cluster.
 */
export function socketFolder(cluster: Cluster, owner: Owner | undefined): string {
  if (fits(cluster.data)) return cluster.data;
  const folder = notedFolder(cluster) ?? noteFolder(cluster, owner);
  ensurePrivate(folder, owner);
  return folder;
}

function fits(folder: string): boolean {
  return Buffer.byteLength(path.join(folder, `.s.PGSQL.${PORT}.lock`)) <= PATH_BYTES_MAX;
}

function notedFolder({ socketFile }: Cluster): string | undefined {
  try {
    return readFileSync(socketFile, 'utf8').trim();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function noteFolder(cluster: Cluster, owner: Owner | undefined): string {
  const place = [os.tmpdir(), '/tmp', '/var/tmp'].find((place) => isSuitable(place, owner));
  if (place === undefined) {
    throw new AppError(
      'embedded_database_unreachable',
      `The path ${cluster.data} is too long for a unix socket, and no temporary folder will do instead. ` +
        'Choose a shorter GUICHET_DATA_DIR or set GUICHET_DATABASE_URL.',
      { status: 503 },
    );
  }
  try {
    writeFileSync(cluster.socketFile, path.join(place, `guichet-${randomBytes(8).toString('hex')}`), {
      mode: 0o600,
      flag: 'wx',
    });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
  return readFileSync(cluster.socketFile, 'utf8').trim();
}

function isSuitable(place: string, owner: Owner | undefined): boolean {
  try {
    return (
      fits(path.join(place, 'guichet-0123456789abcdef')) && (!owner || canReach(owner, realpathSync(place)))
    );
  } catch {
    return false;
  }
}

/** Temporary folders are emptied at times, and anybody may write to them. */
function ensurePrivate(folder: string, owner: Owner | undefined): void {
  try {
    mkdirSync(folder, { mode: 0o700 });
    if (owner) chownSync(folder, owner.uid, owner.gid);
  } catch (error) {
    if (errorCode(error) !== 'EEXIST') throw error;
  }
  const found = lstatSync(folder);
  const uid = owner?.uid ?? process.getuid?.();
  // A second process may look before the first one has given the folder away.
  const isOurs = found.uid === uid || found.uid === process.getuid?.();
  if (found.isDirectory() && isOurs && (found.mode & 0o077) === 0) return;
  throw new AppError('embedded_database_unreachable', `${folder} was replaced by somebody else; remove it.`, {
    status: 503,
  });
}
