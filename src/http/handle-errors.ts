import type Koa from 'koa';
import type { Logger } from '../log.ts';
import { httpError, viewOf, type ErrorView } from './errors.ts';
import { pathOf, stateOf, type Middleware } from './middleware.ts';

export interface ErrorHandling {
  log: Logger;
  /** Paths whose clients expect RFC 6749 errors, `{ "error": …, "error_description": … }`. */
  isProtocolPath: (path: string) => boolean;
  /** Methods that exist at a path that nothing answered: distinguishes 405 from 404. */
  methodsOf?: (path: string) => readonly string[] | undefined;
  /** Renders the error page for people. Problem details (RFC 9457) are sent when it is absent or fails. */
  renderError?: (ctx: Koa.Context, view: ErrorView & { requestId: string }) => Promise<void>;
  /** Hears of every error that is answered, for whoever explains it to operators. */
  onError?: (ctx: Koa.Context, view: ErrorView) => void;
}

/** Turns everything thrown below, and every request nobody answered, into one of the table's errors. */
export function handleErrors(options: ErrorHandling): Middleware {
  return async function answerErrors(ctx, next) {
    try {
      await next();
      if (isUnanswered(ctx)) throw unanswered(ctx, options);
    } catch (error) {
      const view = viewOf(error);
      report(ctx, error, view, options.log);
      options.onError?.(ctx, view);
      if (!ctx.headerSent && ctx.writable) await answer(ctx, view, options);
    }
  };
}

function isUnanswered(ctx: Koa.Context): boolean {
  return (
    ctx.response.status === 404 && (ctx.body === undefined || ctx.body === null) && ctx.respond !== false
  );
}

function unanswered(ctx: Koa.Context, { methodsOf }: ErrorHandling): unknown {
  const methods = methodsOf?.(pathOf(ctx)) ?? [];
  if (methods.length === 0) return httpError('not_found', 'There is nothing at this address.');
  ctx.set('Allow', methods.join(', '));
  return httpError('method_not_allowed', `Use ${methods.join(' or ')} here.`);
}

async function answer(ctx: Koa.Context, view: ErrorView, options: ErrorHandling): Promise<void> {
  const { requestId } = stateOf(ctx);
  setHeaders(ctx, view);
  if (options.isProtocolPath(pathOf(ctx))) {
    ctx.body = { error: view.oauth, error_description: view.detail, request_id: requestId };
    return;
  }
  // A client that accepts anything gets JSON; browsers name text/html.
  if (options.renderError && ctx.accepts('json', 'html') === 'html') {
    try {
      await options.renderError(ctx, { ...view, requestId });
      ctx.status = view.status;
      return;
    } catch (error) {
      options.log.error({ err: error, requestId }, 'the error page could not be rendered');
    }
  }
  sendProblem(ctx, view);
}

function sendProblem(ctx: Koa.Context, { status, title, code, detail }: ErrorView): void {
  ctx.status = status;
  ctx.body = {
    type: `urn:guichet:error:${code}`,
    title,
    status,
    code,
    detail,
    request_id: stateOf(ctx).requestId,
  };
  ctx.type = 'application/problem+json';
}

function setHeaders(ctx: Koa.Context, view: ErrorView): void {
  ctx.status = view.status;
  ctx.set('Cache-Control', 'no-store');
  if (view.retryAfterSeconds !== undefined) ctx.set('Retry-After', String(view.retryAfterSeconds));
  // What is left of an oversized or broken body is not read to its end just to keep the connection.
  if (!ctx.req.complete) ctx.set('Connection', 'close');
}

function report(ctx: Koa.Context, error: unknown, view: ErrorView, log: Logger): void {
  const line = {
    requestId: stateOf(ctx).requestId,
    method: ctx.method,
    path: pathOf(ctx),
    error: view.code,
    status: view.status,
  };
  // What we do not offer (501) is no failure of ours.
  if (view.status >= 500 && view.status !== 501) log.error({ ...line, err: error }, 'request failed');
  else log.debug({ ...line, err: error }, 'request refused');
}
