import type { Knex } from 'knex';

import type { Actor } from '../audit/event.ts';
import { record } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Passwords } from '../crypto/passwords.ts';
import type { Database } from '../db/database.ts';
import { endLinksOf } from './link-store.ts';
import { accountNotFound } from './not-found.ts';
import { checkPassword } from './rules.ts';
import { findAccount, savePassword } from './store.ts';

/**
 * Changes the password and nothing else: who is signed in stays so. When somebody else may know the old one, use
 * `revocation/reset-password.ts`. Throws `account_not_found` (404), `weak_password` (400), `overloaded` (503).
 */
export async function setPassword(
  ctx: { db: Database; clock: Clock; passwords: Passwords },
  id: string,
  password: string,
  actor: Actor,
): Promise<void> {
  const passwordHash = await hashNewPassword(ctx, id, password);
  await ctx.db.transaction((tx) => savePasswordWithin(tx, { id, passwordHash, now: ctx.clock.now(), actor }));
}

/** Checked against the account's own names, and hashed: slow, so never inside a transaction. */
export async function hashNewPassword(
  { db, passwords }: { db: Database; passwords: Passwords },
  id: string,
  password: string,
): Promise<string> {
  const account = await findAccount(db.knex, id);
  if (!account) throw accountNotFound();
  await checkPassword(passwords, password, account);
  return passwords.hash(password);
}

/** Ends the links that were mailed to the person: who had to change a password may have had a reader of their mail. */
export async function savePasswordWithin(
  tx: Knex.Transaction,
  { id, passwordHash, now, actor }: { id: string; passwordHash: string; now: Date; actor: Actor },
): Promise<void> {
  if (!(await savePassword(tx, id, passwordHash, now))) throw accountNotFound();
  await endLinksOf(tx, id);
  await record(tx, { occurredAt: now, type: 'account.password-set', actor, accountId: id });
}
