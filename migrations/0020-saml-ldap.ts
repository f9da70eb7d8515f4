import type { Knex } from 'knex';

/**
 * Assertions of SAML identity providers that were used, by digest, until they would be refused for their age anyway; and since
 * when a directory no longer knows somebody who came through it.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE saml_assertions (
      provider_id text NOT NULL REFERENCES identity_providers ON DELETE CASCADE,
      digest      bytea NOT NULL,
      expires_at  timestamptz NOT NULL,
      -- whether an assertion was used before
      PRIMARY KEY (provider_id, digest)
    );
    -- pruning
    CREATE INDEX saml_assertions_expiry ON saml_assertions (expires_at);

    ALTER TABLE identities ADD COLUMN absent_at timestamptz;
    -- everybody of a provider, page by page
    CREATE INDEX identities_provider ON identities (provider_id, id);
  `);
}
