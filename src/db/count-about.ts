import type { Knex } from 'knex';

/** Counting fewer takes milliseconds. */
const EXACT_MAX = 50_000;

/** How many rows a query finds: exactly where it is few, else as the planner's statistics have it. */
export async function countAbout(
  db: Knex | Knex.Transaction,
  rows: Knex.QueryBuilder,
): Promise<{ readonly count: number; readonly isExact: boolean }> {
  const { sql, bindings } = rows.clone().select(db.raw('1')).toSQL();
  const { rows: plans } = await db.raw<{ rows: { 'QUERY PLAN': { Plan: { 'Plan Rows': number } }[] }[] }>(
    `EXPLAIN (FORMAT JSON) ${sql}`,
    bindings as Knex.RawBinding[],
  );
  const estimate = plans[0]?.['QUERY PLAN'][0]?.Plan['Plan Rows'] ?? 0;
  if (estimate > EXACT_MAX) return { count: estimate, isExact: false };
  const row = await rows.clone().count<{ count: string | number }[]>('* as count').first();
  return { count: Number(row?.count ?? 0), isExact: true };
}
