import type { JWK } from 'jose';
import type { Knex } from 'knex';

import type { Queryable } from '../db/database.ts';
import { notify } from '../db/listen.ts';
import { AppError } from '../errors.ts';
import { KEYS_CHANNEL } from './key.ts';
import type { KeyState, NewKey, SigningAlg, SigningKey } from './key.ts';

interface Row {
  kid: string;
  alg: SigningAlg;
  state: KeyState;
  public_jwk: JWK;
  sealed_private: Buffer | null;
  created_at: Date;
  published_at: Date | null;
  activated_at: Date | null;
  retired_at: Date | null;
  revoked_at: Date | null;
}

const COLUMNS = [
  'kid',
  'alg',
  'state',
  'public_jwk',
  'sealed_private',
  'created_at',
  'published_at',
  'activated_at',
  'retired_at',
  'revoked_at',
] satisfies (keyof Row)[];

/** The JWKS is bounded (JWKS_KEYS_MAX), the revoked keys of a month are not: the youngest matter. */
const KEYS_MAX = 1000;

/** Oldest first. */
export async function listKeys(db: Queryable): Promise<SigningKey[]> {
  const rows = await db<Row>('signing_keys')
    .select(COLUMNS)
    .orderBy([{ column: 'created_at', order: 'desc' }, 'kid'])
    .limit(KEYS_MAX);
  return rows.map(toKey).toReversed();
}

export async function findKey(db: Queryable, kid: string): Promise<SigningKey | undefined> {
  const row = await db<Row>('signing_keys').first(COLUMNS).where({ kid });
  return row && toKey(row);
}

export async function getKey(db: Queryable, kid: string): Promise<SigningKey> {
  const key = await findKey(db, kid);
  if (!key) throw new AppError('key_not_found', 'There is no signing key with this kid.', { status: 404 });
  return key;
}

/** What `keysVersion` says of the stored keys, without reading them. */
export async function findKeysVersion(db: Queryable): Promise<string> {
  const { rows } = await db.raw<{ rows: { version: string }[] }>(
    `SELECT coalesce(string_agg(kid || ':' || state, ' ' ORDER BY kid || ':' || state COLLATE "C"), '') AS version
       FROM signing_keys`,
  );
  return rows[0]?.version ?? '';
}

/** Everything that changes a key's state holds this lock to the end of its transaction, in whatever process it runs. */
export async function lockKeys(tx: Knex.Transaction): Promise<void> {
  await tx.raw(`SELECT pg_advisory_xact_lock(hashtextextended('guichet signing_keys', 0))`);
}

/** Every process looks again as soon as the transaction has committed. */
export async function announceKeys(tx: Knex.Transaction): Promise<void> {
  await notify(tx, KEYS_CHANNEL, '');
}

export async function insertKey(tx: Knex.Transaction, key: NewKey, now: Date): Promise<void> {
  await tx<Row>('signing_keys').insert({
    kid: key.kid,
    alg: key.alg,
    state: 'pending',
    public_jwk: key.publicJwk,
    sealed_private: key.sealedPrivate,
    created_at: now,
  });
}

/** Never signed here: it verifies until it is forgotten, as one of ours that has retired. */
export async function insertForeignKey(
  tx: Knex.Transaction,
  { kid, alg, publicJwk }: Pick<SigningKey, 'kid' | 'alg' | 'publicJwk'>,
  now: Date,
): Promise<void> {
  await tx<Row>('signing_keys').insert({
    kid,
    alg,
    state: 'retired',
    public_jwk: publicJwk,
    sealed_private: null,
    created_at: now,
    published_at: now,
    retired_at: now,
  });
}

export async function publishKey(tx: Knex.Transaction, kid: string, now: Date): Promise<void> {
  await tx<Row>('signing_keys')
    .where({ kid, state: 'pending' })
    .update({ state: 'published', published_at: now });
}

/** Makes a pending or published key the active one of its algorithm; the one it replaces retires. */
export async function activateKey(
  tx: Knex.Transaction,
  { kid, alg }: Pick<SigningKey, 'kid' | 'alg'>,
  now: Date,
): Promise<void> {
  await tx<Row>('signing_keys').where({ alg, state: 'active' }).update({ state: 'retired', retired_at: now });
  await tx<Row>('signing_keys')
    .where({ kid })
    .whereIn('state', ['pending', 'published'])
    .update({ state: 'active', activated_at: now, published_at: tx.raw('coalesce(published_at, ?)', [now]) });
}

/** The private part goes with the state: whoever steals the database later finds none. */
export async function markKeyRevoked(tx: Knex.Transaction, kid: string, now: Date): Promise<void> {
  await tx<Row>('signing_keys')
    .where({ kid })
    .whereNot({ state: 'revoked' })
    .update({ state: 'revoked', revoked_at: now, sealed_private: null });
}

export async function deleteKeys(tx: Knex.Transaction, kids: readonly string[]): Promise<void> {
  await tx<Row>('signing_keys').whereIn('kid', kids).delete();
}

function toKey(row: Row): SigningKey {
  return {
    kid: row.kid,
    alg: row.alg,
    state: row.state,
    publicJwk: row.public_jwk,
    sealedPrivate: row.sealed_private,
    createdAt: row.created_at,
    publishedAt: row.published_at,
    activatedAt: row.activated_at,
    retiredAt: row.retired_at,
    revokedAt: row.revoked_at,
  };
}
