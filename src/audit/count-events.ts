import type { Queryable } from '../db/database.ts';

/** Events of these types in each minute since `from`; minutes without any are left out. */
export async function countEvents(
  db: Queryable,
  { types, from }: { types: readonly string[]; from: Date },
): Promise<{ at: Date; type: string; count: number }[]> {
  const { rows } = await db.raw<{ rows: { at: Date; type: string; count: string | number }[] }>(
    `SELECT date_bin('1 minute', occurred_at, 'epoch') AS at, type, count(*) AS count FROM audit_events
      WHERE occurred_at >= ? AND type = ANY(?) GROUP BY 1, 2 ORDER BY 1`,
    [from, [...types]],
  );
  return rows.map(({ at, type, count }) => ({ at, type, count: Number(count) }));
}
