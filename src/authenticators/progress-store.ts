import type { Queryable } from '../db/database.ts';
import { PROGRESS_FAILURES_MAX, PROGRESS_TTL_SECONDS, type Progress, type SecondFactor } from './progress.ts';

interface Row {
  account_id: string;
  amr: string[];
  remember: boolean;
  identity_id: string | null;
  upstream_sid: string | null;
  proved_at: Date;
  second_factor: SecondFactor | null;
  authenticated_at: Date | null;
  failures: number;
}

const COLUMNS: (keyof Row)[] = [
  'account_id',
  'amr',
  'remember',
  'identity_id',
  'upstream_sid',
  'proved_at',
  'second_factor',
  'authenticated_at',
  'failures',
];

/** `exhausted`: there were too many wrong answers, and whatever was proved before them counts no more. */
export async function findProgress(
  db: Queryable,
  interactionUid: string,
  now: Date,
): Promise<Progress | 'exhausted' | undefined> {
  const row = await db('sign_ins')
    .first<Row | undefined>(COLUMNS)
    .where({ interaction_uid: interactionUid })
    .where('expires_at', '>', now);
  if (!row) return undefined;
  return row.failures >= PROGRESS_FAILURES_MAX ? 'exhausted' : toProgress(row);
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
    second_factor: progress.secondFactor ?? null,
    authenticated_at: progress.authenticatedAt ?? null,
    failures: 0,
    expires_at: new Date(progress.provedAt.getTime() + PROGRESS_TTL_SECONDS * 1000),
  };
  await db('sign_ins').insert(row).onConflict('interaction_uid').merge();
}

/** For what a session has proved: the same, unless something is there already, be it exhausted. */
export async function beginProgress(
  db: Queryable,
  interactionUid: string,
  progress: Progress,
): Promise<void> {
  await db('sign_ins')
    .insert({
      interaction_uid: interactionUid,
      account_id: progress.accountId,
      amr: [...progress.amr],
      remember: progress.remember,
      proved_at: progress.provedAt,
      authenticated_at: progress.authenticatedAt ?? null,
      second_factor: null,
      failures: 0,
      expires_at: new Date(progress.provedAt.getTime() + PROGRESS_TTL_SECONDS * 1000),
    })
    .onConflict('interaction_uid')
    .merge()
    .where('sign_ins.expires_at', '<=', progress.provedAt);
}

/** Counts a wrong answer; true when it was one too many. */
export async function failProgress(db: Queryable, interactionUid: string): Promise<boolean> {
  const [row]: { failures: number }[] = await db('sign_ins')
    .where({ interaction_uid: interactionUid })
    .increment('failures')
    .returning('failures');
  return row === undefined || row.failures >= PROGRESS_FAILURES_MAX;
}

export async function deleteProgress(db: Queryable, interactionUid: string): Promise<void> {
  await db('sign_ins').where({ interaction_uid: interactionUid }).delete();
}

/** Whatever the person has begun and not finished, in any browser. */
export async function deleteProgressOf(db: Queryable, accountId: string): Promise<void> {
  await db('sign_ins').where({ account_id: accountId }).delete();
}

function toProgress(row: Row): Progress {
  return {
    accountId: row.account_id,
    amr: row.amr,
    remember: row.remember,
    identityId: row.identity_id,
    upstreamSid: row.upstream_sid,
    provedAt: row.proved_at,
    secondFactor: row.second_factor ?? undefined,
    authenticatedAt: row.authenticated_at ?? undefined,
  };
}
