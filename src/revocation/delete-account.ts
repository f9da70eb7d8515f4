import { accountNotFound } from '../accounts/not-found.ts';
import { deleteAccountRow, lockAccount } from '../accounts/store.ts';
import { record, type Actor } from '../audit/record.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';

/**
 * Signs the person out everywhere, ends their tokens and forgets who they are. Their id stays in the audit log and is never
 * given to anybody else (OIDC Core §2, `sub`). Throws `account_not_found` (404).
 */
export async function deleteAccount(ctx: RevocationContext, id: string, actor: Actor): Promise<Revoked> {
  return revoking(ctx, async (tx) => {
    if (!(await lockAccount(tx, id))) throw accountNotFound();
    await deleteAccountRow(tx, id);
    await record(tx, { occurredAt: ctx.clock.now(), type: 'account.deleted', actor, accountId: id });
    return revokeWithin(tx, ctx, { account: id }, actor);
  });
}
