import { accountNotFound } from '../accounts/not-found.ts';
import { lockAccount } from '../accounts/store.ts';
import { record, type Actor } from '../audit/record.ts';
import { removeFactorsWithin } from '../authenticators/remove-factor.ts';
import { queueNotice } from '../mail/queue-notice.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';

/**
 * For somebody who has lost whatever they prove a second factor with: takes all of it away, ends whatever was signed in with
 * it, and tells them. Throws `account_not_found` (404).
 */
export async function resetFactors(
  ctx: RevocationContext,
  id: string,
  actor: Actor,
): Promise<{ readonly hadFactors: boolean; readonly revoked: Revoked }> {
  return revoking(ctx, async (tx) => {
    const account = await lockAccount(tx, id);
    if (!account) throw accountNotFound();
    const now = ctx.clock.now();
    const hadFactors = await removeFactorsWithin(tx, id);
    if (hadFactors) {
      const reasons = ['second-factor-removed'] as const;
      await record(tx, { occurredAt: now, type: 'account.factors-reset', actor, accountId: id, reasons });
      await queueNotice(tx, 'authenticator-removed', account, {}, now);
    }
    return { hadFactors, revoked: await revokeWithin(tx, ctx, { account: id }, actor) };
  });
}
