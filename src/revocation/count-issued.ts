import type { Queryable } from '../db/database.ts';

/** Tokens issued in each minute since `from`; minutes without any are left out. */
export async function countIssued(db: Queryable, from: Date): Promise<{ at: Date; count: number }[]> {
  // A token expires after it was issued: partitions that ended before need not be looked at.
  const { rows } = await db.raw<{ rows: { at: Date; count: string | number }[] }>(
    `SELECT date_bin('1 minute', issued_at, 'epoch') AS at, count(*) AS count FROM tokens
      WHERE issued_at >= :from AND expires_at >= :from GROUP BY 1 ORDER BY 1`,
    { from },
  );
  return rows.map(({ at, count }) => ({ at, count: Number(count) }));
}
