import type { Knex } from 'knex';

/** What a person allowed a client to do. Tokens hang on a grant; a revoked grant stays as a tombstone until it expires. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE grants (
      id         text PRIMARY KEY,
      account_id text NOT NULL,
      client_id  text NOT NULL,
      payload    jsonb NOT NULL,
      created_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      revoked_at timestamptz
    );
    -- consent remembered per person and client; ending a person's grants
    CREATE INDEX grants_account ON grants (account_id, client_id);
    -- ending a client's grants
    CREATE INDEX grants_client ON grants (client_id);
    -- pruning
    CREATE INDEX grants_expiry ON grants (expires_at);
  `);
}
