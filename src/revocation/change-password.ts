import { hashNewPassword, savePasswordWithin } from '../accounts/set-password.ts';
import { deleteProgressOf } from '../authenticators/progress-store.ts';
import type { Passwords } from '../crypto/passwords.ts';
import { queueNotice, type NoticeFacts, type Recipient } from '../mail/queue-notice.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';

export interface PasswordChange {
  readonly account: Recipient;
  readonly password: string;
  /** The session it is changed in. It goes on in either case. */
  readonly sessionUid: string;
  /** Ends all other sessions of the person, with the grants and tokens that hang on them. */
  readonly signOutElsewhere: boolean;
  readonly notice: NoticeFacts;
}

/**
 * A person changes their own password, having shown the old one. Throws `account_not_found` (404), `weak_password` (400),
 * `overloaded` (503).
 */
export async function changePassword(
  ctx: RevocationContext & { readonly passwords: Passwords },
  { account, password, sessionUid, signOutElsewhere, notice }: PasswordChange,
): Promise<Revoked | undefined> {
  const { id } = account;
  const actor = `account:${id}`;
  const passwordHash = await hashNewPassword(ctx, id, password);
  return revoking(ctx, async (tx) => {
    const now = ctx.clock.now();
    await savePasswordWithin(tx, { id, passwordHash, now, actor });
    await deleteProgressOf(tx, id);
    await queueNotice(tx, 'password-changed', account, notice, now);
    if (!signOutElsewhere) return undefined;
    return revokeWithin(tx, ctx, { account: id, exceptSession: sessionUid }, actor);
  });
}
