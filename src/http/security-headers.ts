import { contentSecurityPolicy } from './content-security-policy.ts';
import type { Middleware } from './middleware.ts';

/** One year, the least that browsers' preload lists accept. Subdomains are not ours to decide about. */
const HSTS = 'max-age=31536000';

/** Set before the routes run, so that a page may replace the policy and an error keeps it. */
export function securityHeaders({ issuer }: { issuer: string }): Middleware {
  const https = issuer.startsWith('https:');
  const policy = contentSecurityPolicy();
  return function setSecurityHeaders(ctx, next) {
    const { res } = ctx;
    res.setHeader('X-Content-Type-Options', 'nosniff');
    res.setHeader('Referrer-Policy', 'no-referrer');
    res.setHeader('X-Frame-Options', 'DENY');
    res.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    res.setHeader('Content-Security-Policy', policy);
    if (https) res.setHeader('Strict-Transport-Security', HSTS);
    return next();
  };
}
