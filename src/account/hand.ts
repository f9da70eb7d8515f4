import type { Hand } from '../revocation/end-sessions.ts';
import { stateOf } from '../http/middleware.ts';
import type { AccountVisit } from './context.ts';

/** For the audit log: the person themselves, from here. */
export function handOf({ ctx, account }: AccountVisit): Hand {
  const { requestId, address } = stateOf(ctx);
  return { actor: `account:${account.id}`, requestId, address };
}
