import { connect } from 'node:net';

/** A request as its parts, so that any of them can be wrong. */
export interface WireRequest {
  method: string;
  path: string;
  /** Pairs: a header may be there twice. */
  headers: [string, string][];
  body: Buffer;
  /** Instead of the length of the body; undefined leaves the header out. */
  contentLength?: string | undefined;
}

/** Whether the server may have to wait for the rest of it. */
export function isIncomplete({ headers, body, contentLength }: WireRequest): boolean {
  const announced = contentLength !== undefined && contentLength !== String(body.length);
  return announced || headers.some(([name]) => /^(transfer-encoding|expect)$/i.test(name));
}

export interface WireAnswer {
  /** 0: closed without an answer. */
  readonly status: number;
  readonly head: string;
  readonly body: string;
  readonly ms: number;
}

export function serialize({ method, path, headers, body, contentLength }: WireRequest): Buffer {
  const lines = [`${method} ${path} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  if (contentLength !== undefined) lines.push(`Content-Length: ${contentLength}`);
  lines.push('Connection: close', '', '');
  return Buffer.concat([Buffer.from(lines.join('\r\n'), 'latin1'), body]);
}

/** For a request that announces more than it sends, the server waits in vain. */
const SILENCE_MS = 400;

/** Sends it and reads until the server ends. One that may be `incomplete` is broken off after a while. */
export function exchange(
  port: number,
  request: Buffer,
  { patienceMs, incomplete }: { patienceMs: number; incomplete: boolean },
): Promise<WireAnswer> {
  const { promise, resolve } = Promise.withResolvers<WireAnswer>();
  const started = performance.now();
  const chunks: Buffer[] = [];
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const timer = setTimeout(() => socket.destroy(), patienceMs);
  const breakOff = incomplete ? setTimeout(() => socket.end(), SILENCE_MS) : undefined;
  socket.on('data', (chunk) => chunks.push(chunk));
  // Cut off in the middle of sending what was too large: what has come back until then counts.
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.end());
  socket.on('close', () => {
    clearTimeout(timer);
    clearTimeout(breakOff);
    resolve({ ...parse(Buffer.concat(chunks).toString('latin1')), ms: performance.now() - started });
  });
  socket.write(request);
  return promise;
}

function parse(text: string): Omit<WireAnswer, 'ms'> {
  const end = text.indexOf('\r\n\r\n');
  const head = end === -1 ? text : text.slice(0, end);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
  const body = end === -1 ? '' : text.slice(end + 4);
  // 100 Continue is not an answer yet.
  return status >= 100 && status < 200 ? parse(body) : { status, head, body };
}
