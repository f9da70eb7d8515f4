import type { Account } from '../accounts/account.ts';
import { accountNotFound } from '../accounts/not-found.ts';
import { findAccount, lockAccount } from '../accounts/store.ts';
import type { AdminContext } from './context.ts';
import type { Operator } from './operation.ts';
import { adminScopesOfAccount, requireWithinReach } from './reach.ts';

export async function getAccount({ db }: Pick<AdminContext, 'db'>, id: string): Promise<Account> {
  const account = await findAccount(db.knex, id);
  if (!account) throw accountNotFound();
  return account;
}

/**
 * A person who can do nothing on the admin API that the operator could not. The row stays locked, so that they are given no role
 * before the transaction ends. Throws `account_not_found` (404), `beyond_own_scopes` (403).
 */
export async function getReachableAccount(
  context: AdminContext,
  operator: Operator,
  id: string,
): Promise<Account> {
  const account = await lockAccount(context.db.knex, id);
  if (!account) throw accountNotFound();
  requireWithinReach(operator, await adminScopesOfAccount(context, id));
  return account;
}
