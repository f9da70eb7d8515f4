import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { expect } from 'vitest';

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
    env: { PATH: process.env['PATH'] ?? '', ...TEST_SECRETS, ...env },
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

export interface Cli {
  (args: readonly string[], input?: string): Promise<CliRun>;
  /** With `--json`, expecting success: the one document on standard output. */
  json(args: readonly string[], input?: string): Promise<Record<string, unknown>>;
}

export function createCli(env: Readonly<Record<string, string>>): Cli {
  const run = (args: readonly string[], input?: string) => runCli(env, args, input);
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
