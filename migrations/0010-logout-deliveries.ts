import type { Knex } from 'knex';

/** Outbox of back-channel logout: written when a session ends, delivered and retried by a job. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE logout_deliveries (
      id              text PRIMARY KEY,
      client_id       text NOT NULL,
      account_id      text NOT NULL,
      sid             text NOT NULL,
      attempts        integer NOT NULL DEFAULT 0,
      next_attempt_at timestamptz NOT NULL,
      created_at      timestamptz NOT NULL,
      delivered_at    timestamptz,
      abandoned_at    timestamptz,
      last_error      text
    );
    -- a sid is one sign-in at one client: its end is told once, whichever path ends it
    CREATE UNIQUE INDEX logout_deliveries_sid ON logout_deliveries (client_id, sid);
    -- the job takes what is due
    CREATE INDEX logout_deliveries_due ON logout_deliveries (next_attempt_at) WHERE delivered_at IS NULL AND abandoned_at IS NULL;
  `);
}
