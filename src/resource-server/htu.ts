/** Longest address looked at. Servers refuse request lines well below it. */
const URL_LENGTH_MAX = 8_192;

/** A host and what may stand in a URI (RFC 3986 §2). The URL parser forgives more: `http:///host`, backslashes, white space. */
const URI = /^https?:\/\/(?!\/)[\w\-.~:/?#[\]@!$&'()*+,;=%|^`{}]+$/i;

const UNRESERVED = /^[\w\-.~]$/;

/**
 * An address without query and fragment, in the one spelling that all equivalent ones share (RFC 9449 §4.3: syntax-based and
 * scheme-based normalisation, RFC 3986 §6.2.2 and §6.2.3). `undefined` for what is no http address.
 */
export function normalizeHtu(address: string): string | undefined {
  if (address.length > URL_LENGTH_MAX || !URI.test(address)) return undefined;
  const bare = address.replace(/[?#].*$/s, '');
  if (!URL.canParse(bare)) return undefined;
  // Lower case of scheme and host, default port and dot segments, encoded dots included, are the parser's work.
  const url = new URL(bare);
  // Nobody is asked for with a password in the address; a proof that has one was made for something else.
  if (url.username !== '' || url.password !== '') return undefined;
  return url.origin + url.pathname.replace(/%[\da-f]{2}/gi, normalizeEscape);
}

function normalizeEscape(escape: string): string {
  const character = String.fromCharCode(Number.parseInt(escape.slice(1), 16));
  return UNRESERVED.test(character) ? character : escape.toUpperCase();
}
