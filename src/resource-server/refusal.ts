import { TokenError, type TokenErrorReason } from './token-error.ts';

/** Long enough for one more attempt of ours behind the scenes, short enough that nobody notices. */
const RETRY_AFTER_SECONDS = 1;

/** RFC 6750 §3.1. The challenge is added at the door (`challenge.ts`), where it is known what the request looked like. */
export function invalidToken(reason: TokenErrorReason, message: string, cause?: unknown): TokenError {
  return new TokenError('invalid_token', message, { status: 401, reason, cause });
}

export function invalidRequest(message: string): TokenError {
  return new TokenError('invalid_request', message, { status: 400, reason: 'malformed' });
}

/** Nothing is wrong with the token as far as we know: the client may try again. */
export function unavailable(
  code: 'keys_unavailable' | 'status_unavailable' | 'introspection_unavailable',
  message: string,
  cause?: unknown,
): TokenError {
  return new TokenError(code, message, {
    status: 503,
    headers: { 'Retry-After': String(RETRY_AFTER_SECONDS) },
    cause,
  });
}
