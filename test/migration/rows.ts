import type { Database } from '../../src/db/database.ts';

/** What any write would change, by table: how many rows, and a digest of them. The tables that a server writes by itself are left out. */
export async function rowsOf(db: Database): Promise<Record<string, string>> {
  const { rows: tables } = await db.knex.raw<{ rows: { name: string }[] }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'
     AND tablename NOT LIKE 'knex%' AND tablename NOT LIKE 'status_%' AND tablename NOT LIKE 'audit_checkpoint%' ORDER BY tablename`,
  );
  const found: Record<string, string> = {};
  for (const { name } of tables) {
    const { rows } = await db.knex.raw<{ rows: { digest: string }[] }>(
      `SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') AS digest FROM ?? t`,
      [name],
    );
    found[name] = rows[0]?.digest ?? '';
  }
  return found;
}
