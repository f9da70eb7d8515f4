import type { Queryable } from '../db/database.ts';

export function draftContext(binding: string): string {
  return `recovery_drafts|codes|${binding}`;
}

/** Replaces what was drafted there before. */
export async function saveDraft(
  db: Queryable,
  draft: { binding: string; accountId: string; codes: Buffer; expiresAt: Date },
): Promise<void> {
  await db('recovery_drafts')
    .insert({
      binding: draft.binding,
      account_id: draft.accountId,
      codes: draft.codes,
      expires_at: draft.expiresAt,
    })
    .onConflict('binding')
    .merge();
}

/** Sealed, see {@link draftContext}. */
export async function findDraft(
  db: Queryable,
  { binding, accountId, now }: { binding: string; accountId: string; now: Date },
): Promise<Buffer | undefined> {
  const row = await db('recovery_drafts')
    .first<{ codes: Buffer } | undefined>('codes')
    .where({ binding, account_id: accountId })
    .where('expires_at', '>', now);
  return row?.codes;
}

/** Takes the draft away, once. */
export async function takeDraft(
  tx: Queryable,
  { binding, accountId, now }: { binding: string; accountId: string; now: Date },
): Promise<Buffer | undefined> {
  const [row]: { codes: Buffer }[] = await tx('recovery_drafts')
    .where({ binding, account_id: accountId })
    .where('expires_at', '>', now)
    .delete()
    .returning('codes');
  return row?.codes;
}

export async function replaceRecoveryCodes(
  tx: Queryable,
  { accountId, digests, now }: { accountId: string; digests: readonly Buffer[]; now: Date },
): Promise<void> {
  await tx('recovery_codes').where({ account_id: accountId }).delete();
  if (digests.length === 0) return;
  await tx('recovery_codes').insert(
    digests.map((digest) => ({ account_id: accountId, digest, created_at: now })),
  );
}

/** True for one of those who come with the code, on whatever process. */
export async function spendRecoveryCode(
  tx: Queryable,
  { accountId, digests, now }: { accountId: string; digests: readonly Buffer[]; now: Date },
): Promise<boolean> {
  const rows: unknown[] = await tx('recovery_codes')
    .where({ account_id: accountId })
    .whereIn('digest', digests)
    .whereNull('used_at')
    .update({ used_at: now })
    .returning('account_id');
  return rows.length > 0;
}
