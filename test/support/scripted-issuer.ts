import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { deflateSync } from 'node:zlib';

import { createVerifier } from '../../src/resource-server/create-verifier.ts';
import type { Verifier, VerifierOptions } from '../../src/resource-server/verifier.ts';
import { makeSigner, type Signer } from '../standards/forge.ts';

export const AUDIENCE = 'https://api.example/orders';
export const CREDENTIALS = { clientId: 'orders api', clientSecret: 's3cret:with/signs+%' };

export interface ScriptedList {
  bits: number;
  bytes: Buffer;
  ttl: number | undefined;
  /** Instead of what is signed in the usual way. */
  body: ((usual: Record<string, unknown>) => string) | undefined;
}

type Handler = (req: IncomingMessage, res: ServerResponse) => void | Promise<void>;

/** An issuer that does what a test tells it: withdraws keys, forges lists, cuts streams, stays silent. */
export interface ScriptedIssuer extends AsyncDisposable {
  readonly url: string;
  readonly signer: Signer;
  /** What /jwks says. */
  jwks: Record<string, unknown>[];
  jwksMaxAge: number;
  /** Changes to the metadata document. */
  metadata: Record<string, unknown>;
  readonly lists: Map<string, ScriptedList>;
  /** Said with each list; undefined: not said. */
  position: number | undefined;
  /** By path: answers instead of the usual. */
  readonly faults: Map<string, Handler>;
  /** How often each path was asked for. */
  count(path: string): number;
  /** Headers of each request for the stream. */
  readonly streamRequests: http.IncomingHttpHeaders[];
  readonly streams: Set<ServerResponse>;
  /** What a new stream hears; by default `ready` at the present position. */
  onStream: (res: ServerResponse, lastEventId: string | undefined) => void;
  isBeating: boolean;
  send(event: string, id: number, data?: unknown): void;
  cutStreams(): void;
  listUri(id: string): string;
  claims(changes?: Record<string, unknown>): Record<string, unknown>;
  token(changes?: Record<string, unknown>, header?: Record<string, unknown>, signer?: Signer): string;
  setBit(id: string, idx: number): void;
  verifier(options?: Partial<VerifierOptions>): Verifier;
}

export async function startScriptedIssuer(): Promise<ScriptedIssuer> {
  const counts = new Map<string, number>();
  const verifiers: Verifier[] = [];
  const server = http.createServer((req, res) => void handle(req, res)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const url = `http://127.0.0.1:${port}`;
  const signer = makeSigner('key-1');

  const issuer: ScriptedIssuer = {
    url,
    signer,
    jwks: [{ ...signer.jwk }],
    jwksMaxAge: 300,
    metadata: {},
    lists: new Map([['a', { bits: 1, bytes: Buffer.alloc(128), ttl: 30, body: undefined }]]),
    position: 1,
    faults: new Map(),
    count: (path) => counts.get(path) ?? 0,
    streamRequests: [],
    streams: new Set(),
    onStream: (res) => res.write(frame('ready', issuer.position ?? 0)),
    isBeating: true,
    send(event, id, data = {}) {
      for (const res of issuer.streams) res.write(frame(event, id, data));
    },
    cutStreams() {
      for (const res of issuer.streams) res.destroy();
      issuer.streams.clear();
    },
    listUri: (id) => `${url}/status-lists/${id}`,
    claims(changes = {}) {
      const now = Math.floor(Date.now() / 1000);
      const own = { sub: 'client-1', client_id: 'client-1', aud: AUDIENCE, scope: 'orders:read' };
      return { iss: url, ...own, jti: randomUUID(), iat: now, exp: now + 300, ...changes };
    },
    token(changes = {}, header = {}, by = signer) {
      return by.sign({ typ: 'at+jwt', alg: 'ES256', kid: by.jwk['kid'], ...header }, issuer.claims(changes));
    },
    setBit(id, idx) {
      const bytes = issuer.lists.get(id)?.bytes;
      if (bytes) bytes[idx >> 3] = (bytes[idx >> 3] ?? 0) | (1 << (idx & 7));
    },
    verifier(options = {}) {
      const verifier = createVerifier({ issuer: url, audience: AUDIENCE, ...options });
      verifiers.push(verifier);
      return verifier;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(heartbeat);
      for (const verifier of verifiers) verifier.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };

  const heartbeat = setInterval(() => {
    if (issuer.isBeating) for (const res of issuer.streams) res.write(':\n\n');
  }, 500);

  async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { pathname } = new URL(req.url ?? '/', url);
    counts.set(pathname, (counts.get(pathname) ?? 0) + 1);
    const fault = issuer.faults.get(pathname);
    if (fault) return fault(req, res);
    if (pathname.startsWith('/.well-known/')) return json(res, metadataOf(issuer));
    if (pathname === '/jwks') {
      res.setHeader('Cache-Control', `public, max-age=${issuer.jwksMaxAge}`);
      return json(res, { keys: issuer.jwks });
    }
    if (pathname === '/revocations') return openStream(issuer, req, res);
    if (pathname.startsWith('/status-lists/')) return sendList(issuer, pathname, res);
    res.writeHead(404).end();
  }

  return issuer;
}

export function json(res: ServerResponse, body: unknown, status = 200): void {
  res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

export function frame(event: string, id: number, data: unknown = {}): string {
  return `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;
}

function metadataOf({ url, metadata }: ScriptedIssuer): Record<string, unknown> {
  return {
    issuer: url,
    jwks_uri: `${url}/jwks`,
    introspection_endpoint: `${url}/introspection`,
    revocation_stream_endpoint: `${url}/revocations`,
    ...metadata,
  };
}

function openStream(issuer: ScriptedIssuer, req: IncomingMessage, res: ServerResponse): void {
  issuer.streamRequests.push(req.headers);
  res.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('retry: 250\n\n');
  issuer.streams.add(res);
  res.on('close', () => issuer.streams.delete(res));
  const last = req.headers['last-event-id'];
  issuer.onStream(res, typeof last === 'string' ? last : undefined);
}

/** The list as it is now; a test that wants it old holds the answer back in a fault. */
export function sendList(issuer: ScriptedIssuer, path: string, res: ServerResponse): void {
  const list = issuer.lists.get(path.slice('/status-lists/'.length));
  if (!list) return void res.writeHead(404).end();
  const { position } = issuer;
  if (position !== undefined) res.setHeader('Revocation-Position', String(position));
  res.setHeader('Content-Type', 'application/statuslist+jwt').end(listToken(issuer, path, list));
}

export function listToken(issuer: ScriptedIssuer, path: string, list: ScriptedList): string {
  const now = Math.floor(Date.now() / 1000);
  const usual = {
    iss: issuer.url,
    sub: `${issuer.url}${path}`,
    iat: now,
    exp: now + 600,
    ...(list.ttl === undefined ? {} : { ttl: list.ttl }),
    status_list: { bits: list.bits, lst: deflateSync(list.bytes).toString('base64url') },
  };
  if (list.body) return list.body(usual);
  return issuer.signer.sign({ typ: 'statuslist+jwt', alg: 'ES256', kid: issuer.signer.jwk['kid'] }, usual);
}

export async function until(holds: () => boolean | Promise<boolean>, ms = 5_000): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(10)) if (await holds()) return;
  throw new Error('it did not come to that');
}
