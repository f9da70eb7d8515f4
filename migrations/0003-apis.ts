import type { Knex } from 'knex';

/** Resource servers: the audience of their tokens, the scopes they understand, how their tokens are signed. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE apis (
      id                 text PRIMARY KEY,
      audience           text NOT NULL UNIQUE,
      name               text NOT NULL,
      token_ttl_seconds  integer NOT NULL CHECK (token_ttl_seconds BETWEEN 1 AND 86400),
      signing_alg        text NOT NULL,
      disabled_at        timestamptz,
      created_at         timestamptz NOT NULL,
      updated_at         timestamptz NOT NULL
    );
    CREATE TABLE api_scopes (
      api_id      text NOT NULL REFERENCES apis ON DELETE CASCADE,
      name        text NOT NULL,
      description text NOT NULL,
      PRIMARY KEY (api_id, name)
    );
  `);
}
