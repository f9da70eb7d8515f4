import type { Queryable } from '../db/database.ts';

export interface Totp {
  readonly id: string;
  readonly accountId: string;
  /** Sealed, see {@link totpContext}. */
  readonly secret: Buffer;
  readonly name: string;
  readonly confirmedAt: Date | null;
  readonly lastUsedAt: Date | null;
}

interface Row {
  id: string;
  account_id: string;
  secret: Buffer;
  name: string;
  confirmed_at: Date | null;
  last_used_at: Date | null;
}

const COLUMNS: (keyof Row)[] = ['id', 'account_id', 'secret', 'name', 'confirmed_at', 'last_used_at'];

export function totpContext(id: string): string {
  return `totps|secret|${id}`;
}

/** The one that counts. */
export async function findTotp(db: Queryable, accountId: string): Promise<Totp | undefined> {
  const row = await db('totps')
    .first<Row | undefined>(COLUMNS)
    .where({ account_id: accountId })
    .whereNotNull('confirmed_at');
  return row && toTotp(row);
}

/** The one that is being set up in an interaction or session. */
export async function findPendingTotp(
  db: Queryable,
  { accountId, binding, now }: { accountId: string; binding: string; now: Date },
): Promise<Totp | undefined> {
  const row = await db('totps')
    .first<Row | undefined>(COLUMNS)
    .where({ binding, account_id: accountId })
    .whereNull('confirmed_at')
    .where('expires_at', '>', now);
  return row && toTotp(row);
}

/** Replaces what was begun there before. */
export async function insertPendingTotp(
  tx: Queryable,
  totp: {
    id: string;
    accountId: string;
    secret: Buffer;
    name: string;
    binding: string;
    now: Date;
    expiresAt: Date;
  },
): Promise<void> {
  await tx('totps').where({ binding: totp.binding }).whereNull('confirmed_at').delete();
  await tx('totps').insert({
    id: totp.id,
    account_id: totp.accountId,
    secret: totp.secret,
    name: totp.name,
    binding: totp.binding,
    created_at: totp.now,
    expires_at: totp.expiresAt,
  });
}

/** Makes a pending one the one that counts; the code's step is used up with it. False: it is gone. */
export async function confirmTotpRow(
  tx: Queryable,
  { id, step, name, now }: { id: string; step: number; name: string; now: Date },
): Promise<boolean> {
  const updated = await tx('totps')
    .where({ id })
    .whereNull('confirmed_at')
    .where('expires_at', '>', now)
    .update({ confirmed_at: now, last_step: step, name, binding: null, expires_at: null });
  return updated > 0;
}

/** RFC 6238 §5.2: each code counts once. True for one of those who come with it, on whatever process. */
export async function spendStep(
  tx: Queryable,
  { id, step, now }: { id: string; step: number; now: Date },
): Promise<boolean> {
  const rows: unknown[] = await tx('totps')
    .where({ id })
    .where('last_step', '<', step)
    .update({ last_step: step, last_used_at: now })
    .returning('id');
  return rows.length > 0;
}

/** False: there was none. */
export async function deleteTotp(tx: Queryable, accountId: string): Promise<boolean> {
  return (await tx('totps').where({ account_id: accountId }).whereNotNull('confirmed_at').delete()) > 0;
}

function toTotp(row: Row): Totp {
  return {
    id: row.id,
    accountId: row.account_id,
    secret: row.secret,
    name: row.name,
    confirmedAt: row.confirmed_at,
    lastUsedAt: row.last_used_at,
  };
}
