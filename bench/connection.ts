import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/**
 * One keep-alive HTTP/1.1 connection with one request at a time. The load generator shares its core with PostgreSQL, so it
 * must cost little: requests are ready-made text, and of a response only what a scenario looks at is parsed.
 */
export interface Connection {
  send(request: string): Promise<Reply>;
  close(): void;
}

export interface Reply {
  readonly status: number;
  /** Status line and header lines. */
  readonly head: string;
  readonly body: string;
}

interface Pending {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

const HEAD_END = '\r\n\r\n';
const NOTHING = Buffer.alloc(0);

export async function openConnection(port: number): Promise<Connection> {
  let socket = await dial(port);
  let pending: Pending | undefined;
  let received = NOTHING;

  function listen(to: Socket): void {
    to.on('data', (chunk) => {
      // A server says 408 to a connection that was opened early and has waited for its turn; it closes it, too.
      if (!pending) return;
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      try {
        const reply = parseReply(received);
        if (reply) settle(({ resolve }) => resolve(reply));
      } catch (error) {
        fail(error instanceof Error ? error : new Error(String(error)));
      }
    });
    to.on('error', (error) => fail(error));
    to.on('close', () => fail(new Error('the server closed the connection before it answered')));
  }

  function fail(error: Error): void {
    settle(({ reject }) => reject(error));
  }

  function settle(how: (waiting: Pending) => void): void {
    received = NOTHING;
    if (!pending) return;
    const waiting = pending;
    pending = undefined;
    how(waiting);
  }

  listen(socket);
  return {
    async send(request) {
      if (socket.destroyed) listen((socket = await dial(port)));
      return new Promise((resolve, reject) => {
        pending = { resolve, reject };
        socket.write(request, 'latin1');
      });
    },
    close: () => socket.destroy(),
  };
}

async function dial(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** undefined until all of it has arrived. */
function parseReply(bytes: Buffer): Reply | undefined {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd === -1) return undefined;
  const head = bytes.toString('latin1', 0, headEnd);
  const status = Number(head.slice(9, 12));
  const bodyAt = headEnd + HEAD_END.length;
  const length = status === 204 || status === 304 ? 0 : contentLength(head);
  if (bytes.length < bodyAt + length) return undefined;
  return { status, head, body: bytes.toString('utf8', bodyAt, bodyAt + length) };
}

function contentLength(head: string): number {
  const [, digits] = /\r\ncontent-length: *(\d+)/i.exec(head) ?? [];
  if (digits === undefined) throw new Error(`a response without Content-Length:\n${head}`);
  return Number(digits);
}

export function headerOf(reply: Reply, name: string): string | undefined {
  return new RegExp(`\\r\\n${name}: *([^\\r]*)`, 'i').exec(reply.head)?.[1];
}

/** Ready-made requests of one server. */
export interface Requests {
  get(target: string, headers?: Readonly<Record<string, string>>): string;
  post(
    target: string,
    form: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ): string;
}

export function requestsTo(host: string): Requests {
  return {
    get: (target, headers = {}) =>
      `GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${lines(headers)}Accept: */*\r\n\r\n`,
    post(target, form, headers = {}) {
      const body = new URLSearchParams(form).toString();
      return (
        `POST ${target} HTTP/1.1\r\nHost: ${host}\r\n${lines(headers)}Accept: */*\r\n` +
        `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`
      );
    },
  };
}

function lines(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
}
