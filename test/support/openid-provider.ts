import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { makeSigner, type Signer } from '../standards/forge.ts';

type Handler = (req: IncomingMessage, res: ServerResponse) => void;
type Claims = Readonly<Record<string, unknown>>;

/** An OpenID provider that says whatever a test has it say, and its client's registration. */
export interface OpenIdProvider {
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  signer: Signer;
  /** What /jwks says. */
  jwks: Claims[];
  metadata: Claims;
  /** By path: answers instead of the usual. */
  readonly faults: Map<string, Handler>;
  /** Changes to the next ID tokens; undefined takes a claim away. */
  claims: Claims;
  header: Claims;
  /** The whole of the next ID tokens, made of what they would say. */
  forge: ((claims: Claims) => string) | undefined;
  userinfo: Claims;
  /** Of the latest token request. */
  readonly tokenRequests: { readonly form: URLSearchParams; readonly authorization: string | undefined }[];
  count(path: string): number;
  /** Where it sends the browser that came with this authorization request. */
  answer(request: URL, changes?: Readonly<Record<string, string | undefined>>): URL;
  /** For the back channel. */
  logoutToken(changes?: Claims, header?: Claims): string;
  /** Says the usual again. */
  reset(): void;
  close(): Promise<void>;
}

export async function startOpenIdProvider(): Promise<OpenIdProvider> {
  const counts = new Map<string, number>();
  const server = http.createServer((req, res) => void handle(req, res)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const first = makeSigner('key-1');
  let nonce = '';

  const provider: OpenIdProvider = {
    url,
    clientId: 'guichet',
    clientSecret: 'a secret: with/signs+%',
    signer: first,
    jwks: [{ ...first.jwk }],
    metadata: {},
    faults: new Map(),
    claims: {},
    header: {},
    forge: undefined,
    userinfo: {},
    tokenRequests: [],
    count: (path) => counts.get(path) ?? 0,
    answer(request, changes = {}) {
      const asked = request.searchParams;
      nonce = asked.get('nonce') ?? '';
      const back = new URL(asked.get('redirect_uri') ?? '');
      const parameters = { code: randomUUID(), state: asked.get('state') ?? '', iss: url, ...changes };
      for (const [name, value] of Object.entries(parameters)) {
        if (value !== undefined) back.searchParams.set(name, value);
      }
      return back;
    },
    logoutToken(changes = {}, header = {}) {
      const events = { 'http://schemas.openid.net/event/backchannel-logout': {} };
      const usual = { iss: url, aud: 'guichet', iat: now(), exp: now() + 120, jti: randomUUID(), events };
      return provider.signer.sign(headerOf({ typ: 'logout+jwt', ...header }), { ...usual, ...changes });
    },
    reset() {
      provider.signer = first;
      provider.jwks = [{ ...first.jwk }];
      provider.metadata = {};
      provider.faults.clear();
      provider.claims = {};
      provider.header = {};
      provider.forge = undefined;
      provider.userinfo = {};
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };

  function headerOf(changes: Claims): Claims {
    return { alg: 'ES256', kid: provider.signer.jwk['kid'], ...changes };
  }

  function idToken(): string {
    const usual = { iss: url, sub: 'person-1', aud: 'guichet', nonce, iat: now(), exp: now() + 300 };
    const claims = Object.fromEntries(
      Object.entries({ ...usual, ...provider.claims }).filter(([, value]) => value !== undefined),
    );
    return provider.forge?.(claims) ?? provider.signer.sign(headerOf(provider.header), claims);
  }

  async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const { pathname } = new URL(req.url ?? '/', url);
    counts.set(pathname, (counts.get(pathname) ?? 0) + 1);
    const chunks: Buffer[] = [];
    for await (const chunk of req as AsyncIterable<Buffer>) chunks.push(chunk);
    if (pathname === '/token') {
      const form = new URLSearchParams(Buffer.concat(chunks).toString());
      provider.tokenRequests.push({ form, authorization: req.headers.authorization });
    }
    const fault = provider.faults.get(pathname);
    if (fault) return fault(req, res);
    if (pathname === '/.well-known/openid-configuration') return sendJson(res, metadataOf(provider));
    if (pathname === '/jwks') return sendJson(res, { keys: provider.jwks });
    if (pathname === '/token') {
      return sendJson(res, { access_token: 'at', token_type: 'Bearer', expires_in: 60, id_token: idToken() });
    }
    if (pathname === '/me') {
      return sendJson(res, { sub: provider.claims['sub'] ?? 'person-1', ...provider.userinfo });
    }
    res.writeHead(404).end();
  }

  return provider;
}

export function sendJson(res: ServerResponse, body: unknown, status = 200): void {
  res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

function metadataOf({ url, metadata }: OpenIdProvider): Claims {
  return {
    issuer: url,
    authorization_endpoint: `${url}/authorize`,
    token_endpoint: `${url}/token`,
    userinfo_endpoint: `${url}/me`,
    jwks_uri: `${url}/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256', 'HS256', 'none'],
    authorization_response_iss_parameter_supported: true,
    ...metadata,
  };
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}
