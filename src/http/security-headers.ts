import { contentSecurityPolicy } from './content-security-policy.ts';
import { pathOf, type Middleware } from './middleware.ts';

/** One year, the least that browsers' preload lists accept. Subdomains are not ours to decide about. */
const HSTS = 'max-age=31536000';

/** What every path is kept apart from unless told otherwise: windows of other origins that opened it, or that it opened. */
const ALONE = 'same-origin';

/**
 * Set before the routes run, so that a page may replace the policy and an error keeps it. Where `isOpenedByClients`, a page may
 * stand in a popup: cut off from its opener, the popup could not hand the answer over in the end, since that cut lasts beyond
 * our pages (HTML, cross-origin opener policies). It costs us that the opener can lead the popup elsewhere meanwhile; it
 * could have opened it elsewhere in the first place.
 */
export function securityHeaders(
  { issuer }: { issuer: string },
  isOpenedByClients: (path: string) => boolean = () => false,
): Middleware {
  const https = issuer.startsWith('https:');
  const policy = contentSecurityPolicy();
  return function setSecurityHeaders(ctx, next) {
    const { res } = ctx;
    res.setHeader('X-Content-Type-Options', 'nosniff');
    res.setHeader('Referrer-Policy', 'no-referrer');
    res.setHeader('X-Frame-Options', 'DENY');
    res.setHeader('Cross-Origin-Opener-Policy', isOpenedByClients(pathOf(ctx)) ? 'unsafe-none' : ALONE);
    res.setHeader('Content-Security-Policy', policy);
    if (https) res.setHeader('Strict-Transport-Security', HSTS);
    return next();
  };
}
