import type { Pool } from 'pg';

import type { Queryable } from '../db/database.ts';
import type { Place } from '../db/place.ts';
import { isStorable } from '../db/text.ts';
import { foldIdentifier, isEmail, type Account, type Profile } from './account.ts';

interface Row {
  id: string;
  username: string | null;
  email: string | null;
  email_verified: boolean;
  profile: Profile;
  password_hash: string | null;
  password_changed_at: Date | null;
  password_change_required_at: Date | null;
  disabled_at: Date | null;
  created_at: Date;
  updated_at: Date;
}

const COLUMNS: (keyof Row)[] = [
  'id',
  'username',
  'email',
  'email_verified',
  'profile',
  'password_hash',
  'password_changed_at',
  'password_change_required_at',
  'disabled_at',
  'created_at',
  'updated_at',
];

/** An account together with what proves it. Stays within this room. */
export interface Credential {
  readonly account: Account;
  readonly passwordHash: string | null;
}

export async function findAccount(db: Queryable, id: string): Promise<Account | undefined> {
  if (!isStorable(id)) return undefined;
  const row = await db<Row>('accounts').first(COLUMNS).where({ id });
  return row && toAccount(row);
}

/** One statement for many look-ups; the answers stand in the order of the ids. */
export async function findAccounts(pool: Pool, ids: readonly string[]): Promise<(Account | undefined)[]> {
  const { rows } = await pool.query<Row>({
    name: 'accounts_find',
    text: `SELECT ${COLUMNS.join(', ')} FROM accounts WHERE id = ANY($1::text[])`,
    values: [ids],
  });
  const found = new Map(rows.map((row) => [row.id, toAccount(row)]));
  return ids.map((id) => found.get(id));
}

/** By e-mail address or username, as a person would type it. */
export async function findAccountByIdentifier(
  db: Queryable,
  identifier: string,
): Promise<Account | undefined> {
  const credential = await findCredential(db, identifier);
  return credential?.account;
}

export async function findCredential(db: Queryable, identifier: string): Promise<Credential | undefined> {
  const folded = foldIdentifier(identifier);
  if (folded === '' || !isStorable(folded)) return undefined;
  const column = isEmail(folded) ? 'email' : 'username';
  // lower() on the column only to use its index: what is stored is folded already.
  const row = await db<Row>('accounts').first(COLUMNS).whereRaw('lower(??) = ?', [column, folded]);
  return row && { account: toAccount(row), passwordHash: row.password_hash };
}

/** Takes the row's lock, so that two changes of one account are made one after the other. */
export async function lockAccount(db: Queryable, id: string): Promise<Account | undefined> {
  if (!isStorable(id)) return undefined;
  const row = await db<Row>('accounts').first(COLUMNS).where({ id }).forUpdate();
  return row && toAccount(row);
}

/** Oldest first; `after` is where the previous page ended. */
export async function listAccounts(
  db: Queryable,
  page: { limit: number; after?: Place | undefined; search?: string | undefined },
): Promise<Account[]> {
  const query = db<Row>('accounts').select(COLUMNS).orderBy(['created_at', 'id']).limit(page.limit);
  if (page.after !== undefined) {
    void query.whereRaw('(created_at, id) > (?, ?)', [page.after.at, page.after.id]);
  }
  if (page.search !== undefined) {
    const search = foldIdentifier(page.search);
    void query.whereRaw('(position(? in username) > 0 or position(? in email) > 0)', [search, search]);
  }
  const rows = await query;
  return rows.map(toAccount);
}

export async function insertAccount(
  db: Queryable,
  account: Omit<Account, 'hasPassword' | 'passwordChangeRequired' | 'disabledAt'>,
  passwordHash: string | null,
): Promise<void> {
  await db('accounts').insert({
    id: account.id,
    username: account.username,
    email: account.email,
    email_verified: account.emailVerified,
    profile: JSON.stringify(account.profile),
    password_hash: passwordHash,
    password_changed_at: account.passwordChangedAt,
    created_at: account.createdAt,
    updated_at: account.updatedAt,
  });
}

export async function saveAccount(
  db: Queryable,
  account: Pick<Account, 'id' | 'username' | 'email' | 'emailVerified' | 'profile' | 'updatedAt'>,
): Promise<void> {
  await db('accounts')
    .where({ id: account.id })
    .update({
      username: account.username,
      email: account.email,
      email_verified: account.emailVerified,
      profile: JSON.stringify(account.profile),
      updated_at: account.updatedAt,
    });
}

/** Whether there was such an account. */
export async function savePassword(
  db: Queryable,
  id: string,
  passwordHash: string,
  now: Date,
): Promise<boolean> {
  const changed = await db('accounts').where({ id }).update({
    password_hash: passwordHash,
    password_changed_at: now,
    password_change_required_at: null,
    updated_at: now,
  });
  return changed === 1;
}

/** Until the password is set anew, by whatever way. */
export async function savePasswordChangeRequired(db: Queryable, id: string, now: Date): Promise<void> {
  await db('accounts').where({ id }).update({ password_change_required_at: now, updated_at: now });
}

/** Replaces a hash by a stronger one of the same password, unless the password was changed in the meantime. */
export async function replaceHash(
  db: Queryable,
  id: string,
  old: string,
  replacement: string,
): Promise<void> {
  await db('accounts').where({ id, password_hash: old }).update({ password_hash: replacement });
}

export async function saveAccountDisabled(
  db: Queryable,
  id: string,
  disabledAt: Date | null,
  now: Date,
): Promise<void> {
  await db('accounts').where({ id }).update({ disabled_at: disabledAt, updated_at: now });
}

/** Notes a sign-in. `before` is the one before it, null when it is the first; undefined: there is no such account. */
export async function saveSignedIn(
  tx: Queryable,
  id: string,
  now: Date,
): Promise<{ readonly account: Account; readonly before: Date | null } | undefined> {
  const { rows } = await tx.raw<{ rows: (Row & { before: Date | null })[] }>(
    `WITH last AS (SELECT signed_in_at AS before FROM accounts WHERE id = :id FOR UPDATE)
     UPDATE accounts SET signed_in_at = :now FROM last WHERE id = :id RETURNING ${COLUMNS.join(', ')}, before`,
    { id, now },
  );
  return rows[0] && { account: toAccount(rows[0]), before: rows[0].before };
}

export async function deleteAccountRow(db: Queryable, id: string): Promise<void> {
  await db('accounts').where({ id }).delete();
}

function toAccount(row: Row): Account {
  return {
    id: row.id,
    username: row.username,
    email: row.email,
    emailVerified: row.email_verified,
    profile: row.profile,
    hasPassword: row.password_hash !== null,
    passwordChangedAt: row.password_changed_at,
    passwordChangeRequired: row.password_change_required_at !== null,
    disabledAt: row.disabled_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
