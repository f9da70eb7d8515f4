import type { Middleware } from './middleware.ts';

/**
 * RFC 6749 §5.2: clients are told what went wrong in JSON. The library shows a page instead to whoever names text/html
 * first, which some HTTP stacks do by themselves and no client can read.
 */
export function jsonForClients({
  isProtocolPath,
}: {
  isProtocolPath: (path: string) => boolean;
}): Middleware {
  return function preferJson(ctx, next) {
    // Almost nobody names it: negotiation is left to those who do.
    const { accept = '' } = ctx.req.headers;
    if (accept.includes('html') && isProtocolPath(ctx.path) && ctx.accepts('json', 'html') === 'html') {
      ctx.req.headers.accept = 'application/json';
    }
    return next();
  };
}
