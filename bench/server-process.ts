import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A server under test: a process of its own that ends with us. */
export interface ServerProcess {
  readonly pid: number;
  /** From the start of the process until it answered. */
  readonly readyAfterMs: number;
  /** A signal it understands, such as the profiler's. */
  signal(name: NodeJS.Signals): void;
  stop(): Promise<void>;
}

export interface ServerCommand {
  /** What stands before node: `taskset …`. */
  readonly prefix: readonly string[];
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Answers 200 when it is ready. */
  readonly readyUrl: string;
}

const READY_TIMEOUT_MS = 30_000;
const READY_POLL_MS = 5;
/** What is kept of what it prints, for when it does not start. */
const OUTPUT_LENGTH = 4000;

export async function startProcess({ prefix, args, env, readyUrl }: ServerCommand): Promise<ServerProcess> {
  const [command = process.execPath, ...rest] = [...prefix, process.execPath, ...args];
  const { PATH = '', HOME = '' } = process.env;
  const startedAt = performance.now();
  const child = spawn(command, rest, {
    env: { PATH, HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-OUTPUT_LENGTH)));
  }
  const exited = once(child, 'exit');
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  await untilReady(child, readyUrl, () => output);
  return {
    pid: child.pid ?? 0,
    readyAfterMs: performance.now() - startedAt,
    signal: (name) => child.kill(name),
    async stop() {
      child.kill('SIGTERM');
      await exited;
      process.off('exit', end);
    },
  };
}

async function untilReady(child: ChildProcess, url: string, output: () => string): Promise<void> {
  const until = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < until) {
    if (child.exitCode !== null) break;
    const response = await fetch(url).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.status === 200) return;
    await sleep(READY_POLL_MS);
  }
  child.kill('SIGKILL');
  throw new Error(`a server did not start:\n${output()}`);
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
