import type { Knex } from 'knex';

import { record } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import { violatedConstraint } from '../db/violation.ts';
import type { Account } from './account.ts';
import { consumeLink, endLinksOf, findLink } from './link-store.ts';
import { lockAccount, saveAccount } from './store.ts';

export type EmailChange =
  | { readonly ok: true; readonly account: Account; readonly previousEmail: string | null }
  /** Used, expired, replaced, never made; the account has another address by now, or somebody else has this one. */
  | { readonly ok: false };

const DEAD = { ok: false } as const;
const PURPOSES = ['email-change'] as const;

/**
 * The account has the address that the link was mailed to from now on, and it is verified: for a new address and for one
 * that it had already. All other links of the account end. `also` runs in the same transaction.
 */
export async function changeEmail(
  { db, clock }: { db: Database; clock: Clock },
  token: string,
  also: (tx: Knex.Transaction, change: EmailChange & { ok: true }) => Promise<void>,
): Promise<EmailChange> {
  const change = db.transaction(async (tx): Promise<EmailChange> => {
    const now = clock.now();
    const found = await findLink(tx, token, PURPOSES, now);
    const before = found?.accountId ? await lockAccount(tx, found.accountId) : undefined;
    const link = before && (await consumeLink(tx, token, PURPOSES, now));
    // A link of a disabled account is used up without an effect.
    if (!link || before.disabledAt !== null || before.email !== link.previousEmail) return DEAD;
    const account = { ...before, email: link.email, emailVerified: true, updatedAt: now };
    await saveAccount(tx, account);
    await endLinksOf(tx, account.id);
    const actor = `account:${account.id}`;
    const isNew = link.email !== before.email;
    const type = isNew ? 'account.email-changed' : 'account.email-verified';
    await record(tx, { occurredAt: now, type, actor, accountId: account.id });
    await also(tx, { ok: true, account, previousEmail: before.email });
    return { ok: true, account, previousEmail: before.email };
  });
  return change.catch(tellTaken);
}

function tellTaken(error: unknown): EmailChange {
  if (violatedConstraint(error) === 'accounts_email') return DEAD;
  throw error;
}
