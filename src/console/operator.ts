import type { Account } from '../accounts/account.ts';
import { ADMIN_API_ID } from '../resources/built-in.ts';
import type { Operator } from '../admin/operation.ts';
import { isAdminScope, type AdminScope } from '../admin/scopes.ts';
import type { Database } from '../db/database.ts';
import { scopesOf } from '../roles/assignment-store.ts';

/** Whoever has a role of the admin API, with what it carries now; a role that is taken ends with the next click. */
export async function findOperator(
  { db }: { db: Database },
  { id }: Pick<Account, 'id'>,
): Promise<Operator | undefined> {
  const carried = await scopesOf(db.knex, { accountId: id }, ADMIN_API_ID);
  const scopes = new Set([...carried].filter(isAdminScope));
  return scopes.size > 0 ? { actor: `account:${id}`, scopes } : undefined;
}

export function can({ scopes }: Operator, scope: AdminScope): boolean {
  return scopes.has(scope);
}
