import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { randomToken } from '../crypto/ids.ts';

const stored = z.object({ secret: z.string().min(32), encryptionKey: z.string().min(43) });

export type DevelopmentSecrets = z.infer<typeof stored>;

/**
 * Secrets of a development server: made once, kept in `secrets.json` of the data directory, so that sessions and sealed
 * keys outlive a restart. Two processes starting at once agree: each writes a whole file of its own and links it to the
 * final name, which only the first can; both then read what is there.
 */
export function developmentSecrets(dataDir: string): DevelopmentSecrets & { path: string; created: boolean } {
  const path = join(dataDir, 'secrets.json');
  const found = readStored(path);
  if (found !== undefined) return { ...found, path, created: false };
  // 0711: the embedded database runs as another user when we are root, and must pass through to its own directory.
  mkdirSync(dataDir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 });
  const created = writeOnce(path, `${JSON.stringify(newSecrets(), null, 2)}\n`);
  const agreed = readStored(path);
  if (agreed === undefined) throw new Error(`${path} vanished while it was being made`);
  return { ...agreed, path, created };
}

function newSecrets(): DevelopmentSecrets {
  return { secret: randomToken(48), encryptionKey: randomBytes(32).toString('base64') };
}

function readStored(path: string): DevelopmentSecrets | undefined {
  let text;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  return stored.parse(JSON.parse(text));
}

function writeOnce(path: string, text: string): boolean {
  const own = `${path}.${randomToken(9)}`;
  writeFileSync(own, text, { mode: 0o600, flag: 'wx', flush: true });
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    rmSync(own);
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
