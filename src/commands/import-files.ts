import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

import { AppError } from '../errors.ts';
import { UsageError } from './usage-error.ts';

/** 100 000 people of a realm have about 150 MB, and half a gigabyte is the longest text there is. */
const FILE_BYTES_MAX = 400 * 1024 * 1024;

/** Paths of the files of a folder, sorted; of a file, itself. */
export async function exportedFiles(given: string): Promise<{ files: string[]; isFolder: boolean }> {
  try {
    if (!(await stat(given)).isDirectory()) return { files: [given], isFolder: false };
    const names = (await readdir(given)).sort();
    return { files: names.map((name) => path.join(given, name)), isFolder: true };
  } catch (error) {
    throw unreadable(given, error);
  }
}

/** Throws `invalid_export` (400) for what is not JSON in UTF-8, and for what is too large. */
export async function readJsonFile(file: string): Promise<unknown> {
  const bytes = await readBounded(file);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // What the parser says quotes the text, which may hold a secret.
    throw new AppError('invalid_export', `${path.basename(file)} is not JSON in UTF-8.`, { status: 400 });
  }
}

async function readBounded(file: string): Promise<Buffer> {
  try {
    const { size } = await stat(file);
    if (size <= FILE_BYTES_MAX) return await readFile(file);
  } catch (error) {
    throw unreadable(file, error);
  }
  throw new AppError('invalid_export', `${path.basename(file)} has more than ${FILE_BYTES_MAX} bytes.`, {
    status: 400,
  });
}

function unreadable(file: string, error: unknown): UsageError {
  return new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
}
