import type { Pool, QueryResult, QueryResultRow } from 'pg';

/**
 * A statement that is best run in one way for these values and in another for those: it is planned for them, where the pool
 * otherwise keeps one plan for all values (database.ts). Reads only.
 */
export async function queryOnce<R extends QueryResultRow>(
  pool: Pool,
  text: string,
  values: readonly unknown[],
): Promise<QueryResult<R>> {
  const client = await pool.connect();
  try {
    const [, result] = await Promise.all([
      client.query(
        'BEGIN READ ONLY; SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL enable_seqscan = on',
      ),
      client.query<R>(text, [...values]),
      client.query('COMMIT'),
    ]);
    client.release();
    return result;
  } catch (error) {
    client.release(true);
    throw error;
  }
}
