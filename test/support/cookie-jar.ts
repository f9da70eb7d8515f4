interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly expiresAt: number;
  readonly isSecure: boolean;
}

/** Cookies of one host, as a browser keeps them (RFC 6265 §5). */
export interface CookieJar {
  /** The Cookie header for a request; empty when there is none to send. */
  headerFor(url: URL): string;
  store(setCookies: readonly string[], url: URL): void;
  get(name: string): string | undefined;
  names(): string[];
  delete(name: string): void;
}

export function createCookieJar(): CookieJar {
  let cookies: Cookie[] = [];
  return {
    headerFor(url) {
      const sent = cookies.filter(
        (cookie) => pathMatches(url.pathname, cookie.path) && (!cookie.isSecure || url.protocol === 'https:'),
      );
      return sent.map(({ name, value }) => `${name}=${value}`).join('; ');
    },
    store(setCookies, url) {
      for (const text of setCookies) {
        const cookie = parse(text, url);
        cookies = cookies.filter((old) => old.name !== cookie.name || old.path !== cookie.path);
        if (cookie.expiresAt > Date.now()) cookies.push(cookie);
      }
    },
    get: (name) => cookies.find((cookie) => cookie.name === name)?.value,
    names: () => cookies.map((cookie) => cookie.name),
    delete: (name) => {
      cookies = cookies.filter((cookie) => cookie.name !== name);
    },
  };
}

function parse(text: string, url: URL): Cookie {
  const [pair = '', ...rest] = text.split(';').map((part) => part.trim());
  const [name, value] = splitOnce(pair);
  const attributes = new Map(rest.map(splitOnce).map(([key, value]) => [key.toLowerCase(), value]));
  const maxAge = attributes.get('max-age');
  const expires = attributes.get('expires');
  const fromExpires = expires === undefined ? Infinity : Date.parse(expires);
  return {
    name,
    value,
    path: attributes.get('path') || url.pathname.replace(/\/[^/]*$/, '') || '/',
    expiresAt: maxAge === undefined ? fromExpires : Date.now() + Number(maxAge) * 1000,
    isSecure: attributes.has('secure'),
  };
}

function splitOnce(text: string): [string, string] {
  const index = text.indexOf('=');
  return index === -1 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}

function pathMatches(requestPath: string, cookiePath: string): boolean {
  if (requestPath === cookiePath) return true;
  return requestPath.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`);
}
