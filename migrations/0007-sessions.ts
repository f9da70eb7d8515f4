import type { Knex } from 'knex';

/**
 * Browser sessions. The session is one row under its constant `uid`; the cookie's value rotates, so its digests live in
 * `session_ids`, and every client that joined has a row of its own, so that parallel sign-ins cannot overwrite each other.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE sessions (
      uid        text PRIMARY KEY,
      account_id text,
      payload    bytea NOT NULL,
      created_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      ended_at   timestamptz
    ) WITH (fillfactor = 80);
    -- ending a person's sessions
    CREATE INDEX sessions_account ON sessions (account_id) WHERE account_id IS NOT NULL;
    -- pruning
    CREATE INDEX sessions_expiry ON sessions (expires_at);

    CREATE TABLE session_ids (
      digest      bytea PRIMARY KEY,
      session_uid text NOT NULL REFERENCES sessions ON DELETE CASCADE,
      issued_at   timestamptz NOT NULL,
      replaced_at timestamptz
    );
    -- the ids of one session, when it is rotated or removed
    CREATE INDEX session_ids_session ON session_ids (session_uid);

    CREATE TABLE session_clients (
      session_uid     text NOT NULL REFERENCES sessions ON DELETE CASCADE,
      client_id       text NOT NULL,
      sid             text NOT NULL,
      grant_id        text,
      persists_logout boolean NOT NULL DEFAULT false,
      joined_at       timestamptz NOT NULL,
      -- two tabs may sign in to one client at once, each with a sid of its own: both are told of the sign-out
      PRIMARY KEY (session_uid, client_id, sid)
    );
  `);
}
