import { accountNotFound } from '../accounts/not-found.ts';
import { lockAccount, saveAccountDisabled } from '../accounts/store.ts';
import { record, type Actor } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import { revokeWithin, type Revoked } from './revoke.ts';

/** Signs the person out everywhere, ends their tokens and lets them sign in no more. Throws `account_not_found` (404). */
export async function disableAccount(
  { db, clock }: { db: Database; clock: Clock },
  id: string,
  actor: Actor,
): Promise<Revoked> {
  return db.transaction(async (tx) => {
    const account = await lockAccount(tx, id);
    if (!account) throw accountNotFound();
    const now = clock.now();
    if (account.disabledAt === null) {
      await saveAccountDisabled(tx, id, now, now);
      await record(tx, { occurredAt: now, type: 'account.disabled', actor, accountId: id });
    }
    return revokeWithin(tx, clock, { account: id }, actor);
  });
}
