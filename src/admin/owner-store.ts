import type { Knex } from 'knex';

import type { Queryable } from '../db/database.ts';
import { ADMIN_API_ID } from '../resources/built-in.ts';

/** People who may do everything and can sign in. */
export function owners(db: Queryable): Knex.QueryBuilder {
  return db('role_assignments as ra')
    .join('roles as r', 'r.id', 'ra.role_id')
    .join('accounts as a', 'a.id', 'ra.account_id')
    .where({ 'r.api_id': ADMIN_API_ID, 'r.name': 'owner', 'r.built_in': true })
    .whereNull('a.disabled_at')
    .select(db.raw('1'));
}

export async function hasOwner(db: Queryable): Promise<boolean> {
  return (await owners(db).first('ra.id')) !== undefined;
}

/** To the end of the transaction nobody else takes an owner away: of the last two, each could be the other's reason to go. */
export async function lockOwners(tx: Queryable): Promise<void> {
  await tx.raw(`select pg_advisory_xact_lock(hashtextextended('guichet owners', 0))`);
}
