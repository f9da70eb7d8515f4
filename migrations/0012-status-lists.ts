import type { Knex } from 'knex';

/**
 * Token Status Lists (draft-ietf-oauth-status-list): which list a token is in, and what has changed in each list. A list is a
 * row; its bits are the sum of its changes, so that whoever reads the changes in the order of their positions misses nothing.
 * Changes go with their list, and the list goes with its last token.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE status_lists (
      no           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      id           text NOT NULL UNIQUE,
      size         integer NOT NULL,
      leased_until timestamptz NOT NULL,
      expires_at   timestamptz NOT NULL
    );
    -- the lists that are alive; pruning
    CREATE INDEX status_lists_expiry ON status_lists (expires_at);

    CREATE TABLE status_changes (
      -- drawn under the ledger's lock, so that positions become visible in their order
      position   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      list_no    integer NOT NULL REFERENCES status_lists ON DELETE CASCADE,
      -- four bytes an index, big endian
      indexes    bytea NOT NULL,
      changed_at timestamptz NOT NULL
    );
    -- all changes of one list, when a process first needs it, and when it is dropped
    CREATE INDEX status_changes_list ON status_changes (list_no, position);

    -- a token of before has none: it can be revoked at introspection only
    ALTER TABLE tokens ADD COLUMN status_list integer, ADD COLUMN status_index integer;
    DROP INDEX tokens_client, tokens_grant, tokens_session, tokens_account;
    -- as before, but that a token leaves them with its revocation, because revocations look for what is alive: ending many
    -- takes half the time
    CREATE INDEX tokens_client ON tokens (client_id) WHERE revoked_at IS NULL;
    CREATE INDEX tokens_grant ON tokens (grant_id) WHERE grant_id IS NOT NULL AND revoked_at IS NULL;
    CREATE INDEX tokens_session ON tokens (session_uid) WHERE session_uid IS NOT NULL AND revoked_at IS NULL;
    CREATE INDEX tokens_account ON tokens (account_id) WHERE account_id IS NOT NULL AND revoked_at IS NULL;
    -- the second look of a revocation, at what was issued during the first; grows at its end, so it costs little
    CREATE INDEX tokens_issued ON tokens (issued_at) WHERE revoked_at IS NULL;
    -- why a token is dead: the event of the instant at which it was revoked
    CREATE INDEX audit_events_time ON audit_events (occurred_at);
  `);
}
