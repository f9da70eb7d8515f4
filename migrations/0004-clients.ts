import type { Knex } from 'knex';

/**
 * Client applications. `metadata` holds the RFC 7591 document without any secret; secrets are digests in a table of
 * their own, so that two can be live during a rotation. `client_apis` says which scopes of which API a client may ask for.
 * `acts_for_api_id` marks the credentials of an API itself: it may introspect the tokens addressed to that API.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE clients (
      id                 text PRIMARY KEY,
      metadata           jsonb NOT NULL,
      origin             text NOT NULL CHECK (origin IN ('operator', 'dynamic')),
      first_party        boolean NOT NULL DEFAULT false,
      default_api_id     text REFERENCES apis ON DELETE SET NULL,
      acts_for_api_id    text REFERENCES apis ON DELETE CASCADE,
      disabled_at        timestamptz,
      created_at         timestamptz NOT NULL,
      updated_at         timestamptz NOT NULL
    );
    CREATE TABLE client_secrets (
      id           text PRIMARY KEY,
      client_id    text NOT NULL REFERENCES clients ON DELETE CASCADE,
      digest       bytea NOT NULL,
      hint         text NOT NULL,
      created_at   timestamptz NOT NULL,
      expires_at   timestamptz,
      last_used_at timestamptz
    );
    -- a client is always loaded together with its secrets
    CREATE INDEX client_secrets_client ON client_secrets (client_id);
    CREATE TABLE client_apis (
      client_id text NOT NULL REFERENCES clients ON DELETE CASCADE,
      api_id    text NOT NULL REFERENCES apis ON DELETE CASCADE,
      scopes    text[] NOT NULL,
      PRIMARY KEY (client_id, api_id)
    );
    -- deleting or changing an API finds the clients whose cached copy is stale
    CREATE INDEX client_apis_api ON client_apis (api_id);
  `);
}
