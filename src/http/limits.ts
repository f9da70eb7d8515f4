import type { ServerOptions } from 'node:http';
import type { AppError } from '../errors.ts';
import { httpError } from './errors.ts';
import type { Middleware } from './middleware.ts';

/** Longest request target. Signed requests by value reach 4 kB; what is longer belongs into PAR. */
export const URL_BYTES_MAX = 8 * 1024;

/** Largest body, the same number the library enforces on what it reads itself. */
export const BODY_BYTES_MAX = 56 * 1024;

/** All header lines together. Several session and interaction cookies need about 4 kB; an 8 kB URL counts as well. */
export const HEADER_BYTES_MAX = 16 * 1024;

/** TRACE echoes credentials, CONNECT asks for a proxy; the rest has no meaning here. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** For `http.createServer`: limits that apply before any middleware sees the request. */
export const SERVER_OPTIONS = {
  maxHeaderSize: HEADER_BYTES_MAX,
  insecureHTTPParser: false,
  requireHostHeader: true,
  /** A slow sender is cut off, not waited for; node looks for them at this interval. */
  headersTimeout: 15_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 5_000,
  /** Longer than the 60 s after which common proxies drop an idle upstream connection, so that the proxy closes first. */
  keepAliveTimeout: 65_000,
} as const satisfies ServerOptions;

/** Refuses what is too large to be honest before anything parses it. */
export function limits(): Middleware {
  return function enforceLimits(ctx, next) {
    if (!METHODS.has(ctx.method)) {
      ctx.set('Allow', [...METHODS].join(', '));
      throw httpError('method_not_allowed', `${ctx.method} is not supported.`);
    }
    if (ctx.url.length > URL_BYTES_MAX) {
      throw httpError('uri_too_long', `The URL is longer than ${URL_BYTES_MAX} bytes.`);
    }
    if (Number(ctx.req.headers['content-length'] ?? 0) > BODY_BYTES_MAX) throw bodyTooLarge();
    return next();
  };
}

export function bodyTooLarge(): AppError {
  return httpError('body_too_large', `The body is larger than ${BODY_BYTES_MAX} bytes.`);
}
