import type { Queryable } from '../db/database.ts';
import { PROGRESS_TTL_SECONDS, type Progress } from './progress.ts';

interface Row {
  account_id: string;
  amr: string[];
  remember: boolean;
  identity_id: string | null;
  upstream_sid: string | null;
  proved_at: Date;
}

export async function findProgress(
  db: Queryable,
  interactionUid: string,
  now: Date,
): Promise<Progress | undefined> {
  const row = await db('sign_ins')
    .first<Row | undefined>('account_id', 'amr', 'remember', 'identity_id', 'upstream_sid', 'proved_at')
    .where({ interaction_uid: interactionUid })
    .where('expires_at', '>', now);
  return (
    row && {
      accountId: row.account_id,
      amr: row.amr,
      remember: row.remember,
      identityId: row.identity_id,
      upstreamSid: row.upstream_sid,
      provedAt: row.proved_at,
    }
  );
}

/** Replaces what was proved before in this interaction: another person may have sat down. */
export async function saveProgress(db: Queryable, interactionUid: string, progress: Progress): Promise<void> {
  const row = {
    interaction_uid: interactionUid,
    account_id: progress.accountId,
    amr: [...progress.amr],
    remember: progress.remember,
    identity_id: progress.identityId,
    upstream_sid: progress.upstreamSid,
    proved_at: progress.provedAt,
    expires_at: new Date(progress.provedAt.getTime() + PROGRESS_TTL_SECONDS * 1000),
  };
  await db('sign_ins').insert(row).onConflict('interaction_uid').merge();
}

export async function deleteProgress(db: Queryable, interactionUid: string): Promise<void> {
  await db('sign_ins').where({ interaction_uid: interactionUid }).delete();
}
