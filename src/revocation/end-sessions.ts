import { record } from '../audit/record.ts';
import type { AuditEvent } from '../audit/event.ts';
import { deleteProgressOf } from '../authenticators/progress-store.ts';
import { listOwnSessionIds, lockOwnSession } from '../sessions/own-sessions.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';

/** Whose hand it was, for the audit log. */
export type Hand = Pick<AuditEvent, 'actor' | 'requestId' | 'address'>;

/** Ends one session of a person, with the tokens that live no longer than it. undefined: it is not theirs, or has ended before. */
export function endSession(
  ctx: RevocationContext,
  { accountId, session }: { accountId: string; session: string },
  hand: Hand,
): Promise<Revoked | undefined> {
  return revoking(ctx, async (tx) => {
    if (!(await lockOwnSession(tx, { accountId, session }))) return undefined;
    await record(tx, {
      ...hand,
      occurredAt: ctx.clock.now(),
      type: 'session.ended',
      accountId,
      detail: { session },
    });
    return revokeWithin(tx, ctx, { session }, hand.actor);
  });
}

/** Ends the sessions of a person one after the other, all but `except`, and the sign-ins under way; what begins meanwhile stays. */
export async function endSessions(
  ctx: RevocationContext,
  { accountId, except }: { accountId: string; except?: string | undefined },
  hand: Hand,
): Promise<{ readonly sessions: number; readonly tokens: number }> {
  await deleteProgressOf(ctx.db.knex, accountId);
  const ids = await listOwnSessionIds(ctx.db.knex, accountId);
  const ended: Revoked[] = [];
  for (const session of ids.filter((id) => id !== except)) {
    const revoked = await endSession(ctx, { accountId, session }, hand);
    if (revoked) ended.push(revoked);
  }
  return { sessions: ended.length, tokens: ended.reduce((sum, { tokens }) => sum + tokens, 0) };
}
