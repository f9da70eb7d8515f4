import { newId } from '../crypto/ids.ts';
import { stateOf, type Middleware } from './middleware.ts';

/**
 * Gives every request an id of our own drawing. An id sent by the peer is not taken over: an outsider could make two
 * requests share one and blur the log.
 */
export function requestId(): Middleware {
  return function assignRequestId(ctx, next) {
    const id = newId('req');
    stateOf(ctx).requestId = id;
    ctx.set('X-Request-Id', id);
    return next();
  };
}
