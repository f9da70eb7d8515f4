import type { Knex } from 'knex';

/** Failure counters of sign-in and client authentication, shared by all processes and kept over restarts. Keys are digests. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE throttles (
      key           bytea PRIMARY KEY,
      failures      integer NOT NULL,
      window_starts timestamptz NOT NULL,
      blocked_until timestamptz,
      expires_at    timestamptz NOT NULL
    );
    -- pruning, and loading what is blocked at start
    CREATE INDEX throttles_expiry ON throttles (expires_at);
  `);
}
