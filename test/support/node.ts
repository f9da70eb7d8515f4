import http from 'node:http';

/**
 * One server process as a load balancer reaches it: by its own port, under the issuer's name. `fetch` cannot say Host, and
 * hides which process answered.
 */
export interface Node {
  readonly port: number;
  /** Rejects when no answer came, which says nothing about what the server did. */
  call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', target: string, request?: NodeRequest): Promise<Answer>;
  close(): void;
}

export interface NodeRequest {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as application/x-www-form-urlencoded. */
  readonly form?: Form;
}

export type Form = Readonly<Record<string, string>>;

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  /** The body as a JSON object; empty when it is none. */
  readonly json: Readonly<Record<string, unknown>>;
  /** Where a redirect leads. */
  readonly location: URL | undefined;
}

/** Longer than any timeout of the server's own, so that a request which hangs is told from one that is refused. */
const TIMEOUT_MS = 20_000;

export function createNode(port: number, issuer: string): Node {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  const { host } = new URL(issuer);

  return {
    port,
    call(method, target, { headers = {}, form } = {}) {
      const body = form && new URLSearchParams(form).toString();
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      const request = http.request({
        agent,
        port,
        host: '127.0.0.1',
        method,
        path: target,
        timeout: TIMEOUT_MS,
        headers: {
          host,
          ...(body === undefined
            ? {}
            : {
                'content-type': 'application/x-www-form-urlencoded',
                'content-length': Buffer.byteLength(body),
              }),
          ...headers,
        },
      });
      request.on('error', reject);
      request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS} ms`)));
      request.on('response', (response) => {
        response.setEncoding('utf8');
        let text = '';
        response.on('data', (chunk: string) => (text += chunk));
        response.on('error', reject);
        response.on('end', () => resolve(toAnswer(response, text, issuer)));
      });
      request.end(body);
      return promise;
    },
    close: () => agent.destroy(),
  };
}

function toAnswer(response: http.IncomingMessage, text: string, issuer: string): Answer {
  const { location } = response.headers;
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    text,
    json: parseObject(text),
    location: location === undefined ? undefined : new URL(location, issuer),
  };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
