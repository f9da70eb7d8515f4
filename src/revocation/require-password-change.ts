import { accountNotFound } from '../accounts/not-found.ts';
import { lockAccount, savePasswordChangeRequired } from '../accounts/store.ts';
import { record, type Actor } from '../audit/record.ts';
import { AppError } from '../errors.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';

/**
 * Ends whatever the person is signed in with, and leads their next sign-in with the password to a new one before anything else
 * (ASVS 5.0 V6.4.6: an operator starts it and never chooses the password). Throws `account_not_found` (404),
 * `account_has_no_password` (409).
 */
export async function requirePasswordChange(
  ctx: RevocationContext,
  id: string,
  actor: Actor,
): Promise<Revoked> {
  return revoking(ctx, async (tx) => {
    const account = await lockAccount(tx, id);
    if (!account) throw accountNotFound();
    if (!account.hasPassword) {
      throw new AppError('account_has_no_password', 'This account has no password to change.', {
        status: 409,
      });
    }
    const now = ctx.clock.now();
    if (!account.passwordChangeRequired) {
      await savePasswordChangeRequired(tx, id, now);
      await record(tx, { occurredAt: now, type: 'account.password-change-required', actor, accountId: id });
    }
    return revokeWithin(tx, ctx, { account: id }, actor);
  });
}
