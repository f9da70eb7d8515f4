import { isObject } from './jwt-parts.ts';
import { invalidToken } from './refusal.ts';

export interface StatusReference {
  readonly uri: string;
  readonly idx: number;
}

const URI_LENGTH_MAX = 512;

/**
 * Where the status of a token is written (Token Status List §6.2). A token of our issuer never points anywhere else; one that
 * does is refused, so that no token makes an API fetch from an address of somebody's choice.
 */
export function readStatusReference(status: unknown, issuer: string): StatusReference | undefined {
  if (status === undefined) return undefined;
  const list = isObject(status) ? status['status_list'] : undefined;
  if (!isObject(list))
    throw invalidToken('claims', 'The status of the token is kept in a way we do not know.');
  const { uri, idx } = list;
  if (typeof idx !== 'number' || !Number.isSafeInteger(idx) || idx < 0) {
    throw invalidToken('claims', 'The status index of the token is not an integer.');
  }
  if (typeof uri !== 'string' || uri.length > URI_LENGTH_MAX || !isBelow(uri, originOf(issuer))) {
    throw invalidToken('claims', 'The status list of the token is not one of its issuer.');
  }
  return { uri, idx };
}

/** With the slash that ends an authority nothing that follows can change the host. */
function isBelow(uri: string, origin: string): boolean {
  return uri.startsWith(`${origin}/`) && /^[\x21-\x7e]+$/.test(uri) && !/[#\\]/.test(uri);
}

const ORIGIN = /^https?:\/\/[^/?#]+/;

function originOf(issuer: string): string {
  return ORIGIN.exec(issuer)?.[0] ?? issuer;
}
