import type { Middleware } from 'koa';

import { httpError } from '../http/errors.ts';
import { URL_BYTES_MAX } from '../http/limits.ts';
import { readForm } from '../http/read-body.ts';

/** What a client may send a browser to by GET or by POST (OIDC Core §3.1.2.1, RP-Initiated Logout §2). */
const ROUTES = new Set(['/auth', '/session/end']);

/**
 * A form posted from a client's page comes without the session cookie, which is `SameSite=Lax`: everybody would look signed
 * out, to `prompt=none` and to a logout alike. The library's own answer to POST therefore asks for `SameSite=None` and
 * gives that protection up. The GET that a 303 leads to carries the cookie, and the parameters are the same.
 */
export function getInsteadOfPost(): Middleware {
  return function turnPostIntoGet(ctx, next) {
    if (ctx.method !== 'POST' || !ROUTES.has(ctx.path)) return next();
    if (!ctx.is('urlencoded')) {
      throw httpError('unsupported_media_type', 'Send a form (application/x-www-form-urlencoded).');
    }
    const url = `${ctx.path}?${readForm(ctx).toString()}`;
    if (url.length > URL_BYTES_MAX) {
      throw httpError('uri_too_long', 'A request as long as this has to be pushed (RFC 9126).');
    }
    ctx.redirect(url);
    ctx.status = 303;
    ctx.set('Cache-Control', 'no-store');
    return undefined;
  };
}
