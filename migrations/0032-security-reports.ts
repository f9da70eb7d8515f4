import type { Knex } from 'knex';

/** Security reports, as they were on their day. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE security_reports (
      id      text PRIMARY KEY,
      made_at timestamptz NOT NULL,
      made_by text NOT NULL,
      grade   text NOT NULL,
      summary jsonb NOT NULL,
      report  jsonb NOT NULL
    );
    -- the list, newest first
    CREATE INDEX security_reports_made ON security_reports (made_at DESC, id DESC);
  `);
}
