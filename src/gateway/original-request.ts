import type Koa from 'koa';

import { httpError } from '../http/errors.ts';
import { proxyHeader } from '../http/proxy-header.ts';

/** The request that the gateway holds while it asks. */
export interface OriginalRequest {
  readonly method: string;
  /** Absolute, as the client wrote it. */
  readonly url: string;
}

/** RFC 9110 §5.6.2; the longest registered method has 17 letters. */
const METHOD = /^[A-Za-z!#$%&'*+.^_`|~-]{1,32}$/;
/** A host is a name, an address or a bracketed IPv6 address, with or without a port. A user name is none of it. */
const ADDRESS = /^https?:\/\/(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?(?:[/?]\S*)?$/;
/** A gateway that speaks of a WebSocket means the request that opens it. */
const SCHEMES: Readonly<Record<string, string>> = { http: 'http', https: 'https', ws: 'http', wss: 'https' };

/**
 * What a trusted gateway says of it: `X-Forwarded-Method`, `-Proto`, `-Host` and `-Uri` (Traefik, Caddy), or
 * `X-Original-Method` and `X-Original-URL` (nginx, HAProxy, Envoy), or `X-Original-URI` with the host from the first family.
 * undefined when it says too little or is not trusted. Two families that tell different stories are refused: a gateway
 * writes one of them, and the other is then the client's.
 */
export function originalRequest(ctx: Koa.Context): OriginalRequest | undefined {
  const method = agree('method', [
    proxyHeader(ctx, 'X-Original-Method'),
    proxyHeader(ctx, 'X-Forwarded-Method'),
  ]);
  const url = agree('URL', [
    proxyHeader(ctx, 'X-Original-URL'),
    composed(ctx, proxyHeader(ctx, 'X-Original-URI')),
    composed(ctx, proxyHeader(ctx, 'X-Forwarded-Uri')),
  ]);
  if (method === undefined || url === undefined) return undefined;
  if (!METHOD.test(method)) throw invalid('The method of the original request is none.');
  if (!ADDRESS.test(url) || !URL.canParse(url)) throw invalid('The URL of the original request is none.');
  return { method, url };
}

function composed(ctx: Koa.Context, uri: string | undefined): string | undefined {
  if (uri === undefined) return undefined;
  const host = proxyHeader(ctx, 'X-Forwarded-Host');
  const scheme = SCHEMES[proxyHeader(ctx, 'X-Forwarded-Proto')?.toLowerCase() ?? ''];
  if (host === undefined || scheme === undefined || !uri.startsWith('/')) return undefined;
  return `${scheme}://${host}${uri}`;
}

function agree(what: string, given: readonly (string | undefined)[]): string | undefined {
  const [first, ...others] = [...new Set(given.filter((value) => value !== undefined))];
  if (others.length > 0) throw invalid(`The headers contradict each other about the original ${what}.`);
  return first;
}

function invalid(message: string): Error {
  return httpError('invalid_request', message);
}
