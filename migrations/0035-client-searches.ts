import type { Knex } from 'knex';

/**
 * What a search for clients looks through, once for each client instead of once for each search: a search that finds nothing reads
 * all of them. It follows the name by itself, so that whoever writes clients need not know of it.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE clients ADD COLUMN searched text
      GENERATED ALWAYS AS (lower(id || ' ' || coalesce(metadata->>'client_name', ''))) STORED;
  `);
}
