import type { Middleware } from 'koa';

import type { Config } from '../config/config.ts';

import { oidcOf } from './library-context.ts';
import { redirectSource, withFormAction } from '../http/content-security-policy.ts';

const METADATA_ROUTES = new Set(['discovery', 'jwks']);

/** How long a verifier may keep the keys: a revoked one is gone from its cache soon after. */
const METADATA_MAX_AGE_SECONDS = 300;
/** Another process publishes a key a second later than the one that made it, at worst two. */
const PUBLISH_LAG_SECONDS = 2;

/** The library leaves its documents without any word on caching. A key signs only after every cache must have seen it. */
export function cacheMetadata({ keys }: Pick<Config, 'keys'>): Middleware {
  const maxAge = Math.max(0, Math.min(METADATA_MAX_AGE_SECONDS, keys.publishSeconds - PUBLISH_LAG_SECONDS));
  return async function cacheDocuments(ctx, next) {
    await next();
    if (ctx.status === 200 && METADATA_ROUTES.has(oidcOf(ctx)?.route ?? '')) {
      ctx.set('Cache-Control', `public, max-age=${maxAge}`);
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
