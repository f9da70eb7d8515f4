/**
 * What the adapters (koa.ts, express.ts, fastify.ts, node-http.ts) share: a request of node's as the verifier wants it, and the
 * answer to a refusal. The shapes are written down here instead of taken from the frameworks, so that nobody needs their types.
 */
import { TokenError } from './token-error.ts';
import type { Requirements, ResourceRequest, VerifiedToken, Verifier } from './verifier.ts';

/** What one route asks for, and how the API is reached. */
export interface AuthOptions extends Requirements {
  /**
   * The API's public origin, `https://api.example`, with a path prefix where a proxy takes one off. DPoP proofs are compared with
   * it (RFC 9449 §4.3, `htu`). Without it the `Host` header is believed, which the client wrote: say it when tokens are bound.
   */
  readonly origin?: string | undefined;
  /**
   * Believe `X-Forwarded-Proto` and `X-Forwarded-Host`. Only behind a proxy that overwrites both. Default false; of no use
   * together with `origin`.
   */
  readonly trustForwarded?: boolean | undefined;
  /**
   * The client certificate, where a proxy ends TLS: usually a header that the proxy sets and takes away from everybody else.
   * Default: the certificate of the TLS connection.
   */
  readonly certificate?:
    ((req: IncomingRequest) => string | readonly string[] | Uint8Array | undefined) | undefined;
  /** Told of every refusal, for logs: a TokenError, or a bug. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** `http.IncomingMessage`, as much of it as is looked at. */
export interface IncomingRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly rawHeaders?: readonly string[] | undefined;
  readonly socket: object;
}

export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string;
}

export type AuthOutcome =
  { readonly ok: true; readonly token: VerifiedToken } | { readonly ok: false; readonly answer: ErrorAnswer };

/** Headers of an error that a client in a browser has to read. Without this CORS hides them (RFC 9449 §8.2). */
const EXPOSED = ['WWW-Authenticate', 'DPoP-Nonce', 'Retry-After'];

/** `target` is the request target as the client sent it; routers change `req.url`. Never rejects. */
export function createAuthenticator(
  verifier: Pick<Verifier, 'authenticate'>,
  options: AuthOptions = {},
): (req: IncomingRequest, target: string) => Promise<AuthOutcome> {
  const { scopes, anyScope, acrValues, maxAge } = options;
  const requirements = { scopes, anyScope, acrValues, maxAge };
  const origin = options.origin === undefined ? undefined : parseOrigin(options.origin);

  return async (req, target) => {
    try {
      const request = describeRequest(req, target, origin, options);
      return { ok: true, token: await verifier.authenticate(request, requirements) };
    } catch (error) {
      tell(options, error);
      return { ok: false, answer: answerTo(error) };
    }
  };
}

/** The answer as headers to set, given what `Access-Control-Expose-Headers` says already. */
export function withExposedHeaders(answer: ErrorAnswer, exposed: unknown): [string, string | string[]][] {
  const before = typeof exposed === 'string' && exposed !== '' ? [exposed] : [];
  return [
    ...Object.entries(answer.headers),
    ['Access-Control-Expose-Headers', [...before, ...EXPOSED].join(', ')],
  ];
}

/** The token that an adapter left at `req.auth` (Express, Fastify) or `ctx.state.auth` (Koa). Throws where there is none. */
export function tokenOf(place: object): VerifiedToken {
  if ('auth' in place && isVerified(place.auth)) return place.auth;
  throw new TypeError('there is no token here: is the route behind the adapter?');
}

function isVerified(value: unknown): value is VerifiedToken {
  return typeof value === 'object' && value !== null && 'claims' in value && 'scopes' in value;
}

function describeRequest(
  req: IncomingRequest,
  target: string,
  origin: string | undefined,
  options: AuthOptions,
): ResourceRequest {
  return {
    method: req.method ?? '',
    url: (origin ?? derivedOrigin(req, options.trustForwarded === true)) + pathOf(target),
    authorization: headersOf(req, 'authorization'),
    dpop: headersOf(req, 'dpop'),
    // Read only when the token is bound to a certificate: few are.
    get certificate() {
      return options.certificate ? givenCertificate(options.certificate(req)) : peerCertificate(req.socket);
    },
  };
}

/** Every header of the name. Node keeps the first `Authorization` and joins other repeated ones, which hides that there were two. */
function headersOf({ rawHeaders, headers }: IncomingRequest, name: string): readonly string[] {
  if (rawHeaders === undefined || rawHeaders.length === 0) return [headers[name] ?? []].flat();
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
}

function derivedOrigin({ headers, socket }: IncomingRequest, trustForwarded: boolean): string {
  const forwarded = (name: string) => (trustForwarded ? single(headers[name]) : undefined);
  const encrypted = 'encrypted' in socket && socket.encrypted === true;
  const protocol = forwarded('x-forwarded-proto') ?? (encrypted ? 'https' : 'http');
  const host =
    forwarded('x-forwarded-host') ?? single(headers[':authority']) ?? single(headers['host']) ?? '';
  return `${protocol}://${host}`;
}

/** RFC 9112 §3.2: a target is a path, or a whole address of which the path counts, since the origin is known. */
function pathOf(target: string): string {
  const path = target.replace(/^https?:\/\/[^/?#]*/i, '');
  // Whatever else it is, it must not go on with the host.
  return path.startsWith('/') ? path : `/${path}`;
}

function parseOrigin(origin: string): string {
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || /[?#@]/.test(origin)) {
    throw new TypeError(`${origin} is not an origin such as https://api.example`);
  }
  return url.origin + url.pathname.replace(/\/+$/, '');
}

/** A list of values was written by more than one hand, and there is no telling whose counts. */
function single(value: string | string[] | undefined): string | undefined {
  if (typeof value !== 'string' || value === '' || value.includes(',')) return undefined;
  return value;
}

/** Of several certificates none counts: what is joined here cannot be read. Proxies send an empty header where there is none. */
function givenCertificate(
  value: string | readonly string[] | Uint8Array | undefined,
): string | Uint8Array | undefined {
  if (value === undefined || value instanceof Uint8Array) return value;
  const text = typeof value === 'string' ? value : value.join(', ');
  return text === '' ? undefined : text;
}

function peerCertificate(socket: object): Uint8Array | undefined {
  if (!('getPeerCertificate' in socket) || typeof socket.getPeerCertificate !== 'function') return undefined;
  // An empty object when there is none.
  const certificate: unknown = socket.getPeerCertificate();
  const raw =
    typeof certificate === 'object' && certificate !== null && 'raw' in certificate && certificate.raw;
  return raw instanceof Uint8Array ? raw : undefined;
}

/** Only what a TokenError says goes out. Anything else is a bug, whose words are nobody's business. */
function answerTo(error: unknown): ErrorAnswer {
  const known = error instanceof TokenError;
  const body = known
    ? error.toJSON()
    : { error: 'server_error', error_description: 'The access token could not be checked.' };
  const given = Object.entries(known ? error.headers : {});
  return {
    status: known ? error.status : 500,
    headers: {
      ...Object.fromEntries(
        given.map(([name, value]) => [name, typeof value === 'string' ? value : [...value]]),
      ),
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
    },
    body: JSON.stringify(body),
  };
}

function tell({ onError }: AuthOptions, error: unknown): void {
  if (!onError) {
    // A bug that nobody hears of stays.
    if (!(error instanceof TokenError)) warn(error);
    return;
  }
  try {
    onError(error);
  } catch (failure) {
    warn(failure);
  }
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error));
}
