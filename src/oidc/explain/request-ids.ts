import type { Context, Middleware } from 'koa';

import { oidcOf, requestIdOf } from '../library-context.ts';

/**
 * Every OAuth error carries the request id under which an operator finds its explanation. RFC 6749 §5.2: a JSON error may have
 * members of its own. An error that travels over the browser (§4.1.2.1) has it in its description, the one parameter that every
 * client shows or logs; `X-Request-Id` is on every answer in any case.
 */
export function carryRequestIds(): Middleware {
  return async function carryRequestId(ctx, next) {
    await next();
    const { body } = ctx;
    if (ctx.status >= 400 && typeof body === 'object' && body !== null && 'error' in body) {
      Object.assign(body, { request_id: requestIdOf(ctx) });
    }
    const route = oidcOf(ctx)?.route;
    if (route === 'authorization' || route === 'resume') describeRedirect(ctx);
  };
}

/** In the query, or in the fragment where a client asked for a kind of answer that would be there. */
const DESCRIPTION = /[?&#]error_description=[^&#]*/;
const ERROR = /[?&#]error=/;
const IN_FORM = /(name="error_description" value="[^"]*)"/;

function describeRedirect(ctx: Context): void {
  const suffix = ` (request ${requestIdOf(ctx)})`;
  const encoded = suffix.replaceAll(' ', '%20');
  const location = ctx.response.headers['location'] ?? '';
  if (ERROR.test(location) && answersTheClient(ctx, location)) {
    ctx.set('Location', location.replace(DESCRIPTION, `$&${encoded}`));
  }
  // The library's getter reads the parameters, which not every request has.
  if (typeof ctx.body === 'string' && oidcOf(ctx)?.params && oidcOf(ctx)?.responseMode === 'form_post') {
    ctx.body = ctx.body.replace(IN_FORM, (_found, start: string) => `${start}${suffix}"`);
  }
}

/** Not a step of ours, whose address has nothing of the kind. */
function answersTheClient(ctx: Context, location: string): boolean {
  const redirectUri = oidcOf(ctx)?.params?.['redirect_uri'];
  return typeof redirectUri === 'string' && location.startsWith(redirectUri);
}
