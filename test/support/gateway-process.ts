import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where Debian puts what only root runs; not in everybody's PATH. */
const SYSTEM_PROGRAMS = '/usr/sbin';

/** Where a program of Debian's is, or undefined and a word on why its tests are skipped. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), SYSTEM_PROGRAMS];
  const found = folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file));
  if (found === undefined) process.stderr.write(`Tests with ${name} are skipped: it is not installed.\n`);
  return found;
}

/** A file of gateways/ with the values that an operator would change, each of which must be there. */
export function configure(file: string, changes: Readonly<Record<string, string>>): string {
  let text = readFileSync(path.join(import.meta.dirname, '../../gateways', file), 'utf8');
  for (const [from, to] of Object.entries(changes)) {
    if (!text.includes(from)) throw new Error(`gateways/${file} does not have: ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}

export interface GatewayProcess {
  readonly folder: string;
  output(): string;
  stop(): Promise<void>;
}

/** Files of its own in a folder of its own; `command` gets the folder. Waits until somebody listens on the port. */
export async function startGateway(
  program: string,
  {
    port,
    files,
    args,
  }: { port: number; files: Readonly<Record<string, string>>; args: (folder: string) => string[] },
): Promise<GatewayProcess> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'guichet-gateway-'));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(path.join(folder, name), text.replaceAll('@FOLDER@', folder), { mode: 0o600 });
  }
  const child = spawn(program, args(folder), { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  }
  const exited = once(child, 'exit');
  for (let attempt = 0; !(await isListening(port)); attempt += 1) {
    if (child.exitCode !== null || attempt > 200) throw new Error(`${program} does not listen:\n${output}`);
    await sleep(25);
  }
  return {
    folder,
    output: () => output,
    async stop() {
      child.kill('SIGTERM');
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function isListening(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1');
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

export interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
}

/** The API behind the gateway. It remembers what reached it. */
export interface Upstream {
  readonly port: number;
  readonly seen: Seen[];
  stop(): Promise<void>;
}

export async function startUpstream(port = 0): Promise<Upstream> {
  const seen: Seen[] = [];
  const server = createServer((req, res) => {
    seen.push({ method: req.method, url: req.url, headers: req.headers });
    req.resume();
    res.writeHead(200, { 'Content-Type': 'text/plain' }).end('orders\n');
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    port: address.port,
    seen,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close').catch(() => undefined);
    },
  };
}
