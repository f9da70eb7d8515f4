import type { AppError } from '../errors.ts';
import { httpError } from './errors.ts';
import type { Middleware } from './middleware.ts';

/**
 * Text that PostgreSQL can store and that means the same to everybody who decodes it: no NUL, no lone surrogate. What
 * arrives encoded must also be proper UTF-8 in proper percent-encoding. Checked at the edge, so that nothing behind it
 * can fail over it with a 500.
 */
export function isWellFormedText(value: string): boolean {
  return value.isWellFormed() && !value.includes('\0');
}

/** Refuses a malformed path, query or `Authorization: Basic`. */
export function wellFormedUrl(): Middleware {
  return function refuseMalformedUrl(ctx, next) {
    const { url } = ctx;
    // RFC 9112 §3.2: a request target has no fragment; a router that cuts one off would see another path than we do.
    if (url.includes('#') || !isWellFormedEncoding(url)) {
      throw malformed('The URL contains characters that are not allowed or not encoded properly.');
    }
    const { authorization } = ctx.req.headers;
    if (authorization && !isWellFormedBasic(authorization)) {
      throw malformed('The Authorization header is not encoded properly.');
    }
    return next();
  };
}

/** Printable ASCII and escapes of it. Left out: the backslash, because JSON escapes begin with one, and DEL. */
const PLAIN = /^(?:[\x21-\x24\x26-\x5b\x5d-\x7e]|%(?:[2-46][0-9a-f]|5[0-9abdef]|7[0-9a-e]))*$/i;

/** Bytes above 127 and control characters are escaped in a URL or a form; line breaks end text/plain-minded clients' bodies. */
const UNESCAPED = /[^\t\n\r -~]/;

/** Whether a URL, a query or a form body decodes to well-formed text, JSON inside of parameters included. */
export function isWellFormedEncoding(text: string): boolean {
  if (PLAIN.test(text)) return true;
  if (UNESCAPED.test(text)) return false;
  try {
    return text.split('&').every((field) => isWellFormedField(decodeURIComponent(field)));
  } catch {
    return false;
  }
}

/** Whether no string in a JSON text escapes a NUL or a lone surrogate; the text itself may be no JSON at all. */
export function isWellFormedJson(text: string): boolean {
  if (!text.includes('\\u')) return true;
  const escapes = text.replaceAll('\\\\', '').replace(/\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2}/gi, '');
  return !/\\u(?:0000|d[89a-f][0-9a-f]{2})/i.test(escapes);
}

/** A set of keys has four levels, a configuration ten. */
const JSON_DEPTH_MAX = 64;

/** Whoever walks through a value goes down with each level, and the stack ends long before a body does. */
export function isShallowJson(text: string): boolean {
  let depth = 0;
  let isText = false;
  for (let index = 0; index < text.length; index += 1) {
    const char = text[index];
    if (isText && char === '\\') index += 1;
    else if (char === '"') isText = !isText;
    else if (!isText && (char === '[' || char === '{')) depth += 1;
    else if (!isText && (char === ']' || char === '}')) depth -= 1;
    if (depth > JSON_DEPTH_MAX) return false;
  }
  return true;
}

export function malformed(safeMessage: string): AppError {
  return httpError('malformed_request', safeMessage);
}

/** `claims` and `authorization_details` are JSON; elsewhere `\u0000` is six harmless characters, of a password for example. */
function isWellFormedField(field: string): boolean {
  if (!isWellFormedText(field)) return false;
  return !/=[\s+]*[[{]/.test(field) || isWellFormedJson(field);
}

/** RFC 6749 §2.3.1: name and secret are form-encoded before they are joined. */
function isWellFormedBasic(authorization: string): boolean {
  if (!/^basic /i.test(authorization)) return true;
  return isWellFormedEncoding(Buffer.from(authorization.slice(6), 'base64').toString('latin1'));
}
