import { AppError } from '../errors.ts';
import { isUnavailable } from '../db/database.ts';

/** How an error looks from outside. `oauth` is the code of RFC 6749 §5.2 that protocol endpoints answer with. */
interface ErrorKind {
  status: number;
  title: string;
  oauth: string;
}

/** The one table of errors that this house answers with outside the library. */
export const ERRORS = {
  malformed_request: { status: 400, title: 'Malformed request', oauth: 'invalid_request' },
  invalid_request: { status: 400, title: 'Invalid request', oauth: 'invalid_request' },
  interaction_expired: { status: 400, title: 'This page has expired', oauth: 'invalid_request' },
  unauthenticated: { status: 401, title: 'Not authenticated', oauth: 'invalid_token' },
  forbidden: { status: 403, title: 'Not allowed', oauth: 'access_denied' },
  csrf_failed: { status: 403, title: 'The form could not be accepted', oauth: 'access_denied' },
  address_blocked: { status: 403, title: 'Not allowed', oauth: 'access_denied' },
  not_found: { status: 404, title: 'Not found', oauth: 'invalid_request' },
  method_not_allowed: { status: 405, title: 'Method not allowed', oauth: 'invalid_request' },
  request_timeout: { status: 408, title: 'Request timed out', oauth: 'invalid_request' },
  conflict: { status: 409, title: 'Conflict', oauth: 'invalid_request' },
  precondition_failed: { status: 412, title: 'Changed meanwhile', oauth: 'invalid_request' },
  body_too_large: { status: 413, title: 'Body too large', oauth: 'invalid_request' },
  uri_too_long: { status: 414, title: 'URL too long', oauth: 'invalid_request' },
  unsupported_media_type: { status: 415, title: 'Unsupported media type', oauth: 'invalid_request' },
  misdirected_request: { status: 421, title: 'Wrong host', oauth: 'invalid_request' },
  unprocessable: { status: 422, title: 'Not possible', oauth: 'invalid_request' },
  too_many_requests: { status: 429, title: 'Too many attempts', oauth: 'temporarily_unavailable' },
  server_error: { status: 500, title: 'Server error', oauth: 'server_error' },
  not_implemented: { status: 501, title: 'Not implemented', oauth: 'invalid_request' },
  overloaded: { status: 503, title: 'Too busy', oauth: 'temporarily_unavailable' },
  unavailable: { status: 503, title: 'Temporarily unavailable', oauth: 'temporarily_unavailable' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERRORS;

/** Everything an answer may say about an error. What is not here stays in the log. */
export interface ErrorView {
  code: string;
  status: number;
  title: string;
  detail: string;
  oauth: string;
  retryAfterSeconds?: number;
}

/** A database that restarts is back within seconds; a client that waits this long does not add to its load. */
const UNAVAILABLE_RETRY_SECONDS = 5;

/** Makes an error of the table; `cause` and `detail` are for the log only. */
export function httpError(
  code: ErrorCode,
  safeMessage: string,
  options: { cause?: unknown; detail?: unknown; retryAfterSeconds?: number } = {},
): AppError {
  return new AppError(code, safeMessage, { ...options, status: ERRORS[code].status });
}

export function tooManyRequests(retryAfterSeconds: number): AppError {
  return httpError('too_many_requests', 'Too many attempts. Please wait before the next one.', {
    retryAfterSeconds: Math.max(1, Math.ceil(retryAfterSeconds)),
  });
}

/** What outsiders learn about any thrown value. */
export function viewOf(error: unknown): ErrorView {
  if (error instanceof AppError && error.status !== 500) return viewOfAppError(error);
  if (isUnavailable(error)) {
    const detail = 'The service is temporarily unavailable. Nothing was changed; please try again.';
    return { ...kind('unavailable'), detail, retryAfterSeconds: UNAVAILABLE_RETRY_SECONDS };
  }
  // decodeURIComponent on outside text: the text is at fault.
  if (error instanceof URIError)
    return { ...kind('malformed_request'), detail: 'The request is not encoded properly.' };
  const status = clientStatusOf(error);
  if (status !== undefined)
    return { ...kindOfStatus(status), status, detail: 'The request could not be accepted.' };
  return {
    ...kind('server_error'),
    detail: 'Something went wrong on our side. It has been logged under the request id.',
  };
}

function viewOfAppError(error: AppError): ErrorView {
  const known = isErrorCode(error.code)
    ? kind(error.code)
    : { ...kindOfStatus(error.status), code: error.code };
  const view = { ...known, status: error.status, detail: error.message };
  const retryAfterSeconds =
    error.retryAfterSeconds ?? (error.status === 503 ? UNAVAILABLE_RETRY_SECONDS : undefined);
  return retryAfterSeconds === undefined ? view : { ...view, retryAfterSeconds };
}

function kind(code: ErrorCode): { code: string } & ErrorKind {
  return { code, ...ERRORS[code] };
}

/** The first of the table with that status, for errors the table does not name. */
function kindOfStatus(status: number): { code: string } & ErrorKind {
  const code = Object.keys(ERRORS)
    .filter(isErrorCode)
    .find((code) => ERRORS[code].status === status);
  return kind(code ?? (status < 500 ? 'invalid_request' : 'server_error'));
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

/** Koa and its helpers mark errors that are the client's fault with a 4xx `status` and `expose`. */
function clientStatusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('expose' in error) || !('status' in error)) return undefined;
  const { expose, status } = error;
  return expose === true && typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}
