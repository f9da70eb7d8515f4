import { httpError } from '../http/errors.ts';
import { pathOf, stateOf, type Middleware } from '../http/middleware.ts';
import type { BlockList } from './block-list.ts';

/**
 * 403 for whoever is blocked, before anything is read or looked up for them. `exempt` are the paths of probes, which say nothing
 * of anybody. A stream that is open already goes on until it ends by itself.
 */
export function refuseBlocked(blocks: BlockList, exempt: readonly string[]): Middleware {
  const free = new Set(exempt);
  return function refuseBlockedAddress(ctx, next) {
    if (!blocks.isBlocked(stateOf(ctx).address) || free.has(pathOf(ctx))) return next();
    throw httpError('address_blocked', 'Requests from this address are not accepted.');
  };
}
