/** What an API knows of its issuer before it asks: which addresses are the issuer's own. */

/** Hosts that are this machine: what goes to them does not cross a network (RFC 8252 §8.3). */
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** RFC 8414 §2: a URL without query and fragment; https, or a machine talking to itself. */
export function problemOfIssuer(issuer: unknown, allowInsecure: boolean): string | undefined {
  if (typeof issuer !== 'string' || !URL.canParse(issuer)) return 'must be a URL';
  const { protocol, hostname, username, password, origin } = new URL(issuer);
  if (username !== '' || password !== '' || /[?#]/.test(issuer)) {
    return 'must have no credentials, query or fragment';
  }
  if (!issuer.startsWith(origin)) return `must be written as ${origin}`;
  const isPlainAllowed = allowInsecure || LOOPBACK.test(hostname);
  if (protocol === 'https:' || (protocol === 'http:' && isPlainAllowed)) return undefined;
  return 'must start with https:// (http:// only for localhost, or with allowInsecureIssuer in development)';
}

/** RFC 8414 §3.1 puts the well-known part before the path of the issuer; OpenID Connect Discovery §4 behind it. */
export function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
}

/** Whether an address is at the issuer's own origin: keys are taken from, and credentials sent to, nowhere else. */
export function isOfIssuer(issuer: string, url: unknown): url is string {
  return typeof url === 'string' && URL.canParse(url) && new URL(url).origin === new URL(issuer).origin;
}
