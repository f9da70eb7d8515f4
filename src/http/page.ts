import type Koa from 'koa';
import { contentSecurityPolicy } from './content-security-policy.ts';

/** Answers with a page. Every page is made for one person at one moment, so nobody keeps a copy. */
export function sendPage(
  ctx: Koa.Context,
  html: string,
  { csp, status = 200 }: { csp?: string; status?: number } = {},
): void {
  ctx.status = status;
  ctx.set('Content-Type', 'text/html; charset=utf-8');
  ctx.set('Cache-Control', 'no-store');
  ctx.set('Content-Security-Policy', csp ?? contentSecurityPolicy());
  ctx.body = html;
}
