/**
 * Opaque tokens (RFC 7662). Every presentation asks the issuer, because a remembered answer would outlive a revocation; requests that
 * come at the same time with the same token share one question.
 */
import { fetchBounded } from './fetch-bounded.ts';
import { basicAuthorization, type Issuer } from './issuer-context.ts';
import { parseJsonObject } from './jwt-parts.ts';
import type { MetadataSource } from './metadata.ts';
import { invalidToken, unavailable } from './refusal.ts';
import { readIntrospectedClaims, type TokenClaims } from './token-claims.ts';
import { TokenError } from './token-error.ts';
import type { ClientCredentials } from './verifier.ts';

/** Opaque tokens of our issuer have 43 characters; others have at most some hundred. */
const TOKEN_LENGTH_MAX = 1_024;
/** Made-up tokens cannot be told from real ones here; so many at a time may bother the issuer. */
const FLIGHTS_MAX = 64;

const INTROSPECTION_BOUNDS = { timeoutMs: 3_000, bodyBytesMax: 64 * 1024 };

export function createIntrospection(
  issuer: Issuer,
  metadata: MetadataSource,
  credentials: ClientCredentials,
): (token: string) => Promise<TokenClaims> {
  const flights = new Map<string, Promise<TokenClaims>>();
  const authorization = basicAuthorization(credentials);

  async function ask(token: string): Promise<TokenClaims> {
    try {
      const { introspectionEndpoint: url } = await metadata.get();
      if (url === undefined) throw new Error('the issuer has no introspection endpoint');
      const request = {
        method: 'POST' as const,
        headers: {
          Accept: 'application/json',
          Authorization: authorization,
          'Content-Type': 'application/x-www-form-urlencoded',
        },
        body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
        signal: issuer.closed,
      };
      const answer = await fetchBounded(issuer.fetch, url, request, INTROSPECTION_BOUNDS);
      if (answer.status === 404) metadata.doubt();
      if (answer.status !== 200) throw new Error(`introspection was answered with ${answer.status}`);
      return readAnswer(answer.text, issuer.url);
    } catch (error) {
      if (error instanceof TokenError) throw error;
      throw cannotTell(error);
    }
  }

  return async (token) => {
    if (token.length > TOKEN_LENGTH_MAX || !/^[\x21-\x7e]+$/.test(token)) {
      throw invalidToken('malformed', 'The token is not one of this issuer.');
    }
    const known = flights.get(token);
    if (known) return known;
    if (flights.size >= FLIGHTS_MAX) throw cannotTell(new Error('too many introspections at a time'));
    const flight = ask(token).finally(() => flights.delete(token));
    flights.set(token, flight);
    return flight;
  };
}

function readAnswer(text: string, issuer: string): TokenClaims {
  const answer = parseJsonObject(text);
  if (!answer || typeof answer['active'] !== 'boolean') throw new Error('introspection gave no answer');
  const { active, token_type: tokenType, ...claims } = answer;
  if (!active) throw invalidToken('inactive', 'The token is not active.');
  // A refresh token is active as well, and has no type (RFC 7662 §2.2, RFC 6749 §7.1): it is no credential here.
  if (typeof tokenType !== 'string' || !/^(?:bearer|dpop)$/i.test(tokenType)) {
    throw invalidToken('type', 'The token is not an access token.');
  }
  return readIntrospectedClaims(claims, issuer);
}

function cannotTell(cause: unknown): TokenError {
  return unavailable('introspection_unavailable', 'The token cannot be checked now.', cause);
}
