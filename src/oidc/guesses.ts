import type { Context, Middleware } from 'koa';

import { bearerToken } from '../http/bearer-token.ts';
import { tooManyRequests } from '../http/errors.ts';
import { stateOf } from '../http/middleware.ts';
import { readForm } from '../http/read-body.ts';
import { keysOf, userCodeBuckets, type Bucket } from '../http/throttle-buckets.ts';
import { AUTHENTICATED_PATHS, presentedClientId } from './client-authentication.ts';
import type { HallContext } from './context.ts';
import { oidcOf } from './library-context.ts';
import { reportGuessing } from './report-failures.ts';

/**
 * Ends guessing at user codes (RFC 8628 §5.1), which are short because people type them. While an address is closed the
 * right code is refused as well, or a guesser would only have to wait for a different answer.
 */
export function throttleUserCodes(hall: HallContext): Middleware {
  return async function throttleUserCodeEntry(ctx, next) {
    if (ctx.method !== 'POST' || ctx.path !== '/device') return next();
    const buckets = userCodeBuckets({ address: stateOf(ctx).address });
    refuseWhileClosed(hall, buckets);
    await next();
    if (!isWrongUserCode(ctx)) return;
    const closedSeconds = await hall.throttle.fail(buckets);
    await reportGuessing(hall, { what: 'user-codes', address: stateOf(ctx).address, closedSeconds });
  };
}

/** The library shows the form again, with status 200; a device code is among its entities only where one was found. */
function isWrongUserCode(ctx: Context): boolean {
  const oidc = oidcOf(ctx);
  const wasRead = ctx.status === 200 && Boolean(oidc?.params?.['user_code']);
  return wasRead && oidc?.entities.DeviceCode === undefined;
}

/**
 * Ends scanning for tokens (RFC 7662 §4, RFC 7009 §5): what is introspected or revoked counts for the client that does it, what is
 * presented as a credential for the address it comes from.
 */
export function throttleTokenScans({ limits }: HallContext): Middleware {
  return async function throttleUnknownTokens(ctx, next) {
    await next();
    const oidc = oidcOf(ctx);
    const route = oidc?.route ?? '';
    if (CREDENTIAL_ROUTES.has(route) && ctx.status === 401) {
      const credential = bearerToken(ctx) ?? readForm(ctx).get('access_token');
      if (credential !== null) await limits.unknownToken(ctx, credential);
    }
    const token = oidc?.params?.['token'];
    if (!oidc?.client || typeof token !== 'string' || wasFound(oidc.entities)) return;
    const isRefused =
      route === 'introspection' ? isInactive(ctx) : route === 'revocation' && ctx.status === 200;
    if (isRefused) await limits.unknownToken(ctx, token, { clientId: oidc.client.clientId });
  };
}

const CREDENTIAL_ROUTES = new Set(['userinfo', 'registration', 'client']);

/** One that was revoked in this very request has no row any more. */
function wasFound({ AccessToken, RefreshToken }: { AccessToken?: unknown; RefreshToken?: unknown }): boolean {
  return AccessToken !== undefined || RefreshToken !== undefined;
}

/** Bounds what one client asks (GUICHET_CLIENT_REQUESTS_PER_MINUTE). Stands within the throttle of failed authentication. */
export function limitClients({ config, limits, clients }: HallContext): Middleware {
  const isOff = config.limits.clientRequestsPerMinute === 0;
  return async function limitClientRequests(ctx, next) {
    if (isOff || ctx.method !== 'POST' || !AUTHENTICATED_PATHS.has(ctx.path)) return next();
    const clientId = presentedClientId(ctx);
    const client = clientId === undefined ? undefined : await clients.find(clientId);
    if (!client) return next();
    const isPublic = client.metadata['token_endpoint_auth_method'] === 'none';
    const giveBack = await limits.clientRequest(ctx, { id: client.id, isPublic });
    await next();
    if (ctx.status === 401) giveBack();
  };
}

/** Bounds what can be registered with one initial access token (GUICHET_REGISTRATIONS_PER_HOUR). */
export function limitRegistrations({ limits }: HallContext): Middleware {
  return async function limitRegistrationRequests(ctx, next) {
    const token = ctx.method === 'POST' && ctx.path === '/reg' ? bearerToken(ctx) : undefined;
    if (token !== undefined) await limits.registration(ctx, token);
    return next();
  };
}

function isInactive({ status, body }: Context): boolean {
  return (
    status === 200 && typeof body === 'object' && body !== null && 'active' in body && body.active === false
  );
}

function refuseWhileClosed({ throttle }: HallContext, buckets: readonly Bucket[]): void {
  const seconds = throttle.blockedFor(keysOf(buckets));
  if (seconds > 0) throw tooManyRequests(seconds);
}
