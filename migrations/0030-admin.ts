import type { Knex } from 'knex';

/** Answers to requests of the admin API that carried an Idempotency-Key; they are kept for a day. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE idempotency_keys (
      actor          text NOT NULL,
      key_digest     bytea NOT NULL,
      request_digest bytea NOT NULL,
      -- null while the transaction that does the work is open: nobody else sees such a row
      status         smallint,
      -- sealed
      answer         bytea,
      created_at     timestamptz NOT NULL,
      PRIMARY KEY (actor, key_digest)
    );
    -- rows whose day is over
    CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);
  `);
}
