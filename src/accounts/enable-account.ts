import type { Actor } from '../audit/event.ts';
import { record } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import type { Account } from './account.ts';
import { accountNotFound } from './not-found.ts';
import { lockAccount, saveAccountDisabled } from './store.ts';

/** Lets somebody sign in again. What was ended when the account was disabled stays ended. Throws `account_not_found` (404). */
export async function enableAccount(
  { db, clock }: { db: Database; clock: Clock },
  id: string,
  actor: Actor,
): Promise<Account> {
  return db.transaction(async (tx) => {
    const account = await lockAccount(tx, id);
    if (!account) throw accountNotFound();
    if (account.disabledAt === null) return account;
    const now = clock.now();
    await saveAccountDisabled(tx, id, null, now);
    await record(tx, { occurredAt: now, type: 'account.enabled', actor, accountId: id });
    return { ...account, disabledAt: null, updatedAt: now };
  });
}
