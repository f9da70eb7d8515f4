import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import type { ConnectionSettings } from '../../src/db/database.ts';
import { openCheckout } from './open-checkout.ts';

/** A process of its own that uses an embedded PostgreSQL, to be killed. */
export interface EmbeddedProcess {
  readonly child: ChildProcess;
  readonly connection: ConnectionSettings;
  stop(): Promise<void>;
  kill(): Promise<void>;
}

const HERE = {
  root: path.join(import.meta.dirname, '../..'),
  node: process.execPath,
  remove: () => undefined,
};

const PROGRAM = `
  const { startEmbedded } = await import(process.argv[1]);
  const { createLogger } = await import(process.argv[2]);
  const embedded = await startEmbedded({ dataDir: process.argv[3], log: createLogger({ level: 'silent' }), durable: process.argv[4] === 'durable' });
  console.log(JSON.stringify(embedded.connection));
  process.stdin.on('end', async () => { await embedded.stop(); process.exit(0); }).resume();
`;

export interface EmbeddedProcessOptions {
  readonly uid?: number;
  /** Survives losing power; otherwise only the loss of processes. */
  readonly durable?: boolean;
}

/** Without waiting for it to be up. */
export function spawnEmbedded(
  dataDir: string,
  { uid, durable = false }: EmbeddedProcessOptions = {},
): ChildProcess {
  const checkout = uid === undefined ? HERE : openCheckout();
  const modules = ['src/db/embedded.ts', 'src/log.ts'].map(
    (file) => pathToFileURL(path.join(checkout.root, file)).href,
  );
  const child = spawn(
    checkout.node,
    ['--input-type=module', '--eval', PROGRAM, ...modules, dataDir, durable ? 'durable' : 'forgetful'],
    { stdio: ['pipe', 'pipe', 'pipe'], ...(uid === undefined ? {} : { uid, gid: uid }) },
  );
  child.once('exit', checkout.remove);
  return child;
}

/** Rejects with what the process said when it gave up. */
export async function runEmbedded(
  dataDir: string,
  options: EmbeddedProcessOptions = {},
): Promise<EmbeddedProcess> {
  const child = spawnEmbedded(dataDir, options);
  const exited = once(child, 'exit');
  let complaint = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  const lines = createInterface({ input: child.stdout ?? process.stdin });
  const line = await Promise.race([once(lines, 'line'), exited.then(() => undefined)]);
  if (line === undefined) throw new Error(complaint);
  const connection: ConnectionSettings = JSON.parse(String(line[0]));
  return {
    child,
    connection,
    async stop() {
      child.stdin?.end();
      await exited;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
