/**
 * How long `guichet users import` takes, and how much memory, for people with password hashes of several products; on an embedded PostgreSQL
 * of its own.
 *   npm run bench:import -- [people]
 */
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const PEOPLE = Number(process.argv[2] ?? 100_000);
const folder = mkdtempSync(path.join(os.tmpdir(), 'guichet-bench-'));

try {
  const file = path.join(folder, 'people.jsonl');
  await writePeople(file);
  // The first command makes the database, which is not what is measured.
  await guichet('users', 'list');
  console.log(`${PEOPLE} people, every one with a hash:`);
  for (const [what, ...options] of [['dry run', '--dry-run'], ['import'], ['the same again']] as const) {
    const { seconds, megabytes, output } = await guichet('users', 'import', file, '--json', ...options);
    const { imported, already_there, refused } = JSON.parse(output) as Record<string, number>;
    console.log(
      `  ${what.padEnd(16)} ${seconds.toFixed(1).padStart(6)} s  ${Math.round(PEOPLE / seconds)}/s  ${megabytes.toFixed(0)} MB at most; imported ${imported}, already there ${already_there}, refused ${refused}`,
    );
  }
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 });
}

async function writePeople(file: string): Promise<void> {
  const stream = createWriteStream(file);
  for (let index = 0; index < PEOPLE; index += 1) {
    const line = JSON.stringify({
      id: `${randomBytes(16).toString('hex')}-${index}`,
      email: `person${index}@example.org`,
      email_verified: true,
      name: `Person ${index}`,
      given_name: 'Person',
      family_name: String(index),
      created_at: '2021-02-03T04:05:06Z',
      password_hash: hashOf(index),
    });
    if (!stream.write(`${line}\n`)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'finish');
}

/** Of the right form; nobody signs in with them here. */
function hashOf(index: number): string {
  const salt = randomBytes(16);
  const digest = createHash('sha256').update(salt).digest();
  const kinds = [
    () => `{SSHA256}${Buffer.concat([digest, salt]).toString('base64')}`,
    () => `$2b$10$${'C'.repeat(22)}${digest.toString('hex').slice(0, 31)}`,
    () => `pbkdf2_sha256$600000$${salt.toString('hex')}$${digest.toString('base64')}`,
    () =>
      `$argon2id$v=19$m=65536,t=3,p=4$${salt.toString('base64').slice(0, 22)}$${digest.toString('base64').slice(0, 43)}`,
  ];
  return kinds[index % kinds.length]?.() ?? '';
}

async function guichet(...args: string[]): Promise<{ seconds: number; megabytes: number; output: string }> {
  const startedAtMs = performance.now();
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, ['src/cli.ts', ...args], {
    env: { PATH, HOME, GUICHET_DATA_DIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const exited = once(child, 'close');
  let kilobytes = 0;
  while (child.exitCode === null && child.signalCode === null) {
    kilobytes = Math.max(kilobytes, peakOf(child.pid ?? 0));
    await sleep(50);
  }
  await exited;
  if (child.exitCode !== 0) throw new Error(errors || output);
  return { seconds: (performance.now() - startedAtMs) / 1000, megabytes: kilobytes / 1024, output };
}

/** The most it ever had, as Linux counts; 0 where there is no /proc. */
function peakOf(pid: number): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}
