import type { Knex } from 'knex';

import { record, type Actor } from '../audit/record.ts';
import { findSuccessor } from './key.ts';
import type { KeyState, NewKey, SigningAlg } from './key.ts';
import { activate, start } from './stages.ts';
import { announceKeys, getKey, listKeys, lockKeys, markKeyRevoked } from './store.ts';

export interface RevokedKey {
  readonly kid: string;
  readonly alg: SigningAlg;
  /** What it was before; `revoked` when somebody else was faster. */
  readonly previously: KeyState;
  /** The key that signs in its place; undefined when it was not signing. */
  readonly replacementKid: string | undefined;
}

/**
 * Takes a key out of the JWKS and wipes its private part. If it was signing, another takes its place at once: the published
 * successor if there is one, because verifiers know it already, else `spare`. What the key has signed is ended by
 * `revocation/revoke-key.ts`, which calls this in its transaction; do not call it for itself.
 */
export async function revokeKeyWithin(
  tx: Knex.Transaction,
  { kid, spare, now, actor }: { kid: string; spare: NewKey; now: Date; actor: Actor },
): Promise<RevokedKey> {
  await lockKeys(tx);
  const key = await getKey(tx, kid);
  const outcome = { kid, alg: key.alg, previously: key.state };
  if (key.state === 'revoked') return { ...outcome, replacementKid: undefined };

  await markKeyRevoked(tx, kid, now);
  await record(tx, {
    occurredAt: now,
    type: 'key.revoked',
    actor,
    detail: { kid, alg: key.alg, previously: key.state },
  });
  await announceKeys(tx);
  if (key.state !== 'active') return { ...outcome, replacementKid: undefined };

  const successor = findSuccessor(await listKeys(tx), key.alg);
  if (successor) await activate(tx, successor, { now, actor });
  else await start(tx, spare, { now, actor });
  return { ...outcome, replacementKid: successor?.kid ?? spare.kid };
}
