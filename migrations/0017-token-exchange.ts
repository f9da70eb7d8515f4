import type { Knex } from 'knex';

/**
 * Token exchange (RFC 8693). `exchange_policies` says whose tokens a client may exchange; `trusted_issuers` are foreign issuers
 * whose tokens are accepted, each for the people of one identity provider. `hangs_on` of a token that was exchanged names
 * what it came of, so that it ends with it; see revocation/origin.ts.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE exchange_policies (
      client_id     text PRIMARY KEY REFERENCES clients ON DELETE CASCADE,
      impersonation boolean NOT NULL,
      api_ids       text[] NOT NULL,
      client_ids    text[] NOT NULL,
      issuer_ids    text[] NOT NULL
    );

    CREATE TABLE trusted_issuers (
      id              text PRIMARY KEY,
      issuer          text NOT NULL UNIQUE,
      provider_id     text NOT NULL,
      audience        text NOT NULL,
      jwks_uri        text,
      algs            text[] NOT NULL,
      max_age_seconds integer NOT NULL,
      one_time        boolean NOT NULL,
      created_at      timestamptz NOT NULL
    );

    ALTER TABLE tokens ADD COLUMN hangs_on text[];
    -- what came of a token, client, API, key or issuer that ends; only exchanged tokens are in it
    CREATE INDEX tokens_hangs_on ON tokens USING gin (hangs_on) WHERE hangs_on IS NOT NULL AND revoked_at IS NULL;
  `);
}
