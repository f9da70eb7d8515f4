import { accountNotFound } from '../accounts/not-found.ts';
import { deleteAccountRow, lockAccount } from '../accounts/store.ts';
import { record, type Actor } from '../audit/record.ts';
import { queueMail } from '../mail/queue-mail.ts';
import type { NewMail } from '../mail/mail.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';

/** Tells the person, where there is an address to tell them at. */
export type DeletionNotice = Pick<NewMail, 'language' | 'detail'>;

/**
 * Signs the person out everywhere, ends their tokens and forgets who they are. Their id stays in the audit log and is never
 * given to anybody else (OIDC Core §2, `sub`). Throws `account_not_found` (404).
 */
export async function deleteAccount(
  ctx: RevocationContext,
  id: string,
  actor: Actor,
  notice?: DeletionNotice,
): Promise<Revoked> {
  return revoking(ctx, async (tx) => {
    const account = await lockAccount(tx, id);
    if (!account) throw accountNotFound();
    const now = ctx.clock.now();
    await deleteAccountRow(tx, id);
    await record(tx, { occurredAt: now, type: 'account.deleted', actor, accountId: id });
    if (notice && account.email !== null) {
      const mail = { kind: 'account-deleted', recipient: account.email, accountId: id, ...notice } as const;
      await queueMail(tx, mail, now);
    }
    return revokeWithin(tx, ctx, { account: id }, actor);
  });
}
