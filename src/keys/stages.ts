import type { Knex } from 'knex';

import { record, type Actor } from '../audit/record.ts';
import type { NewKey, SigningKey } from './key.ts';
import { activateKey, insertKey, publishKey } from './store.ts';

/**
 * The moves of a key from stage to stage, each with its audit event. The caller's transaction holds the lock of
 * `lockKeys` and ends with `announceKeys`.
 */
export interface Move {
  readonly now: Date;
  readonly actor: Actor;
}

/** Stores a new key and shows it in the JWKS. */
export async function publish(tx: Knex.Transaction, key: NewKey, { now, actor }: Move): Promise<void> {
  await insertKey(tx, key, now);
  await publishKey(tx, key.kid, now);
  await record(tx, { occurredAt: now, type: 'key.published', actor, detail: { kid: key.kid, alg: key.alg } });
}

/** Puts a stored key to work; the one it replaces retires. */
export async function activate(
  tx: Knex.Transaction,
  { kid, alg }: Pick<SigningKey, 'kid' | 'alg'>,
  { now, actor }: Move,
): Promise<void> {
  await activateKey(tx, { kid, alg }, now);
  await record(tx, { occurredAt: now, type: 'key.activated', actor, detail: { kid, alg } });
}

/** Stores a new key and puts it to work in the same instant. */
export async function start(tx: Knex.Transaction, key: NewKey, move: Move): Promise<void> {
  await insertKey(tx, key, move.now);
  await activate(tx, key, move);
}
