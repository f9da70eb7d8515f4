import {
  createServer,
  request,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type Server,
} from 'node:http';
import { connect } from 'node:net';
import Koa from 'koa';
import { z } from 'zod';
import { createLogger, type Logger } from '../../src/log.ts';
import { canonicalPath } from '../../src/http/canonical-path.ts';
import { clientAddressFrom } from '../../src/http/client-address.ts';
import { handleErrors, type ErrorHandling } from '../../src/http/handle-errors.ts';
import { pinHost } from '../../src/http/host-pin.ts';
import { limits, SERVER_OPTIONS } from '../../src/http/limits.ts';
import type { Middleware } from '../../src/http/middleware.ts';
import { checkBody } from '../../src/http/read-body.ts';
import { requestId } from '../../src/http/request-id.ts';
import { securityHeaders } from '../../src/http/security-headers.ts';
import { wellFormedUrl } from '../../src/http/well-formed.ts';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  json: Record<string, unknown>;
}

export interface SendOptions {
  path?: string;
  method?: string;
  headers?: OutgoingHttpHeaders;
  signal?: AbortSignal;
}

export interface Site extends AsyncDisposable {
  issuer: string;
  port: number;
  logged: string[];
  get(path: string, options?: SendOptions): Promise<Answer>;
  post(path: string, body: string | Buffer, options?: SendOptions): Promise<Answer>;
  /** Sends the bytes as they are and returns everything that comes back until the server closes. */
  raw(text: string): Promise<string>;
}

interface SiteOptions extends Partial<Omit<ErrorHandling, 'log'>> {
  issuer?: string;
  trustedProxies?: readonly string[];
  app?: Koa;
}

export const ISSUER = 'https://id.example.com';

/** The front of the house in its running order, before the given middleware, on a real socket. */
export async function startSite(last: readonly Middleware[], options: SiteOptions = {}): Promise<Site> {
  const { issuer = ISSUER, trustedProxies = [], app = new Koa(), ...errors } = options;
  const logged: string[] = [];
  const log: Logger = createLogger({
    level: 'debug',
    destination: { write: (line) => void logged.push(line) },
  });
  app.proxy = true;
  app.on('error', (error: unknown) => log.warn({ err: error }, 'koa'));
  const front: Middleware[] = [
    requestId(),
    clientAddressFrom(trustedProxies),
    securityHeaders({ issuer }),
    handleErrors({ log, isProtocolPath: (path) => path === '/token', ...errors }),
    pinHost({ issuer, exempt: ['/livez', '/readyz'] }),
    limits(),
    wellFormedUrl(),
    canonicalPath({ dynamic: ['/reg/:clientId', '/interaction/:uid', '/interaction/:uid/login'] }),
    checkBody(),
  ];
  for (const middleware of [...front, ...last]) app.use(middleware);
  const handle = app.callback();
  const server = createServer(SERVER_OPTIONS, (req, res) => void handle(req, res));
  const port = await listen(server);
  const host = new URL(issuer).host;

  return {
    issuer,
    port,
    logged,
    get: (path, given = {}) => send(port, withHost(host, { path, ...given })),
    post: (path, body, given = {}) =>
      send(port, withHost(host, { path, method: 'POST', ...given }, FORM), body),
    raw: (text) => sendRaw(port, text),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const document = z.record(z.string(), z.unknown());

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

function withHost(host: string, options: SendOptions, defaults: Record<string, string> = {}): SendOptions {
  return {
    ...options,
    headers: { host, ...defaults, ...options.headers },
  };
}

export function send(port: number, options: SendOptions, body?: string | Buffer): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request({ host: '127.0.0.1', port, agent: false, ...options }, (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const isJson = /json/.test(response.headers['content-type'] ?? '');
      const json = isJson ? document.parse(JSON.parse(text)) : {};
      resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
    });
  });
  sent.on('error', reject).end(body);
  return promise;
}

function sendRaw(port: number, text: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let received = '';
  const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'));
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => (received += chunk));
  socket.on('close', () => resolve(received)).on('error', reject);
  return promise;
}

/** On a free port of loopback; resolves with it. */
export async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('not listening on a port');
  return address.port;
}

/** Answers with what the request looks like behind the front. */
export const echo: Middleware = async function echoRequest(ctx, next) {
  if (!['/echo', '/token', '/livez', '/reg/cli_Abc'].includes(ctx.path)) {
    await next();
    return;
  }
  let body = '';
  for await (const chunk of ctx.req.iterator({ destroyOnReturn: false })) body += String(chunk);
  ctx.body = {
    body,
    state: ctx.state,
    ip: ctx.ip,
    ips: ctx.ips,
    host: ctx.host,
    protocol: ctx.protocol,
    href: ctx.href,
    origin: `${ctx.protocol}://${ctx.host}`,
    headers: ctx.req.headers,
  };
};
