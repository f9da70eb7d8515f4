import type { Knex } from 'knex';

import type { Actor } from '../audit/event.ts';
import { record } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import { newId } from '../crypto/ids.ts';
import type { Passwords } from '../crypto/passwords.ts';
import type { Database } from '../db/database.ts';
import { violatedConstraint } from '../db/violation.ts';
import { AppError } from '../errors.ts';
import type { Account } from './account.ts';
import { endLinksTo, lockAddress } from './link-store.ts';
import { checkEmail, checkPassword, checkUsername, mergeProfile } from './rules.ts';
import { insertAccount } from './store.ts';

export interface NewAccount {
  /** One of the two is needed to sign in. */
  readonly username?: string | undefined;
  readonly email?: string | undefined;
  readonly emailVerified?: boolean | undefined;
  /** OIDC standard claims under their wire names. */
  readonly profile?: Readonly<Record<string, unknown>> | undefined;
  /** Without one, the account cannot sign in until it is given one. */
  readonly password?: string | undefined;
  readonly actor: Actor;
}

/**
 * Throws `identifier_missing`, `invalid_username`, `invalid_email`, `invalid_profile`, `weak_password` (400), `username_taken`
 * or `email_taken` (409).
 */
export async function createAccount(
  { db, clock, passwords }: { db: Database; clock: Clock; passwords: Passwords },
  input: NewAccount,
): Promise<Account> {
  const account = draftAccount(input, clock.now());
  if (input.password !== undefined) await checkPassword(passwords, input.password, account);
  const passwordHash = input.password === undefined ? null : await passwords.hash(input.password);
  await db.transaction((tx) => saveDraftWithin(tx, account, passwordHash, input.actor)).catch(refuseTaken);
  return account;
}

/** What can be said of a new account before the database is asked. Throws what {@link createAccount} throws of names and profile. */
export function draftAccount(input: Omit<NewAccount, 'actor'>, now: Date): Account {
  const account: Account = {
    id: newId('usr'),
    username: input.username === undefined ? null : checkUsername(input.username),
    email: input.email === undefined ? null : checkEmail(input.email),
    emailVerified: input.email !== undefined && input.emailVerified === true,
    profile: mergeProfile({}, input.profile ?? {}),
    hasPassword: input.password !== undefined,
    passwordChangeRequired: false,
    passwordChangedAt: input.password === undefined ? null : now,
    disabledAt: null,
    createdAt: now,
    updatedAt: now,
  };
  if (account.username === null && account.email === null) throw identifierMissing();
  return account;
}

/** Ends the links that would make the same account. Breaks a unique index when somebody has its names: see {@link refuseTaken}. */
export async function saveDraftWithin(
  tx: Knex.Transaction,
  account: Account,
  passwordHash: string | null,
  actor: Actor,
): Promise<void> {
  if (account.email !== null) await lockAddress(tx, account.email);
  await insertAccount(tx, account, passwordHash);
  if (account.email !== null) await endLinksTo(tx, account.email);
  await record(tx, {
    occurredAt: account.createdAt,
    type: 'account.created',
    actor,
    accountId: account.id,
  });
}

export function identifierMissing(): AppError {
  return new AppError('identifier_missing', 'An account needs a username or an e-mail address.', {
    status: 400,
  });
}

/** Two people cannot be found under one name: the unique indexes decide, whoever comes second is told. */
export function refuseTaken(error: unknown): never {
  switch (violatedConstraint(error)) {
    case 'accounts_username':
      throw new AppError('username_taken', 'Another account has this username.', {
        status: 409,
        cause: error,
      });
    case 'accounts_email':
      throw new AppError('email_taken', 'Another account has this e-mail address.', {
        status: 409,
        cause: error,
      });
    default:
      throw error;
  }
}
