import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const ROOT = path.join(import.meta.dirname, '../..');

/** An empty project of somebody else's that has installed what `npm pack` makes. */
export interface Consumer {
  readonly folder: string;
  /** Of the tarball. */
  readonly files: readonly string[];
  write(files: Readonly<Record<string, string>>): Promise<void>;
  /** Standard output; rejects with both outputs when the program fails. */
  exec(command: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<string>;
  remove(): Promise<void>;
}

const NPM_QUIET = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];

/**
 * Optional packages are linked and not fetched: PostgreSQL is 20 MB. So is what the project brings along for its own tests.
 */
export async function installPacked({ links }: { links: readonly string[] }): Promise<Consumer> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'guichet-consumer-'));
  try {
    const files = await install(folder);
    for (const name of links) await link(folder, name);
    return createConsumer(folder, files);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

async function install(folder: string): Promise<string[]> {
  const options = { cwd: ROOT, maxBuffer: OUTPUT_BYTES_MAX };
  const { stdout } = await run('npm', ['pack', '--json', `--pack-destination=${folder}`], options);
  // The build speaks before the JSON.
  const [packed]: { filename: string; files: { path: string }[] }[] = JSON.parse(
    stdout.slice(stdout.search(/^\[$/m)),
  );
  if (!packed) throw new Error(stdout);
  await writeFile(path.join(folder, 'package.json'), '{ "private": true, "type": "module" }');
  const tarball = `./${packed.filename}`;
  await run('npm', ['install', ...NPM_QUIET, '--ignore-scripts', '--omit=optional', tarball], {
    ...options,
    cwd: folder,
  });
  return packed.files.map((file) => file.path);
}

async function link(folder: string, name: string): Promise<void> {
  const place = path.join(folder, 'node_modules', name);
  await mkdir(path.dirname(place), { recursive: true });
  // Types of Node may have come along with a dependency.
  await rm(place, { recursive: true, force: true });
  await symlink(path.join(ROOT, 'node_modules', name), place);
}

function createConsumer(folder: string, files: readonly string[]): Consumer {
  return {
    folder,
    files,
    async write(files) {
      for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text);
    },
    async exec(command, args, env = {}) {
      const options = {
        cwd: folder,
        env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
        maxBuffer: OUTPUT_BYTES_MAX,
      };
      const result = await run(command, args, options).catch((error: unknown) => {
        const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
        throw new Error(`${command} ${args.join(' ')} failed\n${stdout}${stderr}`, { cause: error });
      });
      return result.stdout;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;
