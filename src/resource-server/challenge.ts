/**
 * The `WWW-Authenticate` header: RFC 6750 §3 (Bearer), RFC 9449 §7.1 (DPoP), RFC 9470 §3 (step-up), RFC 9728 §5.1
 * (`resource_metadata`).
 */
import { TokenError } from './token-error.ts';
import type { Requirements } from './verifier.ts';

export interface ChallengeOptions {
  readonly resourceMetadata?: string | undefined;
  /** `off`: DPoP is named only to clients that use it. */
  readonly dpop: 'off' | 'offered' | 'required';
  /** Signature algorithms of proofs. */
  readonly dpopAlgorithms: readonly string[];
}

/** What the request looked like: a client is answered in the scheme that it should have used. */
export type PresentedScheme = 'Bearer' | 'DPoP' | undefined;

/** The same error with the headers of its answer. */
export function withChallenge(
  error: TokenError,
  options: ChallengeOptions,
  scheme: PresentedScheme,
  requirements: Requirements | undefined,
): TokenError {
  // An answer of 503 says nothing about the credentials, so it challenges nobody.
  if (error.status >= 500) return error;
  const challenges = challengesOf(error, options, scheme, requirements);
  const [only] = challenges;
  return new TokenError(error.code, error.message, {
    status: error.status,
    reason: error.reason,
    headers: {
      ...error.headers,
      'WWW-Authenticate': challenges.length === 1 && only !== undefined ? only : challenges,
    },
    cause: error.cause,
  });
}

function challengesOf(
  error: TokenError,
  options: ChallengeOptions,
  scheme: PresentedScheme,
  requirements: Requirements | undefined,
): string[] {
  const metadata = { resource_metadata: options.resourceMetadata };
  const algs = { algs: options.dpopAlgorithms.join(' ') };
  // RFC 6750 §3.1: a request without credentials is told no error, only how to authenticate.
  const failure = error.code === 'missing_token' ? {} : failureOf(error, requirements);
  const isDpop = scheme === 'DPoP' || options.dpop === 'required' || isDpopError(error);
  if (isDpop) return [challenge('DPoP', { ...failure, ...algs, ...metadata })];
  const bearer = challenge('Bearer', { ...failure, ...metadata });
  return options.dpop === 'offered' ? [bearer, challenge('DPoP', { ...algs, ...metadata })] : [bearer];
}

function isDpopError({ code }: TokenError): boolean {
  return code === 'invalid_dpop_proof' || code === 'use_dpop_nonce';
}

function failureOf(error: TokenError, requirements: Requirements = {}): Record<string, string | undefined> {
  const { scopes = [], anyScope = [], acrValues = [], maxAge } = requirements;
  const stepUp = error.code === 'insufficient_user_authentication';
  // Of alternatives the first is named: a client that asked for all of them would ask for more than it needs.
  const needed = [...scopes, ...anyScope.slice(0, 1)];
  return {
    error: error.code,
    error_description: error.message,
    scope: error.code === 'insufficient_scope' ? needed.join(' ') : undefined,
    acr_values: stepUp && acrValues.length > 0 ? acrValues.join(' ') : undefined,
    max_age: stepUp && maxAge !== undefined ? String(maxAge) : undefined,
  };
}

function challenge(scheme: 'Bearer' | 'DPoP', params: Record<string, string | undefined>): string {
  const written = Object.entries(params).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}="${quotable(value)}"`],
  );
  return written.length === 0 ? scheme : `${scheme} ${written.join(', ')}`;
}

/** RFC 6750 §3 allows %x20-21 / %x23-5B / %x5D-7E: without quote, backslash and line break nothing can end the string. */
function quotable(text: string): string {
  return text.replaceAll(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, "'");
}
