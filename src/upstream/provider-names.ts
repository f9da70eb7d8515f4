import type { Queryable } from '../db/database.ts';

/** Through whom a person can sign in, by the names on the buttons. */
export async function listProviderNames(db: Queryable, accountId: string): Promise<string[]> {
  return db('identities')
    .join('identity_providers', 'identity_providers.id', 'identities.provider_id')
    .where({ account_id: accountId })
    .whereNull('identity_providers.disabled_at')
    .distinct()
    .orderBy('identity_providers.name')
    .limit(NAMES_MAX)
    .pluck('identity_providers.name');
}

/** More than anybody has; a mail lists them. */
const NAMES_MAX = 10;
