import { compactVerify, errors, type CryptoKey } from 'jose';

import { decodeJsonBytes, splitCompact } from './jwt-parts.ts';
import { invalidToken } from './refusal.ts';
import { readTokenClaims, type TokenClaims } from './token-claims.ts';
import { readHeader, type TokenHeader } from './token-header.ts';
import { createTwoGenerations } from './two-generations.ts';
import type { KeySource } from './verifier.ts';

/** RFC 9068 §4: `at+jwt`, or with the prefix that RFC 7515 §4.1.9 allows to leave out. */
const ACCESS_TOKEN_TYPES = ['at+jwt', 'application/at+jwt'];

/** A token is presented again and again while it lives; at about 1 kB each this is 16 MiB at most. */
const CACHED_TOKENS_MAX = 10_000;
const CACHED_CHARS_MAX = 16 * 1024 * 1024;

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
  return async (token) => {
    const known = cache.get(token);
    const parts = known ? undefined : splitCompact(token);
    if (!known && !parts) throw invalidToken('malformed', 'The token is not a compact JWS.');
    const header = known?.header ?? readHeader(parts?.header ?? '', ACCESS_TOKEN_TYPES, options.algorithms);
    const found = options.keys(header);
    const key = found instanceof Promise ? await found : found;
    if (known?.key === key) return known.claims;
    const claims = readTokenClaims(await verifiedPayload(token, key, header.alg), options.issuer);
    cache.set(token, { header, key, claims });
    return claims;
  };
}

/** The payload as a JSON object, once the signature is good. */
export async function verifiedPayload(
  token: string,
  key: CryptoKey,
  alg: string,
): Promise<Record<string, unknown>> {
  const bytes = await verifiedBytes(token, key, alg);
  const payload = decodeJsonBytes(bytes);
  if (!payload) throw invalidToken('malformed', 'The payload of the token is not a JSON object.');
  return payload;
}

async function verifiedBytes(token: string, key: CryptoKey, alg: string): Promise<Uint8Array> {
  try {
    return (await compactVerify(token, key, { algorithms: [alg] })).payload;
  } catch (cause) {
    const isForged = cause instanceof errors.JWSSignatureVerificationFailed;
    throw invalidToken(
      isForged ? 'signature' : 'malformed',
      isForged ? 'The signature of the token is not good.' : 'The token cannot be verified.',
      cause,
    );
  }
}
