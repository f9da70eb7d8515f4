import { once } from 'node:events';
import http from 'node:http';
import { inflateSync } from 'node:zlib';

import * as jose from 'jose';

/** Token Status Lists as a reader that knows nothing of Guichet reads them: with `jose` and zlib. */

export interface StatusClaim {
  readonly idx: number;
  readonly uri: string;
}

/** The `status` claim of an access token. */
export function statusOf(token: string): StatusClaim {
  const { status } = jose.decodeJwt<{ status?: { status_list?: StatusClaim } }>(token);
  if (!status?.status_list) throw new Error('the token has no status');
  return status.status_list;
}

/** Fetches the list of a token, verifies it and answers the token's bit. */
export async function readBit(issuer: string, { idx, uri }: StatusClaim): Promise<number> {
  const response = await fetch(uri);
  if (response.status !== 200) throw new Error(`no list: ${response.status} ${await response.text()}`);
  const keys = jose.createRemoteJWKSet(new URL(`${issuer}/jwks`));
  const { payload } = await jose.jwtVerify<{ status_list: { bits: number; lst: string } }>(
    await response.text(),
    keys,
    { typ: 'statuslist+jwt', subject: uri, issuer },
  );
  const bits = inflateSync(jose.base64url.decode(payload.status_list.lst));
  if (idx >= bits.length * 8) throw new Error('out of bounds');
  return ((bits[idx >> 3] ?? 0) >> (idx & 7)) & 1;
}

export interface StreamEvent {
  readonly event: string;
  readonly id: string;
  readonly data: { readonly lists?: Record<string, number[]>; readonly refetch?: string[] };
}

export interface TestStream {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly events: readonly StreamEvent[];
  /** Comments so far. */
  heartbeats(): number;
  /** Resolves with the first event that fits, past ones included. */
  until(fits: (event: StreamEvent) => boolean): Promise<StreamEvent>;
  /** Stops reading, as a process that hangs. */
  pause(): void;
  readonly ended: Promise<void>;
  close(): void;
}

/** Follows the stream of revocations with nothing but node:http. */
export async function openStream(
  port: number,
  headers: Readonly<Record<string, string>>,
): Promise<TestStream> {
  const request = http.get({ host: '127.0.0.1', port, path: '/revocations', headers, agent: false });
  request.on('error', () => undefined);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const events: StreamEvent[] = [];
  const waiting = new Set<() => void>();
  let heartbeats = 0;
  let text = '';
  response.setEncoding('utf8');
  response.on('error', () => undefined);
  response.on('data', (chunk: string) => {
    text += chunk;
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end === -1) break;
      const block = text.slice(0, end);
      text = text.slice(end + 2);
      if (block.startsWith(':')) heartbeats += 1;
      else if (block.startsWith('event:')) events.push(parse(block));
    }
    for (const check of waiting) check();
  });
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    events,
    heartbeats: () => heartbeats,
    until(fits) {
      const { promise, resolve } = Promise.withResolvers<StreamEvent>();
      const check = (): void => {
        const found = events.find(fits);
        if (!found) return;
        waiting.delete(check);
        resolve(found);
      };
      waiting.add(check);
      check();
      return promise;
    },
    pause: () => response.pause(),
    ended: new Promise((resolve) => response.once('close', resolve)),
    close: () => request.destroy(),
  };
}

function parse(block: string): StreamEvent {
  const fields = Object.fromEntries(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]),
  );
  const { event = '', id = '', data = '{}' } = fields;
  return { event, id, data: JSON.parse(data) as StreamEvent['data'] };
}

export function names(event: StreamEvent, { uri, idx }: StatusClaim): boolean {
  return event.event === 'revoked' && (event.data.lists?.[uri]?.includes(idx) ?? false);
}
