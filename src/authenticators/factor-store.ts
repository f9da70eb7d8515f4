import { randomBytes } from 'node:crypto';

import type { Knex } from 'knex';

import type { Queryable } from '../db/database.ts';
import type { Factors } from './factors.ts';

export async function findFactors(db: Queryable, accountId: string): Promise<Factors> {
  const { rows } = await db.raw<{ rows: { passkeys: number; totp: boolean; codes: number }[] }>(
    `SELECT (SELECT count(*)::int FROM passkeys WHERE account_id = :accountId) AS passkeys,
       EXISTS (SELECT FROM totps WHERE account_id = :accountId AND confirmed_at IS NOT NULL) AS totp,
       (SELECT count(*)::int FROM recovery_codes WHERE account_id = :accountId AND used_at IS NULL) AS codes`,
    { accountId },
  );
  const [row] = rows;
  return { passkeys: row?.passkeys ?? 0, totp: row?.totp ?? false, recoveryCodes: row?.codes ?? 0 };
}

/** 64 bytes at most, and random ones should fill them (WebAuthn §14.6.1). */
const USER_HANDLE_BYTES = 64;

/** The account's WebAuthn user handle, drawn when it is first needed. */
export async function ensureHolder(db: Queryable, accountId: string, now: Date): Promise<Buffer> {
  await db('factor_holders')
    .insert({ account_id: accountId, user_handle: randomBytes(USER_HANDLE_BYTES), created_at: now })
    .onConflict('account_id')
    .ignore();
  const handle = await findUserHandle(db, accountId);
  if (!handle) throw new TypeError('the account is gone');
  return handle;
}

export async function findUserHandle(db: Queryable, accountId: string): Promise<Buffer | undefined> {
  const row = await db('factor_holders')
    .first<{ user_handle: Buffer } | undefined>('user_handle')
    .where({ account_id: accountId });
  return row?.user_handle;
}

/** Changes of one account's factors are made one after the other. */
export async function lockHolder(tx: Knex.Transaction, accountId: string): Promise<void> {
  await tx('factor_holders').where({ account_id: accountId }).forUpdate().first('account_id');
}

/** All that is kept of a person in this room. */
export async function deleteFactors(tx: Knex.Transaction, accountId: string): Promise<void> {
  const tables = [
    'passkeys',
    'totps',
    'recovery_codes',
    'recovery_drafts',
    'remembered_devices',
    'factor_guesses',
  ];
  for (const table of tables) await tx(table).where({ account_id: accountId }).delete();
}
