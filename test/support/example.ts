import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface RunningExample {
  /** Everything it printed. */
  output(): string;
  readonly exitCode: Promise<number | null>;
  stop(): Promise<void>;
}

/** Runs an example as its reader would; resolves when it has ended or printed what is waited for. */
export async function runExample(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  until?: RegExp,
): Promise<RunningExample> {
  const child = spawn(process.execPath, [file, ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const { promise: seen, resolve } = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (until?.test(output)) resolve();
    });
  }
  const exitCode = once(child, 'close').then(([code]) => code as number | null);
  await (until ? Promise.race([seen, exitCode]) : exitCode);
  return {
    output: () => output,
    exitCode,
    async stop() {
      child.kill('SIGTERM');
      await exitCode;
    },
  };
}
