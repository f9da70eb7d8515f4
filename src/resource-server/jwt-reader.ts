import type { CryptoKey } from 'jose';

import { splitCompact } from './jwt-parts.ts';
import { invalidToken } from './refusal.ts';
import { readTokenClaims, type TokenClaims } from './token-claims.ts';
import { readHeader, type TokenHeader } from './token-header.ts';
import { createTwoGenerations } from './two-generations.ts';
import type { KeySource } from './verifier.ts';
import { createSignatureVerifier } from './verify-signature.ts';

/** RFC 9068 §4: `at+jwt`, or with the prefix that RFC 7515 §4.1.9 allows to leave out. */
const ACCESS_TOKEN_TYPES = ['at+jwt', 'application/at+jwt'];

/** A token is presented again and again while it lives; at about 1 kB each this is 16 MiB at most. */
const CACHED_TOKENS_MAX = 10_000;
const CACHED_CHARS_MAX = 16 * 1024 * 1024;
const CACHED_HEADERS = { entriesMax: 100, charsMax: 50_000 };

export interface SignatureOptions {
  readonly issuer: string;
  readonly keys: KeySource;
  readonly algorithms: ReadonlySet<string>;
}

export type ReadJwt = (token: string) => Promise<TokenClaims>;

interface Verified {
  readonly header: TokenHeader;
  readonly key: CryptoKey;
  readonly claims: TokenClaims;
}

/**
 * Reads signed access tokens: type, algorithm, signature, and all claims that do not depend on the moment. What was verified once
 * is remembered by the whole text of the token, and counts only for as long as the key source gives the very same key: a key that
 * left the JWKS takes its tokens along.
 */
export function createJwtReader(options: SignatureOptions): ReadJwt {
  const cache = createTwoGenerations<Verified>({
    entriesMax: CACHED_TOKENS_MAX,
    charsMax: CACHED_CHARS_MAX,
  });
  /** All tokens of one key begin with the same text. Made-up ones push each other out. */
  const headers = createTwoGenerations<TokenHeader>(CACHED_HEADERS);
  const verifySignature = createSignatureVerifier();
  return async (token) => {
    const known = cache.get(token);
    const parts = known ? undefined : splitCompact(token);
    if (!known && !parts) throw invalidToken('malformed', 'The token is not a compact JWS.');
    const header = known?.header ?? headerOf(parts?.header ?? '');
    const found = options.keys(header);
    const key = found instanceof Promise ? await found : found;
    if (known?.key === key) return known.claims;
    const claims = readTokenClaims(await verifySignature(token, key, header.alg), options.issuer);
    cache.set(token, { header, key, claims });
    return claims;
  };

  function headerOf(part: string): TokenHeader {
    const known = headers.get(part);
    if (known) return known;
    const header = readHeader(part, ACCESS_TOKEN_TYPES, options.algorithms);
    headers.set(part, header);
    return header;
  }
}
