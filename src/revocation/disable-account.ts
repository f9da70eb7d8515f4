import { endLinksOf } from '../accounts/link-store.ts';
import { accountNotFound } from '../accounts/not-found.ts';
import { lockAccount, saveAccountDisabled } from '../accounts/store.ts';
import { record, type Actor } from '../audit/record.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';

/** Signs the person out everywhere, ends their tokens and lets them sign in no more. Throws `account_not_found` (404). */
export async function disableAccount(ctx: RevocationContext, id: string, actor: Actor): Promise<Revoked> {
  return revoking(ctx, async (tx) => {
    const account = await lockAccount(tx, id);
    if (!account) throw accountNotFound();
    const now = ctx.clock.now();
    if (account.disabledAt === null) {
      await saveAccountDisabled(tx, id, now, now);
      await endLinksOf(tx, id);
      await record(tx, { occurredAt: now, type: 'account.disabled', actor, accountId: id });
    }
    return revokeWithin(tx, ctx, { account: id }, actor);
  });
}
