import { request as nodeRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';

/** One answer, read to its end. Redirects are never followed: where a server sends people is what an attack is about. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Empty when the answer is not JSON. */
  readonly json: Readonly<Record<string, unknown>>;
  /** Where it redirects to. */
  readonly location: URL | undefined;
}

export async function send(url: string | URL, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, { redirect: 'manual', ...init });
  return toAnswer(response.status, response.headers, await response.text(), url);
}

/** What goes into a form. Pairs where a name is given more than once. */
export type Fields = Readonly<Record<string, string | undefined>> | readonly (readonly [string, string])[];

export function form(fields: Fields): URLSearchParams {
  if (Array.isArray(fields)) return new URLSearchParams(fields as [string, string][]);
  const pairs = Object.entries(fields as Record<string, string | undefined>);
  return new URLSearchParams(pairs.filter((pair): pair is [string, string] => pair[1] !== undefined));
}

export function post(
  url: string | URL,
  fields: Fields,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return send(url, { method: 'POST', body: form(fields), headers: { ...headers } });
}

export function postJson(
  url: string | URL,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return send(url, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'Content-Type': 'application/json', ...headers },
  });
}

/** RFC 6749 §2.3.1: form-encoded, then joined, then base64. */
export function basic(id: string, secret: string): string {
  return `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;
}

export interface RawRequest {
  readonly port: number;
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
}

/** For what `fetch` does not let anybody send: a Host header, a header twice, another port than the URL's. */
export function sendRaw({ port, method = 'GET', path, headers = {}, body }: RawRequest): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const request = nodeRequest(
    { host: '127.0.0.1', port, method, path, headers: { ...headers }, agent: false },
    (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const host = [headers['Host'] ?? `127.0.0.1:${port}`].flat()[0];
        const url = `http://${host}${path.startsWith('/') ? path : '/'}`;
        resolve(toAnswer(response.statusCode ?? 0, toHeaders(response.headers), text, url));
      });
    },
  );
  request.on('error', reject);
  request.end(body);
  return promise;
}

/** The bytes as they are, and everything that comes back until the server closes. */
export function sendBytes(port: number, bytes: string | Buffer): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
  let received = '';
  socket.on('data', (chunk) => (received += chunk.toString('latin1')));
  socket.on('close', () => resolve(received)).on('error', reject);
  return promise;
}

function toHeaders(headers: IncomingHttpHeaders): Headers {
  const copied = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    for (const one of [value ?? []].flat()) copied.append(name, one);
  }
  return copied;
}

function toAnswer(status: number, headers: Headers, text: string, url: string | URL): Answer {
  const location = headers.get('location');
  return {
    status,
    headers,
    text,
    json: parseJson(text),
    location: location === null ? undefined : new URL(location, url),
  };
}

function parseJson(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
