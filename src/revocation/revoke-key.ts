import type { Actor } from '../audit/record.ts';
import type { Seal } from '../crypto/seal.ts';
import { makeKey } from '../keys/make-key.ts';
import { revokeKeyWithin, type RevokedKey } from '../keys/revoke-key-within.ts';
import { getKey } from '../keys/store.ts';
import { revokeWithin, revoking, type RevocationContext, type Revoked } from './revoke.ts';

/**
 * The answer to a stolen signing key: it leaves the JWKS, its private part is wiped, another key signs in its place, and
 * every token it has signed is dead; one transaction. Verifiers that follow the stream drop it within a second; those that cache
 * the JWKS go on trusting it until they fetch the next one. Throws `key_not_found`. Revoking twice does no harm.
 */
export async function revokeKey(
  ctx: RevocationContext & { readonly seal: Seal },
  kid: string,
  actor: Actor,
): Promise<RevokedKey & Revoked> {
  const key = await getKey(ctx.db.knex, kid);
  // Before the transaction, because making an RSA key takes a good part of a second.
  const spare = await makeKey(ctx, key.alg);
  return revoking(ctx, async (tx) => {
    const outcome = await revokeKeyWithin(tx, { kid, spare, now: ctx.clock.now(), actor });
    const revoked = await revokeWithin(tx, ctx, { key: kid }, actor);
    return { ...outcome, ...revoked };
  });
}
