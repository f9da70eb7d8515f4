import type { Context, Middleware } from 'koa';

import { tooManyRequests } from '../http/errors.ts';
import { stateOf } from '../http/middleware.ts';
import { introspectionBuckets, keysOf, userCodeBuckets, type Bucket } from '../http/throttle-buckets.ts';
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
 * Ends scanning for opaque tokens (RFC 7662 §4). A client's tokens that exist are answered all the same: an API asks about
 * whatever strangers send it, and would otherwise be cut off by any of them. JWTs do not get here, because nobody guesses a
 * signature; so this runs inside of structured-tokens.ts.
 */
export function throttleTokenScans(hall: HallContext): Middleware {
  return async function throttleUnknownTokens(ctx, next) {
    await next();
    const oidc = oidcOf(ctx);
    if (oidc?.route !== 'introspection' || !oidc.client || !isInactive(ctx)) return;
    const buckets = introspectionBuckets({ clientId: oidc.client.clientId });
    refuseWhileClosed(hall, buckets);
    const closedSeconds = await hall.throttle.fail(buckets);
    const { clientId } = oidc.client;
    await reportGuessing(hall, { what: 'tokens', clientId, address: stateOf(ctx).address, closedSeconds });
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
