import { AppError } from '../errors.ts';
import type { Middleware } from './middleware.ts';

/**
 * Text that PostgreSQL can store and that means the same to everybody who decodes it: no NUL, no lone surrogate, no
 * broken percent-encoding or UTF-8. Checked at the edge, so that nothing behind it can fail over it with a 500.
 */
export function isWellFormedText(value: string): boolean {
  return value.isWellFormed() && !value.includes('\0');
}

/** Printable ASCII and escapes of printable ASCII, without the backslash that JSON escapes start with. */
const PLAIN = /^(?:[\x21-\x24\x26-\x5b\x5d-\x7e]|%(?:[2-46-7][0-9a-e]|[2-6]f|5[0-9abdef]))*$/i;

/** Refuses a malformed path, query or `Authorization: Basic`. */
export function wellFormedUrl(): Middleware {
  return function refuseMalformedUrl(ctx, next) {
    if (!isWellFormedEncoding(ctx.url))
      throw malformed('The URL contains characters that are not allowed or not encoded properly.');
    const { authorization } = ctx.req.headers;
    if (authorization && !isWellFormedBasic(authorization))
      throw malformed('The Authorization header is not encoded properly.');
    return next();
  };
}

/** A percent-encoded text (a URL, a query, a form body) whose decoded form is well-formed, JSON values included. */
export function isWellFormedEncoding(text: string): boolean {
  if (PLAIN.test(text)) return true;
  // HTTP hands over bytes above 127 as Latin-1 characters; a URL or a form has them escaped.
  if (/[^\x09\x0a\x0d\x20-\x7e]/.test(text)) return false;
  try {
    const decoded = decodeURIComponent(text);
    return isWellFormedText(decoded) && isWellFormedJson(decoded);
  } catch {
    return false;
  }
}

/** Whether no JSON string in the text escapes a NUL or a lone surrogate. `claims` and the like travel inside parameters. */
export function isWellFormedJson(text: string): boolean {
  if (!text.includes('\\u')) return true;
  const escapes = text.replace(/\\[^u]/g, '');
  return (
    !/\\u0000/.test(escapes) &&
    !/\\u(?:d[89ab][0-9a-f]{2}(?!\\ud[c-f])|d[c-f])/i.test(
      escapes.replace(/\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}/gi, ''),
    )
  );
}

export function malformed(message: string): AppError {
  return new AppError('malformed_request', message, { status: 400 });
}

function isWellFormedBasic(authorization: string): boolean {
  if (!/^basic /i.test(authorization)) return true;
  const credentials = Buffer.from(authorization.slice(6), 'base64').toString('latin1');
  return isWellFormedEncoding(credentials);
}
