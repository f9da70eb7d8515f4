import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { formatIp, isWithin, networkOf, parseCidr, parseIp, unmapped, type Cidr, type Ip } from './ip.ts';
import { stateOf, type Middleware } from './middleware.ts';

/**
 * Who is calling, decided here and nowhere else (standards: RFC 9700 §4.13, `X-Forwarded-For` read from the
 * right). Limits, audit and logs use `ctx.state.address`.
 */

/** Longest proxy chain believed. Real ones have two or three hops; the rest of a long list is only work for us. */
const FORWARDED_HOPS_MAX = 20;

/** Headers by which a trusted proxy speaks about its peer. From anybody else they are lies, so nobody gets to read them. */
const PROXY_HEADER =
  /^(?:x-forwarded(?:-|$)|forwarded$|x-real-ip$|x-client-|true-client-ip$|cf-connecting-|x-ssl-|ssl-client-|x-original-|x-rewrite-|client-cert(?:-chain)?$)/;

const UNKNOWN = 'unknown';

/**
 * Sets `ctx.state.address`, and makes Koa's own `ctx.ip` say the same by rewriting `X-Forwarded-For`, because Koa
 * reads its leftmost entry, which is whatever the client wrote. `furtherHeader` is one more that only a proxy may send.
 */
export function clientAddressFrom(trustedProxies: readonly string[], furtherHeader?: string): Middleware {
  const trusted = parseTrusted(trustedProxies);
  // Without proxies the address is the peer's, for as long as the connection lasts.
  const peers = new WeakMap<Socket, string>();

  function addressOf(req: IncomingMessage): string {
    if (trusted.length > 0) return clientAddress(req, trusted);
    const address = peers.get(req.socket) ?? clientAddress(req, trusted);
    peers.set(req.socket, address);
    return address;
  }

  return function findClientAddress(ctx, next) {
    const address = addressOf(ctx.req);
    const fromProxy = trusted.length > 0 && isFromProxy(ctx.req, trusted);
    stateOf(ctx).fromProxy = fromProxy;
    if (dropProxyHeaders(ctx.req.headers) && !fromProxy) stateOf(ctx).spoofedHeaders = true;
    if (furtherHeader !== undefined) delete ctx.req.headers[furtherHeader];
    ctx.req.headers['x-forwarded-for'] = address;
    stateOf(ctx).address = address;
    return next();
  };
}

/** CIDRs as configured; the configuration has refused anything unparseable, so a bad one is a bug here. */
export function parseTrusted(list: readonly string[]): Cidr[] {
  return list.map((text) => {
    const cidr = parseCidr(text.trim());
    if (!cidr) throw new TypeError(`not an address or CIDR: ${text}`);
    return cidr;
  });
}

/** Canonical address of the nearest hop that is not one of our proxies. */
export function clientAddress(req: IncomingMessage, trusted: readonly Cidr[]): string {
  const peer = parsePeer(req.socket.remoteAddress ?? '');
  if (!peer) return UNKNOWN;
  if (!isTrusted(peer, trusted)) return formatIp(peer);
  return formatIp(walk(peer, forwardedFor(req), trusted));
}

/**
 * What limits count by: one IPv4 address, or the IPv6 /64 that one subscriber owns whole. `wide` is the network around
 * it (/24, /48), for limits against somebody who owns many.
 */
export function addressPrefix(address: string, width: 'narrow' | 'wide' = 'narrow'): string {
  const ip = parseIp(address);
  if (!ip) return address;
  const plain = unmapped(ip);
  if (width === 'wide') return networkOf(plain, plain.family === 4 ? 24 : 48);
  return plain.family === 4 ? formatIp(plain) : networkOf(plain, 64);
}

function forwardedFor(req: IncomingMessage): string[] {
  const value = req.headers['x-forwarded-for'];
  const text = Array.isArray(value) ? value.join(',') : (value ?? '');
  return text.split(',').slice(-FORWARDED_HOPS_MAX);
}

function walk(peer: Ip, hops: readonly string[], trusted: readonly Cidr[]): Ip {
  let nearest = peer;
  for (const text of hops.toReversed()) {
    if (text.trim() === '') continue;
    const hop = parseHop(text);
    // What stands left of an unreadable item was written by whoever our proxy could not name: nothing vouches for it.
    if (!hop) return nearest;
    nearest = hop;
    if (!isTrusted(hop, trusted)) return hop;
  }
  return nearest;
}

function isFromProxy(req: IncomingMessage, trusted: readonly Cidr[]): boolean {
  const peer = parsePeer(req.socket.remoteAddress ?? '');
  return peer !== undefined && isTrusted(peer, trusted);
}

function isTrusted(ip: Ip, trusted: readonly Cidr[]): boolean {
  return trusted.some((cidr) => isWithin(cidr, ip));
}

/** As the operating system writes it. On a dual-stack socket most are mapped, and stripping that is faster than parsing it. */
function parsePeer(text: string): Ip | undefined {
  const ip = parseIp(text.startsWith('::ffff:') && text.includes('.') ? text.slice('::ffff:'.length) : text);
  return ip && unmapped(ip);
}

/** `203.0.113.7`, `203.0.113.7:4711`, `2001:db8::1`, `[2001:db8::1]:4711`, each possibly quoted or with a zone. */
function parseHop(text: string): Ip | undefined {
  const bare = text.trim().replace(/^"(.*)"$/, '$1');
  const bracketed = /^\[([^\]]+)\](?::\d{1,5})?$/.exec(bare);
  const withPort = /^(\d+\.\d+\.\d+\.\d+):\d{1,5}$/.exec(bare);
  const ip = parseIp(bracketed?.[1] ?? withPort?.[1] ?? bare);
  return ip && unmapped(ip);
}

/** Whether there were any. */
function dropProxyHeaders(headers: IncomingMessage['headers']): boolean {
  let found = false;
  for (const name of Object.keys(headers)) {
    if (!PROXY_HEADER.test(name)) continue;
    delete headers[name];
    found = true;
  }
  return found;
}
