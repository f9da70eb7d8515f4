import type { Knex } from 'knex';

import type { Actor } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Seal } from '../crypto/seal.ts';
import type { Database } from '../db/database.ts';
import { AppError } from '../errors.ts';
import { findActive, findSuccessor, JWKS_KEYS_MAX, jwksOrder, SIGNING_ALGS } from './key.ts';
import type { NewKey, SigningAlg, SigningKey } from './key.ts';
import { makeKey } from './make-key.ts';
import { activate, publish, start, type Move } from './stages.ts';
import { announceKeys, listKeys, lockKeys } from './store.ts';

interface Context {
  readonly db: Database;
  readonly clock: Clock;
  readonly seal: Seal;
}

export interface Rotation {
  readonly alg: SigningAlg;
  /** The key that signs next (`published`) or from now on (`active`). */
  readonly kid: string;
  readonly state: 'published' | 'active';
  /** The key that was active when the rotation was asked for. */
  readonly previousKid: string | undefined;
}

interface RotateOptions {
  /** Without it, every algorithm. */
  readonly alg?: SigningAlg | undefined;
  /** Switch at once: verifiers that cache the JWKS must fetch it again. */
  readonly now?: boolean | undefined;
  readonly actor?: Actor | undefined;
}

/**
 * Publishes a successor of the active key; `advanceKeys` puts it to work when every cached JWKS has it. With `now` it works
 * at once, and a successor that is published already is preferred, because verifiers know it. Asking twice, or at the same
 * time in several processes, makes one successor: a rotation replaces the key that was active when it was asked for.
 */
export async function rotateKeys(context: Context, options: RotateOptions = {}): Promise<Rotation[]> {
  return rotateFrom(context, await listKeys(context.db.knex), options);
}

/** The same for a caller who has looked already: what is no longer active since `before` is not rotated again. */
export async function rotateFrom(
  { db, clock, seal }: Context,
  before: readonly SigningKey[],
  { alg, now: immediately = false, actor = 'system' }: RotateOptions,
): Promise<Rotation[]> {
  const algs = alg ? [alg] : SIGNING_ALGS;
  const spares = await Promise.all(
    algs.filter((each) => !findSuccessor(before, each)).map((each) => makeKey({ seal }, each)),
  );
  return db.transaction(async (tx) => {
    await lockKeys(tx);
    const keys = await listKeys(tx);
    if (jwksOrder(keys).length + spares.length > JWKS_KEYS_MAX) throw tooManyKeys();
    const move = { now: clock.now(), actor };
    const rotations: Rotation[] = [];
    for (const each of algs) {
      const previousKid = findActive(before, each)?.kid;
      const spare = spares.find((key) => key.alg === each);
      const next = await rotate(tx, { alg: each, keys, previousKid, spare, immediately }, move);
      rotations.push({ alg: each, ...next, previousKid });
    }
    await announceKeys(tx);
    return rotations;
  });
}

interface Wanted {
  readonly alg: SigningAlg;
  readonly keys: readonly SigningKey[];
  readonly previousKid: string | undefined;
  readonly spare: NewKey | undefined;
  readonly immediately: boolean;
}

async function rotate(
  tx: Knex.Transaction,
  { alg, keys, previousKid, spare, immediately }: Wanted,
  move: Move,
): Promise<Pick<Rotation, 'kid' | 'state'>> {
  const active = findActive(keys, alg);
  if (active && active.kid !== previousKid) return { kid: active.kid, state: 'active' };

  const next = findSuccessor(keys, alg);
  if (next && immediately) await activate(tx, next, move);
  if (next) return { kid: next.kid, state: immediately ? 'active' : 'published' };

  if (!spare)
    throw new AppError('key_changed', 'The keys changed during the rotation. Try again.', { status: 409 });
  await (immediately ? start : publish)(tx, spare, move);
  return { kid: spare.kid, state: immediately ? 'active' : 'published' };
}

function tooManyKeys(): AppError {
  return new AppError(
    'too_many_keys',
    'The JWKS is full: wait until retired keys leave it, or revoke some.',
    {
      status: 409,
    },
  );
}
