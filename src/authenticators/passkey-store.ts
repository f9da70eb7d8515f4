import type { Queryable } from '../db/database.ts';
import { PASSKEYS_MAX, type Passkey } from './passkey.ts';

interface Row {
  id: string;
  account_id: string;
  credential_id: Buffer;
  public_key: Buffer;
  /** bigint: a string for the driver. */
  counter: string;
  transports: string[];
  backup_eligible: boolean;
  backed_up: boolean;
  user_verified: boolean;
  name: string;
  created_at: Date;
  last_used_at: Date | null;
}

const COLUMNS: (keyof Row)[] = [
  'id',
  'account_id',
  'credential_id',
  'public_key',
  'counter',
  'transports',
  'backup_eligible',
  'backed_up',
  'user_verified',
  'name',
  'created_at',
  'last_used_at',
];

export async function findPasskeyByCredential(
  db: Queryable,
  credentialId: Buffer,
): Promise<Passkey | undefined> {
  const row = await db('passkeys').first<Row | undefined>(COLUMNS).where({ credential_id: credentialId });
  return row && toPasskey(row);
}

/** Oldest first. */
export async function listPasskeys(db: Queryable, accountId: string): Promise<Passkey[]> {
  const rows: Row[] = await db('passkeys')
    .select(COLUMNS)
    .where({ account_id: accountId })
    .orderBy(['created_at', 'id'])
    .limit(PASSKEYS_MAX);
  return rows.map(toPasskey);
}

/** False: the authenticator's credential belongs to an account already. */
export async function insertPasskey(tx: Queryable, passkey: Passkey): Promise<boolean> {
  const rows: unknown[] = await tx('passkeys')
    .insert({
      id: passkey.id,
      account_id: passkey.accountId,
      credential_id: passkey.credentialId,
      public_key: passkey.publicKey,
      counter: passkey.counter,
      transports: [...passkey.transports],
      backup_eligible: passkey.backupEligible,
      backed_up: passkey.backedUp,
      user_verified: passkey.userVerified,
      name: passkey.name,
      created_at: passkey.createdAt,
    })
    .onConflict('credential_id')
    .ignore()
    .returning('id');
  return rows.length > 0;
}

/**
 * WebAuthn §7.2 step 22 in one statement, so that of two answers with one counter value a single one is taken. False: the
 * counter did not grow, which is what a copied authenticator looks like, or the passkey was removed.
 */
export async function countPasskeyUse(
  tx: Queryable,
  { id, counter, backedUp, now }: { id: string; counter: number; backedUp: boolean; now: Date },
): Promise<boolean> {
  const updated = await tx('passkeys')
    .where({ id })
    .whereRaw('(counter < ? OR (counter = 0 AND ? = 0))', [counter, counter])
    .update({ counter, backed_up: backedUp, last_used_at: now });
  return updated > 0;
}

export async function renamePasskeyRow(
  tx: Queryable,
  { id, accountId, name }: { id: string; accountId: string; name: string },
): Promise<boolean> {
  return (await tx('passkeys').where({ id, account_id: accountId }).update({ name })) > 0;
}

/** The name it had; undefined when there was none. */
export async function deletePasskey(
  tx: Queryable,
  { id, accountId }: { id: string; accountId: string },
): Promise<string | undefined> {
  const [row]: { name: string }[] = await tx('passkeys')
    .where({ id, account_id: accountId })
    .delete()
    .returning('name');
  return row?.name;
}

/** True for the first answer to a challenge, and for no other on any process. */
export async function spendChallenge(
  tx: Queryable,
  { digest, now, expiresAt }: { digest: Buffer; now: Date; expiresAt: Date },
): Promise<boolean> {
  const rows: unknown[] = await tx('passkey_challenges')
    .insert({ digest, used_at: now, expires_at: expiresAt })
    .onConflict('digest')
    .ignore()
    .returning('digest');
  return rows.length > 0;
}

function toPasskey(row: Row): Passkey {
  return {
    id: row.id,
    accountId: row.account_id,
    credentialId: row.credential_id,
    publicKey: row.public_key,
    counter: Number(row.counter),
    transports: row.transports,
    backupEligible: row.backup_eligible,
    backedUp: row.backed_up,
    userVerified: row.user_verified,
    name: row.name,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
  };
}
