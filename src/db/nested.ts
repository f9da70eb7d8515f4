import type { Knex } from 'knex';

import type { Database } from './database.ts';

/**
 * The database as a part of an open transaction: what verbs do in transactions of their own becomes a savepoint of it, so that
 * several verbs are done together or not at all. `pool` stays outside: whoever reads through it does not see what is not committed.
 */
export function nested(db: Database, tx: Knex.Transaction): Database {
  return { ...db, knex: tx, transaction: (work) => tx.transaction(work) };
}
