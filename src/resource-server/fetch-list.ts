import { fetchBounded } from './fetch-bounded.ts';
import type { Issuer } from './issuer-context.ts';
import { readListToken, type ListToken } from './list-token.ts';
import type { KeySource } from './verifier.ts';

/** The body: base64url, twice, of what may be inflated, where it cannot be made smaller. */
const LIST_BOUNDS = { timeoutMs: 3_000, bodyBytesMax: 8 * 1024 * 1024 };

const ETAG_LENGTH_MAX = 256;

/** A list, or that the one with the given ETag still is the list. Both say up to where in the order of revocations. */
export type FetchedList =
  | {
      readonly isNew: true;
      readonly list: ListToken;
      readonly etag: string | undefined;
      readonly position: number | undefined;
    }
  | { readonly isNew: false; readonly position: number | undefined };

/** Token Status List §8.1. */
export async function fetchList(
  issuer: Issuer,
  keys: KeySource,
  uri: string,
  knownEtag: string | undefined,
): Promise<FetchedList> {
  const headers = {
    Accept: 'application/statuslist+jwt',
    ...(knownEtag === undefined ? {} : { 'If-None-Match': knownEtag }),
  };
  const answer = await fetchBounded(issuer.fetch, uri, { headers, signal: issuer.closed }, LIST_BOUNDS);
  const position = readPosition(answer.headers);
  if (answer.status === 304 && knownEtag !== undefined) return { isNew: false, position };
  if (answer.status !== 200) throw new Error(`the status list was answered with ${answer.status}`);
  const list = await readListToken(issuer, keys, uri, answer.text.trim());
  const etag = answer.headers.get('etag') ?? undefined;
  return {
    isNew: true,
    list,
    etag: etag !== undefined && etag.length <= ETAG_LENGTH_MAX ? etag : undefined,
    position,
  };
}

/** A list is signed when it changes, but the position moves with every other list as well: so it is said beside the signed text. */
function readPosition(headers: Headers): number | undefined {
  const text = /^\d{1,15}$/.exec(headers.get('revocation-position') ?? '')?.[0];
  return text === undefined ? undefined : Number(text);
}
