import type { Knex } from 'knex';

/**
 * Links that make the first administrator: only a digest of what stands in one is kept. `only_first`: it is good while nobody
 * rules yet.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE setup_links (
      digest     bytea PRIMARY KEY,
      only_first boolean NOT NULL,
      created_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      used_at    timestamptz
    );
  `);
}
