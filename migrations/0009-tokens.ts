import type { Knex } from 'knex';

/**
 * The ledger: one row a JWT access token, partitioned by the hour of its expiry. A partition is attached ahead of need and
 * dropped when its last token is dead, so that nothing is ever deleted row by row. A token carries its `exp`, so a look-up
 * by jti reads one partition.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE tokens (
      jti         bytea NOT NULL,
      client_id   text NOT NULL,
      api_id      text NOT NULL,
      grant_id    text,
      session_uid text,
      account_id  text,
      kid         text NOT NULL,
      issued_at   timestamptz NOT NULL,
      expires_at  timestamptz NOT NULL,
      revoked_at  timestamptz,
      PRIMARY KEY (jti, expires_at)
    ) PARTITION BY RANGE (expires_at);
    -- revoke by client; one wide index, small because equal keys are stored once
    CREATE INDEX tokens_client ON tokens (client_id);
    -- revoke by grant, session, person: only tokens that have one
    CREATE INDEX tokens_grant ON tokens (grant_id) WHERE grant_id IS NOT NULL;
    CREATE INDEX tokens_session ON tokens (session_uid) WHERE session_uid IS NOT NULL;
    CREATE INDEX tokens_account ON tokens (account_id) WHERE account_id IS NOT NULL;
  `);
}
