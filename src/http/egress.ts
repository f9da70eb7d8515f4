import type { LookupAddress } from 'node:dns';
import {
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP } from 'node:net';
import { AppError } from '../errors.ts';
import { createEgressPolicy, type EgressPolicy } from './egress-policy.ts';
import { createNameLookups, lookupBySystem, type Lookup } from './name-lookups.ts';

/**
 * The one way out. Every outbound call (jwks_uri, sector identifiers, back-channel logout, mail gateways) goes through
 * `fetch` here: the name is resolved once, every address is checked, and the connection goes to a checked address, so
 * that a name cannot point elsewhere between the check and the call. No redirects, no proxies from the environment.
 */
export interface Egress {
  /** Compatible with the global `fetch` as far as an API client needs; rejects with an `AppError` of status 502. */
  fetch(url: string | URL, init?: EgressInit): Promise<Response>;
  /**
   * For what is no HTTP: the addresses of a host, each of which may be reached. Whoever asks connects to these and to no other.
   * Rejects as `fetch` does.
   */
  addressesOf(hostname: string, options?: Pick<EgressInit, 'allowLoopback'>): Promise<LookupAddress[]>;
}

export interface EgressInit {
  method?: string;
  headers?: ConstructorParameters<typeof Headers>[0];
  body?: string | Uint8Array | URLSearchParams | null;
  signal?: AbortSignal | null;
  /** For the whole call, name resolution and body included. */
  timeoutMs?: number;
  bodyBytesMax?: number;
  /** Development: a client on this machine. */
  allowLoopback?: boolean;
}

export interface EgressOptions {
  /** GUICHET_EGRESS_ALLOW. */
  allow: readonly string[];
  /** Certificate authorities instead of the system's. */
  ca?: string | undefined;
  /** Every address of a name; the system's resolver when absent. */
  lookup?: Lookup;
}

/** A receiver that is slower is down for us; the library's own limit is 2.5 s. */
const TIMEOUT_MS = 5_000;

/** A JWKS with a hundred RSA keys has 40 kB. */
const BODY_BYTES_MAX = 128 * 1024;

const HEADER_BYTES_MAX = 16 * 1024;

/** Statuses for which a WHATWG Response must not have a body. */
const BODILESS = new Set([204, 205, 304]);

export function createEgress({ allow, ca, lookup }: EgressOptions): Egress {
  const policy = createEgressPolicy(allow);
  const find = lookup ? createNameLookups(lookup) : lookupBySystem;
  return {
    async fetch(url, init = {}) {
      const target = parseTarget(url);
      const { timeoutMs = TIMEOUT_MS, signal } = init;
      const deadline = AbortSignal.timeout(timeoutMs);
      const abort = signal ? AbortSignal.any([deadline, signal]) : deadline;
      try {
        const addresses = await resolve(target.hostname, policy, (name) => find(name, abort), init);
        return await send(target, addresses, { ...init, signal: abort }, ca);
      } catch (error) {
        throw toEgressError(error, target, deadline);
      }
    },
    addressesOf: (hostname, options = {}) =>
      resolve(hostname, policy, (name) => find(name, AbortSignal.timeout(TIMEOUT_MS)), options),
  };
}

function parseTarget(url: string | URL): URL {
  const target = new URL(url);
  if (target.protocol !== 'http:' && target.protocol !== 'https:')
    throw refused(target, 'only http and https are possible');
  if (target.username || target.password) throw refused(target, 'credentials in a URL are not sent');
  return target;
}

/** Every address of the name must be allowed: a mixture of public and private is how rebinding looks. */
async function resolve(
  hostname: string,
  policy: EgressPolicy,
  lookup: Lookup,
  { allowLoopback }: EgressInit,
): Promise<LookupAddress[]> {
  const literal = hostname.replace(/^\[(.*)\]$/, '$1');
  const addresses = isIP(literal) ? [{ address: literal, family: isIP(literal) }] : await lookup(hostname);
  const isFine =
    policy.isNameAllowed(hostname) ||
    addresses.every(({ address }) => policy.isAddressAllowed(address, { allowLoopback }));
  if (addresses.length === 0 || !isFine)
    throw new AppError('egress_refused', `${hostname} is not a public address`, { status: 502 });
  return addresses;
}

async function send(
  target: URL,
  addresses: LookupAddress[],
  { method = 'GET', headers, body, signal, bodyBytesMax = BODY_BYTES_MAX }: EgressInit,
  ca: string | undefined,
): Promise<Response> {
  const payload =
    body === null || body === undefined
      ? undefined
      : Buffer.from(body instanceof URLSearchParams ? body.toString() : body);
  const sent = new Headers(headers);
  sent.delete('host');
  sent.set('accept-encoding', 'identity');
  if (body instanceof URLSearchParams && !sent.has('content-type'))
    sent.set('content-type', 'application/x-www-form-urlencoded');
  if (payload) sent.set('content-length', String(payload.length));
  const options: RequestOptions = {
    method,
    headers: Object.fromEntries(sent),
    lookup: (_hostname, { all }, callback) => {
      const [first] = addresses;
      if (all) callback(null, addresses);
      else callback(null, first?.address ?? '', first?.family ?? 4);
    },
    maxHeaderSize: HEADER_BYTES_MAX,
    ...(signal ? { signal } : {}),
  };
  const response = await exchange(target, options, payload, ca);
  return toResponse(response, await readBody(response, bodyBytesMax));
}

function exchange(
  target: URL,
  options: RequestOptions,
  payload: Buffer | undefined,
  ca: string | undefined,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  // Agents of our own: the global ones may keep connections whose address was never checked, or use a proxy.
  const request =
    target.protocol === 'https:'
      ? httpsRequest(target, {
          ...options,
          agent: new HttpsAgent({ keepAlive: false }),
          ...(ca ? { ca } : {}),
        })
      : httpRequest(target, { ...options, agent: new HttpAgent({ keepAlive: false }) });
  // Some ends come without an error, such as that of a server that changes protocols.
  request
    .on('response', resolve)
    .on('error', reject)
    .on('close', () => reject(new Error('closed without an answer')));
  request.end(payload);
  return promise;
}

async function readBody(response: IncomingMessage, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let received = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    received += chunk.length;
    if (received > bytesMax)
      throw new AppError('egress_too_large', `the answer is larger than ${bytesMax} bytes`, { status: 502 });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, received);
}

function toResponse(message: IncomingMessage, body: Buffer): Response {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(message.headersDistinct))
    for (const value of values) headers.append(name, value);
  const encoding = headers.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity')
    throw new AppError('egress_failed', `the answer is encoded as ${encoding}`, { status: 502 });
  const status = message.statusCode ?? 0;
  return new Response(BODILESS.has(status) ? null : new Uint8Array(body), {
    status,
    statusText: message.statusMessage ?? '',
    headers,
  });
}

function toEgressError(error: unknown, target: URL, deadline: AbortSignal): AppError {
  if (error instanceof AppError) return error;
  const [code, words] = deadline.aborted
    ? ['egress_timeout', 'did not answer in time']
    : ['egress_failed', 'could not be reached'];
  return new AppError(code, `${target.origin} ${words}`, { status: 502, cause: error });
}

function refused(target: URL, reason: string): AppError {
  return new AppError('egress_refused', `${target.protocol}//${target.host}: ${reason}`, { status: 502 });
}
