import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

import { UsageError } from './usage-error.ts';

/** A client's document with 20 large keys has about 40 kB. */
const INPUT_BYTES_MAX = 256 * 1024;

/** Everything on standard input. */
export async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > INPUT_BYTES_MAX)
      throw new UsageError(`Standard input has more than ${INPUT_BYTES_MAX} bytes.`);
    chunks.push(bytes);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    // A password with a replaced character in it could never be typed again.
    throw new UsageError('Standard input is not UTF-8.');
  }
}

/**
 * A password or token: standard input without its last line end, or typed unseen at a terminal. Never an argument, because
 * arguments stand in the process list and in the shell's history.
 */
export async function readSecret(prompt: string): Promise<string> {
  const secret = process.stdin.isTTY ? await ask(prompt) : (await readInput()).replace(/\r?\n$/, '');
  if (secret === '') throw new UsageError(`Nothing came on standard input, where ${prompt} was expected.`);
  return secret;
}

/** Asked for twice, since nobody sees what they type. */
export async function readNewPassword(): Promise<string> {
  const password = await readSecret('the new password');
  if (process.stdin.isTTY && (await readSecret('the same password again')) !== password) {
    throw new UsageError('The two passwords are not the same.');
  }
  return password;
}

/** A small file whole, as UTF-8. */
export async function readTextFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(
      `The file cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** One JSON object from standard input. */
export async function readObject(): Promise<Record<string, unknown>> {
  if (process.stdin.isTTY)
    process.stderr.write('Reading a JSON document from standard input, end with Ctrl-D.\n');
  return parseObject(await readInput(), 'Standard input');
}

export function parseObject(text: string, source: string): Record<string, unknown> {
  const value = parseJson(text, source);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError(`${source} must be a JSON object.`);
  }
  return { ...value };
}

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`${source} is not JSON.`);
  }
}

async function ask(prompt: string): Promise<string> {
  process.stderr.write(`Type ${prompt} (not shown): `);
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: unseen, terminal: true });
  try {
    return await terminal.question('');
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}
