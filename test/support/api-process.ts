import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

import { createNode } from './node.ts';

/** What an API said of a token. */
export interface Verdict {
  readonly status: number;
  /** Why it refused, where it says so. */
  readonly reason: string;
}

export interface ApiProcess {
  /** A request with the token. */
  ask(token: string): Promise<Verdict>;
  /** Everything it printed: what its verifier went through. */
  output(): string;
  stop(): Promise<void>;
}

export interface ApiOptions {
  readonly issuer: string;
  readonly audiences: readonly string[];
  /** With them it follows the stream, without them it reads lists. */
  readonly credentials?: { readonly id: string; readonly secret: string | undefined };
}

/** Resolves when the verifier in it is ready. */
export async function startApi({ issuer, audiences, credentials }: ApiOptions): Promise<ApiProcess> {
  const child = spawn(process.execPath, [path.join(import.meta.dirname, 'api-main.ts')], {
    env: {
      PATH: process.env['PATH'] ?? '',
      ISSUER: issuer,
      AUDIENCES: audiences.join(' '),
      ...(credentials ? { CLIENT_ID: credentials.id, CLIENT_SECRET: credentials.secret ?? '' } : {}),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const { promise: listening, resolve, reject } = Promise.withResolvers<number>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const [, port] = /^listening on (\d+)$/m.exec(output) ?? [];
      if (port !== undefined) resolve(Number(port));
    });
  }
  const exited = once(child, 'exit').then(() => reject(new Error(`the API ended:\n${output}`)));
  const node = createNode(await listening, 'http://localhost');
  return {
    async ask(token) {
      const { status, headers } = await node.call('GET', '/orders', {
        headers: { authorization: `Bearer ${token}` },
      });
      return { status, reason: String(headers['refused-for'] ?? '') };
    },
    output: () => output,
    async stop() {
      node.close();
      child.kill('SIGTERM');
      await exited;
    },
  };
}
