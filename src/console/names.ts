import { findAccountByIdentifier, findAccounts } from '../accounts/store.ts';
import { findClient } from '../clients/store.ts';
import { displayName } from '../interactions/present.ts';
import type { ConsoleContext, Visit } from './context.ts';
import { can } from './operator.ts';

/** By ids of people and clients. */
export type Names = ReadonlyMap<string, string>;

/** What those are called that still exist and that the operator may look at. Of a page at most: each client is a look-up. */
export async function namesOf(
  { db }: Pick<ConsoleContext, 'db'>,
  { operator }: Pick<Visit, 'operator'>,
  ids: { readonly accounts: readonly string[]; readonly clients: readonly string[] },
): Promise<Names> {
  const names = new Map<string, string>();
  if (can(operator, 'admin:users:read') && ids.accounts.length > 0) {
    for (const account of await findAccounts(db.pool, [...new Set(ids.accounts)])) {
      if (account) names.set(account.id, account.email ?? account.username ?? account.id);
    }
  }
  if (can(operator, 'admin:clients:read')) {
    for (const id of new Set(ids.clients)) {
      const client = await findClient(db.knex, id);
      const name = client?.metadata['client_name'];
      if (typeof name === 'string') names.set(id, displayName(name) || id);
    }
  }
  return names;
}

/** The id of whoever signs in with what was typed; what nobody signs in with is taken for an id. */
export async function personOf(
  { db }: Pick<ConsoleContext, 'db'>,
  { operator }: Pick<Visit, 'operator'>,
  typed: string,
): Promise<string> {
  if (!can(operator, 'admin:users:read')) return typed;
  return (await findAccountByIdentifier(db.knex, typed))?.id ?? typed;
}
