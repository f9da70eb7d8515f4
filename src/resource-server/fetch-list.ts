import { fetchBounded } from './fetch-bounded.ts';
import type { Issuer } from './issuer-context.ts';
import { readListToken, type ListToken } from './list-token.ts';
import type { KeySource } from './verifier.ts';

/** The body: base64url, twice, of what may be inflated, where it cannot be made smaller. */
const LIST_BOUNDS = { timeoutMs: 3_000, bodyBytesMax: 8 * 1024 * 1024 };

const ETAG_LENGTH_MAX = 256;

/** Token Status List §8.1. `unchanged` only where the list with this `etag` is at hand. */
export async function fetchList(
  issuer: Issuer,
  keys: KeySource,
  uri: string,
  etag: string | undefined,
): Promise<(ListToken & { readonly etag: string | undefined }) | 'unchanged'> {
  const headers = {
    Accept: 'application/statuslist+jwt',
    ...(etag === undefined ? {} : { 'If-None-Match': etag }),
  };
  const answer = await fetchBounded(issuer.fetch, uri, { headers, signal: issuer.closed }, LIST_BOUNDS);
  if (answer.status === 304 && etag !== undefined) return 'unchanged';
  if (answer.status !== 200) throw new Error(`the status list was answered with ${answer.status}`);
  const list = await readListToken(issuer, keys, uri, answer.text.trim());
  const tag = answer.headers.get('etag') ?? undefined;
  return { ...list, etag: tag !== undefined && tag.length <= ETAG_LENGTH_MAX ? tag : undefined };
}
