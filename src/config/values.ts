import { isIP } from 'node:net';
import { z } from 'zod';

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

export function choice<const T extends readonly string[]>(options: T) {
  return z.enum(options, { error: `must be one of: ${options.join(', ')}` });
}

/** A path or an address: whether it works shows when it is used. */
export function text() {
  // PATH_MAX of Linux; no address is as long.
  return z.string().max(4096, { error: 'is too long' });
}

/** Decimal digits and nothing else: no sign, exponent or surrounding space that `Number()` would forgive. */
export function integer({ min, max }: { min: number; max: number }) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,12}$/, { error: message, abort: true })
    .transform(Number)
    .refine((value) => value >= min && value <= max, message);
}

/**
 * RFC 8414 §2: an issuer has no query or fragment. We serve at the root of an origin, because `.well-known` documents
 * of an issuer with a path would live outside that path, on somebody else's server.
 */
export function issuer() {
  return parsed((text) => {
    if (!URL.canParse(text)) return problem('must be an absolute URL such as https://login.example.com');
    const url = new URL(text);
    if (url.protocol !== 'https:' && url.protocol !== 'http:')
      return problem('must start with https:// or http://');
    if (url.username !== '' || url.password !== '')
      return problem('must not contain a user name or password');
    if (/[?#]/.test(text)) return problem('must not contain a query or fragment');
    if (url.pathname !== '/')
      return problem(`must not have a path (found ${url.pathname}): use an origin of its own`);
    return { value: url.origin };
  });
}

export function postgresUrl() {
  return parsed((text) => {
    // `user:password@/name?host=/folder` names a unix socket (libpq's form), which is no URL for want of a host.
    const known = /^postgres(?:ql)?:\/\//.test(text) && URL.canParse(text.replace('@/', '@socket/'));
    return known ? { value: text } : problem('must look like postgres://user:password@host:5432/name');
  });
}

export function smtpUrl() {
  return parsed((text) => {
    const url = URL.parse(text);
    const known = url !== null && /^smtps?:$/.test(url.protocol) && url.hostname !== '';
    return known ? { value: text } : problem('must look like smtp://user:password@host:587');
  });
}

/** Host names as URLs write them: lower case, IDNs in ASCII. */
export function domains() {
  return list((text) => {
    const host = URL.parse(`https://${text}`)?.hostname;
    const isDomain = host !== undefined && host.includes('.') && /^[^\s/@:?#]+$/.test(text);
    return isDomain ? { value: host } : problem(`must list domains such as example.com (found ${text})`);
  });
}

export function color() {
  return z
    .string()
    .regex(/^#[0-9a-f]{6}$/i, { error: 'must look like #1a2b3c' })
    .transform((text) => text.toLowerCase());
}

/** Any text: how strong it must be depends on the mode (`weakness.ts`). */
export function signingSecrets() {
  return list((text) => ({ value: text }));
}

/** 32 bytes each, as `openssl rand -base64 32` or `openssl rand -hex 32` print them. */
export function encryptionKeys() {
  return list((text) => {
    const key = decodeKey(text);
    return key === undefined
      ? problem('must be 32 bytes in base64 or hex; make one with: openssl rand -base64 32')
      : { value: key };
  });
}

export function proxies() {
  return list((text) => {
    const block = cidrBlock(text);
    if (block === undefined) return problem('must be addresses or CIDR blocks such as 10.0.0.0/8');
    // Trusting every peer would let any visitor choose the address we see.
    if (block.endsWith('/0')) return problem('must not trust every address');
    return { value: block };
  });
}

/** Names that mean something else on the way. A proxy's own words about addresses and hosts are among them. */
const TAKEN_HEADERS =
  /^(?:host|authorization|dpop|cookie|connection|content-.*|accept.*|x-forwarded-(?:for|host|proto))$/;

export function headerName() {
  return parsed((text) => {
    const name = text.toLowerCase();
    // Without `_`, although RFC 9110 §5.1 has it: many servers take `_` and `-` for the same and drop one of them.
    if (!/^[a-z][a-z0-9-]{0,63}$/.test(name)) return problem('must be a header name such as Client-Cert');
    return TAKEN_HEADERS.test(name) ? problem('names a header that has another meaning') : { value: name };
  });
}

export function allowedTargets() {
  return list((text) => {
    const target = cidrBlock(text) ?? hostName(text);
    return target === undefined ? problem('must be host names, addresses or CIDR blocks') : { value: target };
  });
}

type Parsed<T> = { value: T } | { problem: string };

function problem(text: string): { problem: string } {
  return { problem: text };
}

function parsed<T>(parse: (text: string) => Parsed<T>) {
  return z.string().transform((text, context): T => {
    const result = parse(text);
    if ('value' in result) return result.value;
    context.addIssue(result.problem);
    return z.NEVER;
  });
}

/** Comma-separated; the environment has no other kind of list. */
function list<T>(parse: (text: string) => Parsed<T>) {
  return parsed<T[]>((text) => {
    const values: T[] = [];
    for (const member of text.split(',')) {
      const result: Parsed<T> =
        member.trim() === '' ? problem('must not list anything empty') : parse(member.trim());
      if ('problem' in result) return result;
      values.push(result.value);
    }
    return { value: values };
  });
}

function decodeKey(text: string): Buffer | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex');
  if (/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) return Buffer.from(text, 'base64');
  return undefined;
}

function cidrBlock(text: string): string | undefined {
  const [address = '', prefix, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0 || address.includes('%')) return undefined;
  const bits = family === 4 ? 32 : 128;
  if (prefix === undefined) return `${address}/${bits}`;
  return /^\d{1,3}$/.test(prefix) && Number(prefix) <= bits ? `${address}/${Number(prefix)}` : undefined;
}

function hostName(text: string): string | undefined {
  const labels = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))*$/i;
  // All digits and dots is an address written wrongly, not a name.
  return labels.test(text) && !/^[\d.]+$/.test(text) ? text.toLowerCase() : undefined;
}
