import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { expect } from 'vitest';

import type { HostedCommand } from './cli-host.ts';
import { TEST_SECRETS } from './server.ts';

export interface CliRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line as an operator runs it: a process of its own, with nothing but its environment and standard input. */
export async function runCli(
  env: Readonly<Record<string, string>>,
  args: readonly string[],
  input = '',
): Promise<CliRun> {
  const child = spawn(process.execPath, ['src/cli.ts', ...args], {
    env: environmentOf(env),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  child.stdin.on('error', () => {}); // It may end without reading.
  child.stdin.end(input);
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, ...output };
}

function environmentOf(env: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', ...TEST_SECRETS, ...env };
}

/** Hosts that wait for a command. As many come to be as there are commands at once; they end with this process. */
const idle: ChildProcess[] = [];

async function runHosted(command: HostedCommand): Promise<CliRun> {
  const host = idle.pop() ?? startHost();
  const { promise, resolve, reject } = Promise.withResolvers<CliRun>();
  const fail = () =>
    reject(new Error(`the host of commands ended, or did not answer: ${command.args.join(' ')}`));
  const timer = setTimeout(fail, HOST_TIMEOUT_MS);
  host.once('message', resolve);
  host.once('exit', fail);
  host.channel?.ref();
  host.send(command);
  try {
    const done = await promise;
    idle.push(host);
    return done;
  } finally {
    clearTimeout(timer);
    host.off('message', resolve);
    host.off('exit', fail);
    host.channel?.unref();
  }
}

const HOST_TIMEOUT_MS = 100_000;

function startHost(): ChildProcess {
  const host = spawn(process.execPath, [path.join(import.meta.dirname, 'cli-host.ts')], {
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  host.unref();
  return host;
}

export interface Cli {
  (args: readonly string[], input?: string): Promise<CliRun>;
  /** With `--json`, expecting success: the one document on standard output. */
  json(args: readonly string[], input?: string): Promise<Record<string, unknown>>;
}

export interface CliOptions {
  /** Each command is a process, which shows that it begins and ends as one; half a second more for each. */
  readonly processes?: boolean;
}

/** Commands in a host (cli-host.ts), which runs the same program without starting it anew for each. */
export function createCli(
  env: Readonly<Record<string, string>>,
  { processes = false }: CliOptions = {},
): Cli {
  const run = (args: readonly string[], input = '') =>
    processes ? runCli(env, args, input) : runHosted({ env: environmentOf(env), args, input });
  return Object.assign(run, {
    async json(args: readonly string[], input?: string) {
      const { exitCode, stdout, stderr } = await run([...args, '--json'], input);
      expect(exitCode, stdout + stderr).toBe(0);
      return JSON.parse(stdout) as Record<string, unknown>;
    },
  });
}

/** Arguments as they are typed; what is filled in is one argument each: line`apis show ${audience}`. */
export function line(texts: TemplateStringsArray, ...values: readonly string[]): string[] {
  return texts.flatMap((text, index) => {
    const value = values[index];
    const words = text.split(/\s+/).filter(Boolean);
    return value === undefined ? words : [...words, value];
  });
}
