import { invalidMetadata } from './problem.ts';

/** Longer ones break somewhere between us and the browser. */
const URI_LENGTH_MAX = 2000;

/**
 * RFC 3986 §2: unreserved, reserved or percent-encoded, nothing else. That leaves no space, control character, backslash,
 * quote or letter beyond ASCII, which browsers, proxies and CSP each read in their own way.
 */
const URI_CHARACTERS = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;

const LOOPBACK_HOSTS = new Set(['localhost', '127.0.0.1', '[::1]']);

/** `.` and `..` in a path mean another path than they say, encoded or not. */
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?=[/?#]|$)/i;

/** RFC 8252 §7.1: a reversed domain name, which is what keeps `javascript:`, `data:` and the like out. */
const PRIVATE_USE_SCHEME = /^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:$/;

/** Where the browser is sent: RFC 9700 §2.1 compares by exact string, so what is registered has to be exact itself. */
export function checkRedirectUri(value: string, member: string, policy: { native: boolean }): void {
  const url = parse(value, member);
  if (value.includes('#')) throw invalidMetadata(member, 'must not have a fragment');
  if (value.includes('*')) throw invalidMetadata(member, 'must not have wildcards: list every URI in full');
  if (DOT_SEGMENT.test(value)) throw invalidMetadata(member, 'must not have . or .. as a path segment');
  const isLoopback = LOOPBACK_HOSTS.has(url.hostname);
  switch (url.protocol) {
    case 'https:':
      if (policy.native && isLoopback) {
        throw invalidMetadata(member, 'must use http for the loopback address of a native app');
      }
      return;
    case 'http:':
      if (!isLoopback)
        throw invalidMetadata(member, 'must use https; http is for localhost, 127.0.0.1 and [::1] only');
      return;
    default:
      if (!policy.native) throw invalidMetadata(member, 'must use https (application_type is web)');
      if (!PRIVATE_USE_SCHEME.test(url.protocol)) {
        throw invalidMetadata(
          member,
          'must use https or a scheme that is a reversed domain name, like com.example.app',
        );
      }
  }
}

export interface WebUriPolicy {
  /** `http` on a loopback address: for whom is developing. */
  readonly allowLoopbackHttp: boolean;
  /** We fetch it on behalf of somebody we do not know, so names and addresses inside our network are refused. */
  readonly publicHostOnly: boolean;
}

/** A page to link to, or a document for us to fetch. */
export function checkWebUri(value: string, member: string, policy: WebUriPolicy): void {
  const url = parse(value, member);
  const isLoopback = LOOPBACK_HOSTS.has(url.hostname);
  const allowed =
    url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback && policy.allowLoopbackHttp);
  if (!allowed) throw invalidMetadata(member, 'must use https');
  if (policy.publicHostOnly && !isPublicName(url.hostname)) {
    throw invalidMetadata(member, 'must have a public host name, not an address or an internal name');
  }
}

function parse(value: string, member: string): URL {
  if (value.length > URI_LENGTH_MAX) {
    throw invalidMetadata(member, `must be at most ${URI_LENGTH_MAX} characters`);
  }
  const url = URI_CHARACTERS.test(value) ? URL.parse(value) : null;
  if (!url) throw invalidMetadata(member, 'must be an absolute URI (RFC 3986)');
  const authority = /^[^:]*:\/\/([^/?#]*)/.exec(value)?.[1];
  if (authority?.includes('@'))
    throw invalidMetadata(member, 'must not have user information before the host');
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
  if (!isWeb) return url;
  // `https:host`, `https:/host` and `http://0x7f.1` parse to something other than what they look like.
  const host = authority?.toLowerCase().replace(/:\d+$/, '');
  if (host === undefined || host !== url.hostname) {
    throw invalidMetadata(member, 'must name its host plainly after //');
  }
  return url;
}

/** Literal addresses and special-use names (RFC 6761, RFC 8375); what a name resolves to is the egress guard's affair. */
function isPublicName(hostname: string): boolean {
  if (hostname.startsWith('[') || /^[\d.]+$/.test(hostname) || !hostname.includes('.')) return false;
  return !/\.(?:localhost|local|internal|test|invalid|home\.arpa)\.?$/.test(hostname);
}
