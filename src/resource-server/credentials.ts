import { invalidRequest } from './refusal.ts';
import { TokenError } from './token-error.ts';

export interface Presented {
  readonly scheme: 'Bearer' | 'DPoP';
  readonly token: string;
}

/** RFC 6750 §2.1: `b64token` after one or more spaces; schemes are compared without regard to case (RFC 9110 §11.1). */
const CREDENTIALS = /^(bearer|dpop) +([\w\-.~+/]+=*)$/i;
const OUR_SCHEMES = /^(?:bearer|dpop)(?:\s|$)/i;

/** The token of a request. Only the header is looked at: RFC 9700 §4.3.2 forbids tokens in query strings. */
export function readCredentials(authorization: string | readonly string[] | undefined): Presented {
  const headers = typeof authorization === 'string' ? [authorization] : (authorization ?? []);
  const [header] = headers;
  if (headers.length > 1) throw invalidRequest('There is more than one Authorization header.');
  if (header === undefined || !OUR_SCHEMES.test(header)) {
    throw new TokenError('missing_token', 'An access token is needed.', { status: 401 });
  }
  const match = CREDENTIALS.exec(header);
  if (match?.[2] === undefined) throw invalidRequest('The Authorization header is malformed.');
  return { scheme: match[1]?.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer', token: match[2] };
}

/** The scheme that a request names, however malformed the rest is: the answer is given in the same. */
export function schemeOf(
  authorization: string | readonly string[] | undefined,
): 'Bearer' | 'DPoP' | undefined {
  const first = typeof authorization === 'string' ? authorization : authorization?.[0];
  if (first === undefined || !OUR_SCHEMES.test(first)) return undefined;
  return /^dpop/i.test(first) ? 'DPoP' : 'Bearer';
}
