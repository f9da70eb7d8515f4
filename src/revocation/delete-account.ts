import { accountNotFound } from '../accounts/not-found.ts';
import { deleteAccountRow, lockAccount } from '../accounts/store.ts';
import { record, type Actor } from '../audit/record.ts';
import { queueNotice, type NoticeFacts } from '../mail/queue-notice.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';

/**
 * Signs the person out everywhere, ends their tokens and forgets who they are. Their id stays in the audit log and is never
 * given to anybody else (OIDC Core §2, `sub`). With a notice they are told by mail. Throws `account_not_found` (404).
 */
export async function deleteAccount(
  ctx: RevocationContext,
  id: string,
  actor: Actor,
  notice?: NoticeFacts,
): Promise<Revoked> {
  return revoking(ctx, async (tx) => {
    const account = await lockAccount(tx, id);
    if (!account) throw accountNotFound();
    const now = ctx.clock.now();
    await deleteAccountRow(tx, id);
    await record(tx, { occurredAt: now, type: 'account.deleted', actor, accountId: id });
    if (notice) await queueNotice(tx, 'account-deleted', account, notice, now);
    return revokeWithin(tx, ctx, { account: id }, actor);
  });
}
