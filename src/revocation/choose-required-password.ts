import type { Account } from '../accounts/account.ts';
import { hashNewPassword, savePasswordWithin } from '../accounts/set-password.ts';
import { findCredential, findAccount, lockAccount } from '../accounts/store.ts';
import { deleteProgressOf } from '../authenticators/progress-store.ts';
import type { Passwords } from '../crypto/passwords.ts';
import { AppError } from '../errors.ts';
import { queueNotice, type NoticeFacts } from '../mail/queue-notice.ts';
import type { RevocationContext } from './revoke.ts';

/**
 * A person whose password has to change chooses the new one, having shown the old one a moment ago. Every other sign-in of theirs
 * under way ends: somebody else may have the old one. undefined: meanwhile it was changed, or does not have to be any more. Throws
 * `weak_password` (400), `same_password` (400), `overloaded` (503).
 */
export async function chooseRequiredPassword(
  ctx: RevocationContext & { readonly passwords: Passwords },
  { account, password, notice }: { account: Account; password: string; notice: NoticeFacts },
): Promise<Account | undefined> {
  const { id } = account;
  await refuseSame(ctx, account, password);
  const passwordHash = await hashNewPassword(ctx, id, password);
  return ctx.db.transaction(async (tx) => {
    const now = ctx.clock.now();
    const current = await lockAccount(tx, id);
    if (!current?.passwordChangeRequired || current.disabledAt !== null) return undefined;
    if (current.passwordChangedAt?.getTime() !== account.passwordChangedAt?.getTime()) return undefined;
    await savePasswordWithin(tx, { id, passwordHash, now, actor: `account:${id}` });
    await deleteProgressOf(tx, id);
    await queueNotice(tx, 'password-changed', current, notice, now);
    return findAccount(tx, id);
  });
}

async function refuseSame(
  { db, passwords }: RevocationContext & { readonly passwords: Passwords },
  { email, username }: Account,
  password: string,
): Promise<void> {
  const credential = await findCredential(db.knex, email ?? username ?? '');
  if (!credential?.passwordHash) return;
  if ((await passwords.verify(credential.passwordHash, password)).ok) {
    throw new AppError('same_password', 'The new password is the old one.', { status: 400 });
  }
}
