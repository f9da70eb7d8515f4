import { z } from 'zod';

import type { Account } from '../accounts/account.ts';
import { createAccount } from '../accounts/create-account.ts';
import { enableAccount } from '../accounts/enable-account.ts';
import { accountNotFound } from '../accounts/not-found.ts';
import { setPassword } from '../accounts/set-password.ts';
import { findAccount, findAccountByIdentifier, listAccounts } from '../accounts/store.ts';
import { updateAccount } from '../accounts/update-account.ts';
import type { Queryable } from '../db/database.ts';
import { deleteAccount } from '../revocation/delete-account.ts';
import { disableAccount } from '../revocation/disable-account.ts';
import { requirePasswordChange } from '../revocation/require-password-change.ts';
import { resetFactors } from '../revocation/reset-factors.ts';
import { resetPassword } from '../revocation/reset-password.ts';
import { rolesOf } from '../roles/assignment-store.ts';
import { cursorOfMade, cut } from '../documents/page.ts';
import { ACTOR } from './actor.ts';
import { COMMAND } from './command-name.ts';
import { fields, moment, paragraphs, table, type Outcome } from './outcome.ts';
import { pageOptions, parseArgument, parseOptions } from './parse.ts';
import { accountToJson } from '../documents/user.ts';
import { revokedMembers } from '../documents/revoked.ts';
import { givenRoleToJson } from '../documents/role.ts';
import { rolesInWords } from './role-words.ts';
import { endedInWords } from './revoked.ts';
import type { Action } from './run.ts';
import { readNewPassword } from './stdin.ts';
import { claimsOf, identifierOf, userOptions } from './user-options.ts';

export const create: Action = async (context, { options: given }) => {
  const options = parseOptions(userOptions, given);
  const account = await createAccount(context, {
    username: options.username,
    email: options.email,
    emailVerified: options.emailVerified,
    profile: claimsOf(options),
    password: options.passwordStdin ? await readNewPassword() : undefined,
    actor: ACTOR,
  });
  const next =
    !account.hasPassword && `Nobody can sign in yet:\n  ${COMMAND} users set-password ${nameOf(account)}`;
  return shown('The account is created.', account, next);
};

export const list: Action = async ({ db }, { options }) => {
  const { limit, after, search } = parseOptions(pageOptions, options);
  const { items, next } = cut(
    await listAccounts(db.knex, { limit: limit + 1, after, search }),
    limit,
    cursorOfMade,
  );
  const rows = items.map((account) => [
    account.id,
    account.email ?? '',
    account.username ?? '',
    account.profile.name ?? '',
    [!account.hasPassword && 'no password', account.disabledAt && 'disabled'].filter(Boolean).join(', '),
  ]);
  const none = `No accounts. Create one with: ${COMMAND} users create --email <address> --password-stdin`;
  return {
    json: { users: items.map(accountToJson), next },
    text: paragraphs(
      items.length === 0 ? none : table(['ID', 'E-MAIL', 'USERNAME', 'NAME', ''], rows),
      next !== null && `More: ${COMMAND} users list --after ${next}`,
    ),
  };
};

export const show: Action = async ({ db }, { args }) => {
  const account = await getUser(db.knex, args);
  const roles = await rolesOf(db.knex, { accountId: account.id });
  const outcome = shown(undefined, account);
  return {
    json: { ...accountToJson(account), roles: roles.map(givenRoleToJson) },
    text: paragraphs(outcome.text, roles.length > 0 && fields([['roles', rolesInWords(roles)]])),
  };
};

export const update: Action = async (context, { args, options: given }) => {
  const options = parseOptions(userOptions, given);
  const { id } = await getUser(context.db.knex, args);
  const changes = {
    username: identifierOf(options, 'username'),
    email: identifierOf(options, 'email'),
    emailVerified: options.emailVerified,
    profile: claimsOf(options),
  };
  return shown('The account is updated.', await updateAccount(context, id, changes, ACTOR));
};

