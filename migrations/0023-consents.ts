import type { Knex } from 'knex';

/**
 * What a person allowed a client, over all their sessions; a grant is what one session makes of it. `api_scopes` holds an API's
 * audience and one of its scopes each, with a space between. `registration` is a digest of what the client was when they
 * were asked: as another one it is asked about again.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE consents (
      account_id   text NOT NULL REFERENCES accounts ON DELETE CASCADE,
      client_id    text NOT NULL REFERENCES clients ON DELETE CASCADE,
      scopes       text[] NOT NULL,
      claims       text[] NOT NULL,
      api_scopes   text[] NOT NULL,
      registration bytea NOT NULL,
      granted_at   timestamptz NOT NULL,
      updated_at   timestamptz NOT NULL,
      PRIMARY KEY (account_id, client_id)
    );
    -- deleting a client
    CREATE INDEX consents_client ON consents (client_id);
  `);
}
