import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { randomToken } from '../crypto/ids.ts';
import { encryptionKeys, signingSecrets } from './values.ts';

const stored = z.object({ secret: signingSecrets(), encryptionKey: encryptionKeys() });

export type DevelopmentSecrets = z.infer<typeof stored>;

/**
 * Secrets of a development server: made once, kept in `secrets.json` of the data directory, so that sessions and sealed
 * keys outlive a restart. Two processes starting at once agree: each writes a whole file of its own and links it to the
 * final name, which only the first can; both then read what is there. Throws what the file system or a damaged file say.
 */
export function developmentSecrets(dataDir: string): DevelopmentSecrets & { path: string; created: boolean } {
  const path = join(dataDir, 'secrets.json');
  const found = readStored(path);
  if (found !== undefined) return { ...found, path, created: false };
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const created = writeOnce(path, `${JSON.stringify(newSecrets(), null, 2)}\n`);
  const agreed = readStored(path);
  if (agreed === undefined) throw new Error(`${path} vanished while it was being made`);
  return { ...agreed, path, created };
}

function newSecrets(): z.input<typeof stored> {
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
  const { data, error } = stored.safeParse(parseJson(text));
  if (data === undefined) throw new Error(`${path} is damaged; restore or delete it`, { cause: error });
  return data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
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
