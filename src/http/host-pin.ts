import type Koa from 'koa';
import { httpError } from './errors.ts';
import { pathOf, type Middleware } from './middleware.ts';

export interface HostPinOptions {
  issuer: string;
  /** Exact paths that probes and gateways call by address, where a wrong Host says nothing about the caller. */
  exempt?: readonly string[];
}

/**
 * The library builds endpoint URLs and accepted assertion audiences from the request's host and protocol. So a request
 * must name the issuer's host, and afterwards the request looks as if it came by the issuer's own URL, whatever any
 * header said (design: T4). Needs `app.proxy = true`, because Koa takes the protocol from X-Forwarded-Proto only then.
 */
export function pinHost({ issuer, exempt = [] }: HostPinOptions): Middleware {
  const url = new URL(issuer);
  const protocol = url.protocol.slice(0, -1);
  const accepted = acceptedHosts(url);
  const free = new Set(exempt);

  return function pinRequestToIssuer(ctx, next) {
    const { headers } = ctx.req;
    // RFC 9112 §3.2: a request with more than one Host header gets a 400.
    if (countHosts(ctx.req.rawHeaders) > 1)
      throw httpError('malformed_request', 'There is more than one Host header.');
    if (!free.has(pathOf(ctx))) checkTarget(ctx, accepted, url);
    headers.host = url.host;
    headers['x-forwarded-proto'] = protocol;
    delete headers['x-forwarded-host'];
    delete headers['forwarded'];
    return next();
  };
}

function checkTarget({ req }: Koa.Context, accepted: ReadonlySet<string>, url: URL): void {
  // RFC 9112 §3.2.2: an absolute-form target overrides Host. We are nobody's proxy and have no use for one.
  const isPlainTarget = req.url?.startsWith('/') ?? false;
  if (isPlainTarget && accepted.has((req.headers.host ?? '').toLowerCase())) return;
  throw httpError(
    'misdirected_request',
    `This server answers for ${url.origin} only: send "Host: ${url.host}". Behind a reverse proxy, let it pass the Host header on unchanged.`,
  );
}

/** Names are compared without case, and a default port may be written out (RFC 9110 §4.2.3). */
function acceptedHosts(url: URL): ReadonlySet<string> {
  if (url.port) return new Set([url.host]);
  return new Set([url.host, `${url.host}:${url.protocol === 'https:' ? 443 : 80}`]);
}

function countHosts(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count;
}
