import type { Knex } from 'knex';

/** How a client looks on the pages of its own sign-ins. The picture lies here, because nothing is loaded from third parties. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE client_brands (
      client_id   text PRIMARY KEY REFERENCES clients ON DELETE CASCADE,
      color       text,
      logo        bytea,
      logo_type   text,
      logo_digest text,
      CHECK ((logo IS NULL) = (logo_type IS NULL) AND (logo IS NULL) = (logo_digest IS NULL))
    );
    -- a picture is asked for by its digest
    CREATE INDEX client_brands_logo ON client_brands (logo_digest);
  `);
}
