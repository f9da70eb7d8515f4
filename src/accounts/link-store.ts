import type { Knex } from 'knex';

import type { Queryable } from '../db/database.ts';
import { linkDigest, type AccountLink, type LinkPurpose } from './link.ts';

interface Row {
  purpose: LinkPurpose;
  account_id: string | null;
  email: string;
  previous_email: string | null;
  proves_email: boolean;
  name: string | null;
  interaction_uid: string | null;
  interaction_mark: string | null;
}

const COLUMNS: (keyof Row)[] = [
  'purpose',
  'account_id',
  'email',
  'previous_email',
  'proves_email',
  'name',
  'interaction_uid',
  'interaction_mark',
];

export interface NewLink extends AccountLink {
  readonly digest: Buffer;
  readonly occasion: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** The link in place of unused older ones: one purpose and person after the other, so that the last one alone is left. */
export async function replaceLinks(tx: Knex.Transaction, link: NewLink): Promise<void> {
  const subject = link.accountId ?? link.email;
  await tx.raw('SELECT pg_advisory_xact_lock(hashtextextended(?, 0))', [
    `guichet account link ${link.purpose} ${subject}`,
  ]);
  await tx('account_links')
    .where({ purpose: link.purpose, ...subjectOf(link) })
    .whereNull('used_at')
    .whereNot({ occasion: link.occasion })
    .delete();
  await tx('account_links').insert({
    digest: link.digest,
    purpose: link.purpose,
    occasion: link.occasion,
    account_id: link.accountId,
    email: link.email,
    previous_email: link.previousEmail,
    proves_email: link.provesEmail,
    name: link.name,
    interaction_uid: link.wayBack?.interactionUid ?? null,
    interaction_mark: link.wayBack?.mark ?? null,
    created_at: link.createdAt,
    expires_at: link.expiresAt,
  });
}

/** One that could be used now. Whether it may still be used only {@link consumeLink} decides. */
export async function findLink(
  db: Queryable,
  token: string,
  purposes: readonly LinkPurpose[],
  now: Date,
): Promise<AccountLink | undefined> {
  const digest = linkDigest(token);
  if (!digest) return undefined;
  const row = await db('account_links')
    .first<Row | undefined>(...COLUMNS)
    .where({ digest })
    .whereIn('purpose', purposes)
    .whereNull('used_at')
    .where('expires_at', '>', now);
  return row && toLink(row);
}

/**
 * Single use: undefined for everybody but the first. Lock the link's account before, as whoever ends its links does: two who
 * hold one of both and wait for the other would be a deadlock.
 */
export async function consumeLink(
  tx: Knex.Transaction,
  token: string,
  purposes: readonly LinkPurpose[],
  now: Date,
): Promise<AccountLink | undefined> {
  const digest = linkDigest(token);
  if (!digest) return undefined;
  const rows: Row[] = await tx('account_links')
    .where({ digest })
    .whereIn('purpose', purposes)
    .whereNull('used_at')
    .where('expires_at', '>', now)
    .update({ used_at: now }, COLUMNS);
  return rows[0] && toLink(rows[0]);
}

/** Whoever could read an older mail of the account can do nothing with it any more. */
export async function endLinksOf(db: Queryable, accountId: string): Promise<void> {
  await db('account_links').where({ account_id: accountId }).whereNull('used_at').delete();
}

/**
 * One making of an account of this address after the other. Each uses up one link, makes the account and ends the other
 * links: two that are half-way would wait for each other's link and name.
 */
export async function lockAddress(tx: Knex.Transaction, email: string): Promise<void> {
  await tx.raw('SELECT pg_advisory_xact_lock(hashtextextended(?, 0))', [`guichet account of ${email}`]);
}

/** Those that would make an account of an address. */
export async function endLinksTo(db: Queryable, email: string): Promise<void> {
  await db('account_links').where({ email }).whereNull('account_id').whereNull('used_at').delete();
}

function subjectOf({ accountId, email }: AccountLink): Record<string, string> {
  return accountId === null ? { email } : { account_id: accountId };
}

function toLink(row: Row): AccountLink {
  return {
    purpose: row.purpose,
    accountId: row.account_id,
    email: row.email,
    previousEmail: row.previous_email,
    provesEmail: row.proves_email,
    name: row.name,
    wayBack:
      row.interaction_uid === null || row.interaction_mark === null
        ? null
        : { interactionUid: row.interaction_uid, mark: row.interaction_mark },
  };
}
