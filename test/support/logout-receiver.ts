import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { decodeJwt, type JWTPayload } from 'jose';

/** Applications that listen for back-channel logout, each under a path of its own. */
export interface LogoutReceiver {
  uri(name: string): string;
  /** What each was sent, in order of arrival; repetitions included. */
  readonly received: readonly {
    readonly name: string;
    readonly token: string;
    readonly claims: JWTPayload;
  }[];
  /** Resolves when `done` holds of what was received, at once or later. */
  until(done: (received: LogoutReceiver['received']) => boolean): Promise<void>;
  close(): Promise<void>;
}

export interface LogoutReceiverOptions {
  /** How one answers, 200 unless told otherwise. */
  readonly answer?: (name: string, attempt: number, response: ServerResponse) => void;
}

/** At least once, each at its own time: the server polls its outbox every two seconds when a notification is lost. */
const PATIENCE_MS = 15_000;

export async function startLogoutReceiver({
  answer = (_name, _attempt, response) => response.writeHead(200).end(),
}: LogoutReceiverOptions = {}): Promise<LogoutReceiver> {
  const received: LogoutReceiver['received'][number][] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const name = request.url?.slice(1) ?? '';
      const token = new URLSearchParams(body).get('logout_token') ?? '';
      received.push({ name, token, claims: decodeJwt(token) });
      answer(name, received.filter((one) => one.name === name).length, response);
      for (const check of waiting) check();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  return {
    uri: (name) => `http://127.0.0.1:${port}/${name}`,
    received,
    async until(done) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const check = () => done(received) && resolve();
      const names = () => received.map(({ name }) => name).join(' ');
      const timer = setTimeout(() => reject(new Error(`received only: ${names()}`)), PATIENCE_MS);
      waiting.add(check);
      check();
      await promise.finally(() => {
        clearTimeout(timer);
        waiting.delete(check);
      });
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
