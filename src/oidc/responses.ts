import type { Middleware } from 'koa';

import type { Config } from '../config/config.ts';
import type { KeyRing } from '../keys/key-ring.ts';

import { oidcOf, type LibraryContext } from './library-context.ts';
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

/** Keys of the server that came before this one stand behind our own; the library takes private keys only. */
export function showForeignKeys({ keys }: { keys: Pick<KeyRing, 'foreignJwks'> }): Middleware {
  return async function addForeignKeys(ctx, next) {
    await next();
    if (ctx.status !== 200 || oidcOf(ctx)?.route !== 'jwks') return;
    const foreign = keys.foreignJwks();
    const body: unknown = ctx.body;
    if (foreign.length === 0 || !isJwks(body)) return;
    ctx.body = { keys: [...body.keys, ...foreign] };
    // The library's own; an object for a body sets another.
    ctx.type = 'application/jwk-set+json; charset=utf-8';
  };
}

function isJwks(body: unknown): body is { readonly keys: readonly unknown[] } {
  return typeof body === 'object' && body !== null && 'keys' in body && Array.isArray(body.keys);
}

/**
 * Some of the library's pages are forms that submit themselves and end at a client. Chromium lets them only where the
 * page's policy names every place on the way: the client's URI, and the home page it may go on to.
 */
export function allowFormTarget(): Middleware {
  return async function allowFormPostTarget(ctx, next) {
    await next();
    const oidc = oidcOf(ctx);
    if (!oidc || !ctx.response.is('html')) return;
    const targets = (await formTargetsOf(oidc)).filter((target) => typeof target === 'string');
    const sources = targets.filter((target) => URL.canParse(target)).map(redirectSource);
    if (sources.length === 0) return;
    const policy = ctx.response.get('Content-Security-Policy');
    ctx.set('Content-Security-Policy', withFormAction(policy, [...new Set(sources)]));
  };
}

async function formTargetsOf(oidc: LibraryContext): Promise<unknown[]> {
  // The answer itself. An error may come before the library has marked the URI as checked (authorization_error_handler.js).
  const { client, params } = oidc;
  const answersTo = params?.['redirect_uri'];
  if (params && oidc.responseMode === 'form_post' && typeof answersTo === 'string') {
    if (client?.redirectUriAllowed(answersTo)) return [answersTo, client.clientUri];
  }
  // Somebody else has signed in: the first session is ended, and then the answer is given (actions/authorization/resume.js).
  if (oidc.route === 'resume') {
    const { redirect_uri: redirectUri, client_id: clientId } = oidc.entities.Interaction?.params ?? {};
    const client = typeof clientId === 'string' ? await oidc.provider.Client.find(clientId) : undefined;
    return [redirectUri, client?.clientUri];
  }
  // Nobody is signed in: there is nothing to ask, and on it goes (actions/end_session.js).
  return oidc.route === 'end_session' ? [oidc.session?.state?.['postLogoutRedirectUri']] : [];
}

/** RFC 6749 §5.2: a grant that the client may not use is `unauthorized_client`. The library says `invalid_request`. */
export function nameForbiddenGrants(): Middleware {
  return async function nameForbiddenGrant(ctx, next) {
    await next();
    const { route, client, params } = oidcOf(ctx) ?? {};
    const grantType = params?.['grant_type'];
    if (route !== 'token' || !client || typeof grantType !== 'string') return;
    const body: unknown = ctx.body;
    if (ctx.status !== 400 || typeof body !== 'object' || body === null || !('error' in body)) return;
    if (body.error === 'invalid_request' && !client.grantTypeAllowed(grantType))
      body.error = 'unauthorized_client';
  };
}
