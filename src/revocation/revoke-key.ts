import type { Actor } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Seal } from '../crypto/seal.ts';
import type { Database } from '../db/database.ts';
import { makeKey } from '../keys/make-key.ts';
import { revokeKeyWithin, type RevokedKey } from '../keys/revoke-key-within.ts';
import { getKey } from '../keys/store.ts';
import { revokeWithin, type Revoked } from './revoke.ts';

/**
 * The answer to a stolen signing key: it leaves the JWKS, its private part is wiped, another key signs in its place, and
 * every token it has signed is dead; one transaction. Verifiers that cache the JWKS go on trusting it until they fetch the
 * next one. Throws `key_not_found`. Revoking twice does no harm.
 */
export async function revokeKey(
  { db, clock, seal }: { db: Database; clock: Clock; seal: Seal },
  kid: string,
  actor: Actor,
): Promise<RevokedKey & Revoked> {
  const key = await getKey(db.knex, kid);
  // Before the transaction, because making an RSA key takes a good part of a second.
  const spare = await makeKey({ seal }, key.alg);
  return db.transaction(async (tx) => {
    const outcome = await revokeKeyWithin(tx, { kid, spare, now: clock.now(), actor });
    const { tokens } = await revokeWithin(tx, clock, { key: kid }, actor);
    return { ...outcome, tokens };
  });
}
