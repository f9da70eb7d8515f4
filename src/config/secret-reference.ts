import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';

/** Where an operator keeps a secret that a configuration file must not hold. */
export type SecretReference = { readonly env: string } | { readonly file: string };

/** No secret is longer; a path that points at a log or a device is a mistake. */
const FILE_BYTES_MAX = 65_536;

/**
 * The secret, without the line end of its file; undefined: the variable is not set. Files are looked for from `directory`. Throws
 * an Error whose message continues the reference's name.
 */
export async function readSecretReference(
  reference: SecretReference,
  { env = process.env, directory }: { env?: NodeJS.ProcessEnv; directory: string },
): Promise<string | undefined> {
  if ('env' in reference) return env[reference.env] || undefined;
  const file = path.resolve(directory, reference.file);
  const found = await stat(file);
  if (!found.isFile()) throw new Error('is not a file');
  const { size } = found;
  if (size > FILE_BYTES_MAX) throw new Error(`has ${size} bytes, too many for a secret`);
  const text = (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
  if (text === '') throw new Error('is empty');
  return text;
}
