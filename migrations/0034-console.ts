import type { Knex } from 'knex';

/**
 * Links that make the first administrator: only a digest of what stands in one is kept. `only_first`: it is good while nobody
 * rules yet. And what lists of clients and people are in the order of, page by page.
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

    -- clients, the oldest first, page by page
    CREATE INDEX clients_created ON clients (created_at, id);
    -- people, the oldest account first, page by page
    CREATE INDEX accounts_created ON accounts (created_at, id);
  `);
}
