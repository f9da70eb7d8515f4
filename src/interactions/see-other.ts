import type { Context } from 'koa';

/** RFC 9700 §4.12: only 303 makes sure that the next request is a GET and carries no credentials along. */
export function seeOther(ctx: Context, url: string): void {
  ctx.redirect(url);
  ctx.status = 303;
  ctx.set('Cache-Control', 'no-store');
}
