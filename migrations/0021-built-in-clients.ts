import type { Knex } from 'knex';

/** Clients that are a part of this server, such as its own account pages. Nobody registers, changes or deletes them. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE clients DROP CONSTRAINT clients_origin_check;
    ALTER TABLE clients ADD CONSTRAINT clients_origin_check CHECK (origin IN ('operator', 'dynamic', 'built-in'));
  `);
}
