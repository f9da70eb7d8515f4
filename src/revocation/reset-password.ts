import { hashNewPassword, savePasswordWithin } from '../accounts/set-password.ts';
import type { Actor } from '../audit/record.ts';
import type { Passwords } from '../crypto/passwords.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';

/**
 * Sets a password and ends whatever the old one let in: sessions, grants, tokens (RFC 9700 §4.14.2). Throws
 * `account_not_found` (404), `weak_password` (400), `overloaded` (503).
 */
export async function resetPassword(
  ctx: RevocationContext & { readonly passwords: Passwords },
  id: string,
  password: string,
  actor: Actor,
): Promise<Revoked> {
  const passwordHash = await hashNewPassword(ctx, id, password);
  return revoking(ctx, async (tx) => {
    await savePasswordWithin(tx, { id, passwordHash, now: ctx.clock.now(), actor });
    return revokeWithin(tx, ctx, { account: id }, actor);
  });
}
