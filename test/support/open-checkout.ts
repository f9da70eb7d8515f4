import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const ROOT = path.join(import.meta.dirname, '../..');

export interface Checkout {
  readonly root: string;
  /** The Node that runs it. */
  readonly node: string;
  readonly remove: () => void;
}

/**
 * The project where any user can run it: in place, or, if it lies in a folder that only its owner may enter (as clones below
 * `mktemp -d` do), as a copy of links in the temporary folder.
 */
export function openCheckout(): Checkout {
  if (mayBeEntered(ROOT)) return { root: ROOT, node: process.execPath, remove: () => undefined };
  const root = mkdtempSync(path.join(os.tmpdir(), 'guichet-open-'));
  chmodSync(root, 0o755);
  for (const name of ['src', 'migrations', 'views', 'node_modules', 'package.json']) {
    const [from, to] = [path.join(ROOT, name), path.join(root, name)];
    if (spawnSync('cp', ['-al', from, to]).status === 0) continue;
    rmSync(to, { recursive: true, force: true });
    if (spawnSync('cp', ['-a', from, to]).status !== 0) throw new Error(`${name} could not be copied`);
  }
  const node = path.relative(ROOT, process.execPath);
  return {
    root,
    node: node.startsWith('..') ? process.execPath : path.join(root, node),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** By somebody who is neither the owner nor of the group. */
function mayBeEntered(folder: string): boolean {
  const parent = path.dirname(folder);
  return (statSync(folder).mode & 0o001) !== 0 && (parent === folder || mayBeEntered(parent));
}
