import type { Queryable } from '../db/database.ts';

/** NIST SP 800-63B-4 §3.2.2: far below the hundred it allows. */
export const GUESSES_MAX = 20;
const WINDOW_SECONDS = 24 * 3600;

/**
 * Counts a guess at a person's codes before it is checked, and holds the count's row until the transaction ends: many at once
 * are checked one after the other. The number of the guess, undefined when there were too many within a day.
 */
export async function countGuess(tx: Queryable, accountId: string, now: Date): Promise<number | undefined> {
  const { rows } = await tx.raw<{ rows: { guesses: number }[] }>(
    `INSERT INTO factor_guesses AS g (account_id, guesses, expires_at)
     VALUES (:accountId, 1, :expiresAt)
     ON CONFLICT (account_id) DO UPDATE
       SET guesses = CASE WHEN g.expires_at <= :now THEN 1 ELSE g.guesses + 1 END,
         expires_at = CASE WHEN g.expires_at <= :now THEN excluded.expires_at ELSE g.expires_at END
       WHERE g.expires_at <= :now OR g.guesses < :most
     RETURNING guesses`,
    { accountId, now, expiresAt: new Date(now.getTime() + WINDOW_SECONDS * 1000), most: GUESSES_MAX },
  );
  return rows[0]?.guesses;
}

/** From now on, for a whole day. */
export async function lockGuesses(tx: Queryable, accountId: string, now: Date): Promise<void> {
  await tx('factor_guesses')
    .where({ account_id: accountId })
    .update({ expires_at: new Date(now.getTime() + WINDOW_SECONDS * 1000) });
}

/** It was right. What was wrong before still counts. */
export async function uncountGuess(tx: Queryable, accountId: string): Promise<void> {
  await tx('factor_guesses').where({ account_id: accountId }).decrement('guesses');
}

/** Until when a person's codes are refused; undefined when they are not. */
export async function guessesLockedUntil(
  db: Queryable,
  accountId: string,
  now: Date,
): Promise<Date | undefined> {
  const row = await db('factor_guesses')
    .first<{ expires_at: Date } | undefined>('expires_at')
    .where({ account_id: accountId })
    .where('guesses', '>=', GUESSES_MAX)
    .where('expires_at', '>', now);
  return row?.expires_at;
}
