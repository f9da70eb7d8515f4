import { randomUUID } from 'node:crypto';
import { stateOf, type Middleware } from './middleware.ts';

/**
 * Gives every request an id of our own drawing. An id sent by the peer is not taken over: an outsider could make two
 * requests share one and blur the log.
 */
export function requestId(): Middleware {
  return function assignRequestId(ctx, next) {
    // Node draws UUIDs from a pool of random bytes: 0.2 µs instead of the 4 µs that an id of its own entropy costs.
    const id = `req_${randomUUID().replaceAll('-', '')}`;
    stateOf(ctx).requestId = id;
    ctx.set('X-Request-Id', id);
    return next();
  };
}
