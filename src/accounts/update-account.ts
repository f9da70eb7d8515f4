import type { Actor } from '../audit/event.ts';
import { record } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import type { Account } from './account.ts';
import { identifierMissing, refuseTaken } from './create-account.ts';
import { endLinksOf } from './link-store.ts';
import { accountNotFound } from './not-found.ts';
import { checkEmail, checkUsername, mergeProfile } from './rules.ts';
import { lockAccount, saveAccount } from './store.ts';

export interface AccountChanges {
  /** null takes it away; what is not mentioned stays. */
  readonly username?: string | null | undefined;
  readonly email?: string | null | undefined;
  readonly emailVerified?: boolean | undefined;
  /** Claims under their wire names; null takes one away. */
  readonly profile?: Readonly<Record<string, unknown>> | undefined;
}

/** Throws `account_not_found` (404) and what `createAccount` throws. */
export async function updateAccount(
  { db, clock }: { db: Database; clock: Clock },
  id: string,
  changes: AccountChanges,
  actor: Actor,
): Promise<Account> {
  return db
    .transaction(async (tx) => {
      const before = await lockAccount(tx, id);
      if (!before) throw accountNotFound();
      const after = apply(before, changes, clock.now());
      await saveAccount(tx, after);
      if (after.email !== before.email) await endLinksOf(tx, id);
      const changed = changedMembers(changes);
      await record(tx, {
        occurredAt: after.updatedAt,
        type: 'account.updated',
        actor,
        accountId: id,
        detail: { changed },
      });
      return after;
    })
    .catch(refuseTaken);
}

function apply(before: Account, changes: AccountChanges, now: Date): Account {
  const username = typeof changes.username === 'string' ? checkUsername(changes.username) : changes.username;
  const email = typeof changes.email === 'string' ? checkEmail(changes.email) : changes.email;
  // That the old address was theirs says nothing of the new one.
  const stillVerified = before.emailVerified && (email === undefined || email === before.email);
  const after = {
    ...before,
    username: username === undefined ? before.username : username,
    email: email === undefined ? before.email : email,
    profile: mergeProfile(before.profile, changes.profile ?? {}),
    updatedAt: now,
  };
  if (after.username === null && after.email === null) throw identifierMissing();
  return { ...after, emailVerified: after.email !== null && (changes.emailVerified ?? stillVerified) };
}

/** Names only: the values are personal. */
function changedMembers({ profile, ...own }: AccountChanges): string[] {
  const mentioned = Object.entries(own).filter(([, value]) => value !== undefined);
  return [...mentioned.map(([member]) => member), ...Object.keys(profile ?? {})];
}
