import { statSync } from 'node:fs';
import path from 'node:path';

/**
 * Who runs PostgreSQL, which refuses root. As root its processes get an unprivileged uid; no account is made for it, as the
 * kernel asks for none. Anybody else runs it as themselves.
 */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** "nobody" on most systems; a cluster that exists keeps the owner it has. */
const UNPRIVILEGED: Owner = { uid: 65534, gid: 65534 };

/** Undefined: run as ourselves. */
export function chooseOwner(clusterDir: string): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const existing = statSync(clusterDir, { throwIfNoEntry: false });
  if (existing === undefined || existing.uid === 0) return UNPRIVILEGED;
  return { uid: existing.uid, gid: existing.gid };
}

/** Whether the owner can walk down to `target`: every folder on the way must let it pass. */
export function canReach(owner: Owner, target: string): boolean {
  for (let folder = target; ; folder = path.dirname(folder)) {
    const { mode, uid, gid } = statSync(folder);
    const bit = uid === owner.uid ? 0o100 : gid === owner.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return false;
    if (folder === path.dirname(folder)) return true;
  }
}
