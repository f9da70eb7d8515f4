import type { Queryable } from '../db/database.ts';

/** Somebody with more has them ended in several goes. */
const SESSIONS_MAX = 1000;

/** The sessions of one person that have not ended, whether they are in use or not. */
export async function listOwnSessionIds(db: Queryable, accountId: string): Promise<string[]> {
  const rows = await db<{ uid: string; account_id: string; ended_at: Date | null }>('sessions')
    .select('uid')
    .where({ account_id: accountId })
    .whereNull('ended_at')
    .orderBy('uid')
    .limit(SESSIONS_MAX);
  return rows.map((row) => row.uid);
}

/** Takes the row's lock. False: it is somebody else's, or has ended. */
export async function lockOwnSession(
  tx: Queryable,
  { accountId, session }: { accountId: string; session: string },
): Promise<boolean> {
  const row = await tx<{ uid: string; account_id: string; ended_at: Date | null }>('sessions')
    .first('uid')
    .where({ uid: session, account_id: accountId })
    .whereNull('ended_at')
    .forUpdate();
  return row !== undefined;
}
