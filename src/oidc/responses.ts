import type { Middleware } from 'koa';

import { oidcOf } from './library-context.ts';
import { redirectSource, withFormAction } from '../http/content-security-policy.ts';

const METADATA_ROUTES = new Set(['discovery', 'jwks']);

/**
 * Verifiers may keep keys for five minutes: a key is published for longer than that before it signs, and a revoked one is
 * gone from caches soon after.
 */
export const METADATA_MAX_AGE_SECONDS = 300;

/** The library leaves its documents without any word on caching. */
export function cacheMetadata(): Middleware {
  return async function cacheDocuments(ctx, next) {
    await next();
    if (ctx.status === 200 && METADATA_ROUTES.has(oidcOf(ctx)?.route ?? '')) {
      ctx.set('Cache-Control', `public, max-age=${METADATA_MAX_AGE_SECONDS}`);
    }
  };
}

/** `form_post` leads to the client: its page, and no other, may post there. */
export function allowFormTarget(): Middleware {
  return async function allowFormPostTarget(ctx, next) {
    await next();
    const oidc = oidcOf(ctx);
    const redirectUri = oidc?.params?.['redirect_uri'];
    if (!ctx.response.is('html') || typeof redirectUri !== 'string' || !URL.canParse(redirectUri)) return;
    const policy = ctx.response.get('Content-Security-Policy');
    if (oidc?.responseMode === 'form_post' && oidc.redirectUriCheckPerformed) {
      ctx.set('Content-Security-Policy', withFormAction(policy, [redirectSource(redirectUri)]));
    }
  };
}
