import { DPOP_ALGORITHMS } from './dpop-key.ts';

/** What an API says of itself to clients that know only its address (RFC 9728 §2). */
export interface ProtectedResource {
  /** The API's identifier, which is what tokens carry in `aud`: an https URL without fragment (http on loopback only). */
  readonly resource: string;
  /** Issuers whose tokens it accepts. */
  readonly authorizationServers: readonly string[];
  readonly scopesSupported?: readonly string[] | undefined;
  /** Default: `header`, which is all that this package reads. */
  readonly bearerMethodsSupported?: readonly ('header' | 'body' | 'query')[] | undefined;
  /** Every token must be bound to a key by DPoP. */
  readonly dpopRequired?: boolean | undefined;
  /** Every token must be bound to a certificate (RFC 8705). */
  readonly certificateRequired?: boolean | undefined;
  readonly resourceName?: string | undefined;
  readonly resourceDocumentation?: string | undefined;
  readonly resourcePolicyUri?: string | undefined;
  readonly resourceTosUri?: string | undefined;
}

/** The members of RFC 9728 §2 as they go over the wire. */
export type ProtectedResourceMetadata = Readonly<Record<string, string | boolean | readonly string[]>>;

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

/** What is said here changes with a deployment: an hour is short against that, and spares every client a request per token. */
const MAX_AGE_SECONDS = 3_600;

/** The JSON document. Throws TypeError for a `resource` or an issuer that RFC 9728 does not allow. */
export function protectedResourceMetadata(about: ProtectedResource): ProtectedResourceMetadata {
  parseResource(about.resource);
  for (const issuer of about.authorizationServers) parseResource(issuer);
  const members = {
    resource: about.resource,
    authorization_servers: about.authorizationServers,
    scopes_supported: about.scopesSupported,
    bearer_methods_supported: about.bearerMethodsSupported ?? ['header'],
    dpop_signing_alg_values_supported: DPOP_ALGORITHMS,
    dpop_bound_access_tokens_required: about.dpopRequired,
    tls_client_certificate_bound_access_tokens: about.certificateRequired,
    resource_name: about.resourceName,
    resource_documentation: about.resourceDocumentation,
    resource_policy_uri: about.resourcePolicyUri,
    resource_tos_uri: about.resourceTosUri,
  };
  // RFC 9728 §3.2: members without values are left out, and so are empty lists.
  const said = Object.entries(members).filter(([, value]) => !(value === undefined || isEmptyList(value)));
  return Object.fromEntries(said) as ProtectedResourceMetadata;
}

/** Where the document of a resource is found: the well-known part goes between host and path (RFC 9728 §3.1). */
export function resourceMetadataUrl(resource: string): string {
  const { origin, pathname, search } = parseResource(resource);
  return `${origin}${WELL_KNOWN}${pathname === '/' ? '' : pathname}${search}`;
}

/** An answer that any server can give. */
export interface MetadataAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * Answers requests for the document, and `undefined` for every other address. `target` is the request target as the client sent
 * it, path and query. CORS is open, because clients in browsers look here first, and it holds no secret.
 */
export function createMetadataAnswer(
  about: ProtectedResource,
): (method: string, target: string) => MetadataAnswer | undefined {
  const body = JSON.stringify(protectedResourceMetadata(about));
  const { pathname, search } = new URL(resourceMetadataUrl(about.resource));
  const cors = { 'Access-Control-Allow-Origin': '*' };
  const answers: Readonly<Record<string, MetadataAnswer>> = {
    GET: {
      status: 200,
      headers: {
        ...cors,
        'Content-Type': 'application/json',
        'Cache-Control': `public, max-age=${MAX_AGE_SECONDS}`,
        'X-Content-Type-Options': 'nosniff',
      },
      body,
    },
    OPTIONS: {
      status: 204,
      // Clients of the Model Context Protocol send a header of their own and are asked for leave first.
      headers: { ...cors, 'Access-Control-Allow-Methods': 'GET, HEAD', 'Access-Control-Allow-Headers': '*' },
      body: '',
    },
  };
  const refused = { status: 405, headers: { ...cors, Allow: 'GET, HEAD, OPTIONS' }, body: '' };

  return (method, target) => {
    const [path, query] = splitOnce(target, '?');
    // A resource whose identifier has a query is told apart by it; for all others a query means nothing.
    if (path !== pathname || (search !== '' && `?${query}` !== search)) return undefined;
    const asked = method === 'HEAD' ? 'GET' : method;
    return (Object.hasOwn(answers, asked) ? answers[asked] : undefined) ?? refused;
  };
}

function parseResource(resource: string): URL {
  if (!URL.canParse(resource)) throw new TypeError(`${resource} is not a URL`);
  const url = new URL(resource);
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback)) {
    throw new TypeError(`${resource} must be https`);
  }
  if (resource.includes('#')) throw new TypeError(`${resource} must have no fragment`);
  return url;
}

function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}