export const setPasswordOf: Action = async (context, { args, options }) => {
  const { keepSessions } = parseOptions(z.object({ keepSessions: z.boolean().default(false) }), options);
  const account = await getUser(context.db.knex, args);
  const password = await readNewPassword();
  if (keepSessions) {
    await setPassword(context, account.id, password, ACTOR);
    return {
      json: { id: account.id, tokens_revoked: 0 },
      text: `The password of ${nameOf(account)} is set.`,
    };
  }
  const revoked = await resetPassword(context, account.id, password, ACTOR);
  return {
    json: { id: account.id, ...revokedMembers(revoked) },
    text: `The password of ${nameOf(account)} is set, sessions and ${endedInWords(revoked)}`,
  };
};

export const resetFactorsOf: Action = async (context, { args }) => {
  const account = await getUser(context.db.knex, args);
  const { hadFactors, revoked } = await resetFactors(context, account.id, ACTOR);
  const name = nameOf(account);
  const what = hadFactors ? `${name} has no second factor any more` : `${name} had no second factor`;
  return {
    json: { id: account.id, had_factors: hadFactors, ...revokedMembers(revoked) },
    text: `${what}; sessions and ${endedInWords(revoked)}`,
  };
};

export const requirePasswordChangeOf: Action = async (context, { args }) => {
  const account = await getUser(context.db.knex, args);
  const revoked = await requirePasswordChange(context, account.id, ACTOR);
  const name = nameOf(account);
  return {
    json: { id: account.id, ...revokedMembers(revoked) },
    text: `${name} chooses a new password at the next sign-in; sessions and ${endedInWords(revoked)}`,
  };
};

export const disable: Action = async (context, { args }) => {
  const account = await getUser(context.db.knex, args);
  const revoked = await disableAccount(context, account.id, ACTOR);
  const name = nameOf(account);
  return {
    json: { id: account.id, ...revokedMembers(revoked) },
    text: `The account ${name} is disabled, sessions and ${endedInWords(revoked)} Undo with: ${COMMAND} users enable ${name}`,
  };
};

export const enable: Action = async (context, { args }) => {
  const { id } = await getUser(context.db.knex, args);
  return shown('The account is enabled.', await enableAccount(context, id, ACTOR));
};

export const remove: Action = async (context, { args }) => {
  const account = await getUser(context.db.knex, args);
  const revoked = await deleteAccount(context, account.id, ACTOR);
  return {
    json: { id: account.id, ...revokedMembers(revoked) },
    text: `The account ${nameOf(account)} is deleted, sessions and ${endedInWords(revoked)}`,
  };
};

/** By id, or by what the person signs in with. */
export async function getUserByName(db: Queryable, name: string): Promise<Account> {
  const account = (await findAccount(db, name)) ?? (await findAccountByIdentifier(db, name));
  if (!account) throw accountNotFound();
  return account;
}

function getUser(db: Queryable, args: readonly string[]): Promise<Account> {
  return getUserByName(db, parseArgument(args, 0, 'user'));
}

function passwordInWords({ passwordChangedAt, passwordChangeRequired }: Account): string {
  if (!passwordChangedAt) return 'none';
  return `set ${moment(passwordChangedAt)}${passwordChangeRequired ? ', to be changed at the next sign-in' : ''}`;
}

function nameOf(account: Account): string {
  return account.email ?? account.username ?? account.id;
}

function shown(headline: string | undefined, account: Account, next?: string | false): Outcome {
  const { address, ...claims } = account.profile;
  const details = fields([
    ['id', account.id],
    ['email', account.email && `${account.email}${account.emailVerified ? ' (verified)' : ''}`],
    ['username', account.username],
    ...Object.entries(claims).map(([claim, value]) => [claim, String(value)] as const),
    ['address', Object.values(address ?? {}).join('\n')],
    ['password', passwordInWords(account)],
    ['created', moment(account.createdAt)],
    ['disabled', moment(account.disabledAt)],
  ]);
  return { json: accountToJson(account), text: paragraphs(headline, details, next) };
}
