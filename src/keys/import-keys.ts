import type { JWK } from 'jose';
import type { Knex } from 'knex';

import { record } from '../audit/record.ts';
import type { ForeignKey } from './key.ts';
import { publicJwk } from './public-jwk.ts';
import type { Move } from './stages.ts';
import { announceKeys, insertForeignKey, listKeys, lockKeys } from './store.ts';

/**
 * Shows public keys of another server in the JWKS for as long as a retired key of ours is, so that APIs which read our JWKS already go
 * on accepting what that server has signed. They sign nothing here, and no token that they signed is one of ours. Answers the ids
 * of those that were not there. Within the caller's transaction.
 */
export async function importKeysWithin(
  tx: Knex.Transaction,
  keys: readonly ForeignKey[],
  { now, actor }: Move,
): Promise<string[]> {
  if (keys.length === 0) return [];
  await lockKeys(tx);
  const known = new Set((await listKeys(tx)).map(({ kid }) => kid));
  const added = keys.filter(({ kid }) => !known.has(kid));
  for (const { kid, alg, jwk } of added) {
    const shown: JWK = { ...publicJwk(jwk), kid, alg, use: 'sig' };
    await insertForeignKey(tx, { kid, alg, publicJwk: shown }, now);
    await record(tx, { occurredAt: now, type: 'key.imported', actor, detail: { kid, alg } });
  }
  if (added.length > 0) await announceKeys(tx);
  return added.map(({ kid }) => kid);
}
