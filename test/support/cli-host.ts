/**
 * Runs command lines one after the other in one process, which is started once where the command itself would start anew for each.
 * A command gets its own environment, arguments and standard streams, and ends as it would: with an exit code and with nothing
 * left open, because what is left open keeps a command from ending.
 */
import nodeModule from 'node:module';
import path from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import { runProgram } from '../../src/commands/program.ts';
import type { CliRun } from './cli.ts';

export interface HostedCommand {
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  readonly input: string;
}

nodeModule.enableCompileCache(path.join(import.meta.dirname, '../../node_modules/.cache/guichet'));

/** Sockets take a moment to close. */
const CLOSING_MS = 1_000;
const POLL_MS = 5;

// They open when they are first looked at, which is no command's doing.
void [process.stdin, process.stdout, process.stderr];

async function run({ env, args, input }: HostedCommand): Promise<CliRun> {
  const before = openResources();
  const output = { stdout: '', stderr: '' };
  const restore = [capture('stdout', output), capture('stderr', output), provide(input), surround(env)];
  process.exitCode = undefined;
  try {
    await runProgram(args);
  } catch (error) {
    // As Node does with what nobody catches.
    process.exitCode = 1;
    output.stderr += error instanceof Error ? (error.stack ?? error.message) : String(error);
  } finally {
    for (const put of restore.toReversed()) put();
  }
  const exitCode = process.exitCode ?? 0;
  process.exitCode = undefined;
  const left = await leftOpen(before);
  if (left.length === 0) return { exitCode, ...output };
  return { exitCode: null, ...output, stderr: `${output.stderr}it would not end: ${left.join(', ')}\n` };
}

function capture(name: 'stdout' | 'stderr', output: Record<'stdout' | 'stderr', string>): () => void {
  const stream = process[name];
  const write = stream.write.bind(stream);
  stream.write = (chunk: string | Uint8Array, ...rest: unknown[]) => {
    output[name] += typeof chunk === 'string' ? chunk : new TextDecoder().decode(chunk);
    const done = rest.find((argument) => typeof argument === 'function');
    if (done) queueMicrotask(done as () => void);
    return true;
  };
  return () => {
    stream.write = write;
  };
}

function provide(input: string): () => void {
  const own = Object.getOwnPropertyDescriptor(process, 'stdin');
  const value = Readable.from(input === '' ? [] : [Buffer.from(input)]);
  Object.defineProperty(process, 'stdin', { value, configurable: true });
  return () => {
    if (own) Object.defineProperty(process, 'stdin', own);
  };
}

function surround(env: Readonly<Record<string, string>>): () => void {
  const own = process.env;
  process.env = { ...env };
  return () => {
    process.env = own;
  };
}

function openResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

async function leftOpen(before: ReadonlyMap<string, number>): Promise<string[]> {
  let left: string[] = [];
  for (let waitedMs = 0; waitedMs < CLOSING_MS; waitedMs += POLL_MS) {
    left = [...openResources()].flatMap(([name, count]) =>
      name !== 'Timeout' && count > (before.get(name) ?? 0) ? [name] : [],
    );
    if (left.length === 0) break;
    await sleep(POLL_MS);
  }
  return left;
}

async function answer(command: HostedCommand): Promise<void> {
  const done = await run(command);
  process.send?.(done);
}

process.on('message', (command: HostedCommand) => {
  void answer(command);
});
process.on('disconnect', () => process.exit());
