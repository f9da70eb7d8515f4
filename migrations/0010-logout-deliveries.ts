import type { Knex } from 'knex';

/** Outbox of back-channel logout: written when a session ends, delivered and retried by a job. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE logout_deliveries (
      id              text PRIMARY KEY,
      client_id       text NOT NULL,
      subject         text NOT NULL,
      sid             text,
      attempts        integer NOT NULL DEFAULT 0,
      next_attempt_at timestamptz NOT NULL,
      created_at      timestamptz NOT NULL,
      delivered_at    timestamptz,
      abandoned_at    timestamptz,
      last_error      text
    );
    -- the job takes what is due
    CREATE INDEX logout_deliveries_due ON logout_deliveries (next_attempt_at) WHERE delivered_at IS NULL AND abandoned_at IS NULL;
  `);
}
