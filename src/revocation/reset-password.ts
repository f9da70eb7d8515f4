import type { Knex } from 'knex';

import type { Account } from '../accounts/account.ts';
import type { WayBack } from '../accounts/link.ts';
import { consumeLink, findLink } from '../accounts/link-store.ts';
import { accountNotFound } from '../accounts/not-found.ts';
import { hashNewPassword, savePasswordWithin } from '../accounts/set-password.ts';
import { lockAccount, saveAccount } from '../accounts/store.ts';
import type { Actor } from '../audit/record.ts';
import type { Passwords } from '../crypto/passwords.ts';
import { queueNotice, type NoticeFacts } from '../mail/queue-notice.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';

/**
 * Sets a password and ends whatever the old one let in: sessions, grants, tokens (RFC 9700 §4.14.2). The person is told.
 * Throws `account_not_found` (404), `weak_password` (400), `overloaded` (503).
 */
export async function resetPassword(
  ctx: RevocationContext & { readonly passwords: Passwords },
  id: string,
  password: string,
  actor: Actor,
): Promise<Revoked> {
  const passwordHash = await hashNewPassword(ctx, id, password);
  return revoking(ctx, async (tx) => {
    const account = await lockAccount(tx, id);
    if (!account) throw accountNotFound();
    return replacePasswordWithin(tx, ctx, { account, passwordHash, actor });
  });
}

export type ResetByLink =
  | { readonly ok: true; readonly accountId: string; readonly wayBack: WayBack | null }
  /** Used, expired, replaced, never made, or of an account that has changed since. */
  | { readonly ok: false };

const PURPOSES = ['password-reset'] as const;

/**
 * The same with a link that was mailed to the person, used up together with the change or not at all. It signs nobody in and
 * takes no second factor away. Throws `weak_password` (400), `overloaded` (503).
 */
export async function resetPasswordByLink(
  ctx: RevocationContext & { readonly passwords: Passwords },
  { token, password, notice }: { token: string; password: string; notice: NoticeFacts },
): Promise<ResetByLink> {
  const { clock } = ctx;
  const accountId = (await findLink(ctx.db.knex, token, PURPOSES, clock.now()))?.accountId;
  if (!accountId) return { ok: false };
  const passwordHash = await hashNewPassword(ctx, accountId, password);
  return revoking(ctx, async (tx): Promise<ResetByLink> => {
    const account = await lockAccount(tx, accountId);
    const link = await consumeLink(tx, token, PURPOSES, clock.now());
    if (!link || !account || account.disabledAt !== null || account.email !== link.email)
      return { ok: false };
    // Whoever followed the link reads the mailbox.
    await saveAccount(tx, { ...account, emailVerified: true, updatedAt: clock.now() });
    await replacePasswordWithin(tx, ctx, { account, passwordHash, actor: `account:${accountId}`, notice });
    return { ok: true, accountId, wayBack: link.wayBack };
  });
}

async function replacePasswordWithin(
  tx: Knex.Transaction,
  ctx: RevocationContext,
  change: { account: Account; passwordHash: string; actor: Actor; notice?: NoticeFacts },
): Promise<Revoked> {
  const { account, passwordHash, actor, notice = {} } = change;
  const now = ctx.clock.now();
  await savePasswordWithin(tx, { id: account.id, passwordHash, now, actor });
  await queueNotice(tx, 'password-changed', account, notice, now);
  return revokeWithin(tx, ctx, { account: account.id }, actor);
}
