import type { Knex } from 'knex';

/** What a person has proved so far in one interaction, between the password and the second factor. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE sign_ins (
      interaction_uid text PRIMARY KEY,
      account_id      text NOT NULL REFERENCES accounts ON DELETE CASCADE,
      amr             text[] NOT NULL,
      remember        boolean NOT NULL,
      identity_id     text,
      upstream_sid    text,
      proved_at       timestamptz NOT NULL,
      expires_at      timestamptz NOT NULL
    );
    -- pruning
    CREATE INDEX sign_ins_expiry ON sign_ins (expires_at);
    -- deleting an account
    CREATE INDEX sign_ins_account ON sign_ins (account_id);
  `);
}
