import type { Queryable } from '../db/database.ts';

/** Somebody of a directory, as far as asking for them needs it. */
export interface DirectoryIdentity {
  readonly id: string;
  readonly subject: string;
  readonly accountId: string;
  /** Since when the directory does not know them. */
  readonly absentAt: Date | null;
}

interface Row {
  id: string;
  subject: string;
  account_id: string;
  absent_at: Date | null;
}

/** A page in the order of ids. */
export async function listDirectoryIdentities(
  db: Queryable,
  { providerId, after, limit }: { providerId: string; after: string; limit: number },
): Promise<DirectoryIdentity[]> {
  const rows: Row[] = await db('identities')
    .select('id', 'subject', 'account_id', 'absent_at')
    .where({ provider_id: providerId })
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit);
  return rows.map((row) => ({
    id: row.id,
    subject: row.subject,
    accountId: row.account_id,
    absentAt: row.absent_at,
  }));
}

/** False: somebody else noted it before, they signed in since `askedAt`, or the identity is gone. */
export async function saveAbsent(
  tx: Queryable,
  { id, askedAt }: { id: string; askedAt: Date },
): Promise<boolean> {
  const rows: unknown[] = await tx('identities')
    .where({ id })
    .whereNull('absent_at')
    .whereRaw('coalesce(last_used_at, linked_at) <= ?', [askedAt])
    .update({ absent_at: askedAt })
    .returning('id');
  return rows.length > 0;
}

export async function savePresent(tx: Queryable, ids: readonly string[]): Promise<void> {
  await tx('identities').whereIn('id', ids).whereNotNull('absent_at').update({ absent_at: null });
}
