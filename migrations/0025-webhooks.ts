import type { Knex } from 'knex';

/**
 * Where audit events are sent: an HTTP endpoint or a syslog server. Events are not copied: `position` is the link of the chain up to
 * which everything was delivered. `next_attempt_at` is also until when the process that delivers has it to itself. A handful of rows, so
 * that nothing is looked up by an index.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE webhooks (
      id              text PRIMARY KEY,
      name            text NOT NULL,
      url             text NOT NULL,
      secret          bytea,
      format          text NOT NULL,
      types           text[] NOT NULL,
      min_risk        integer NOT NULL,
      position        bigint NOT NULL,
      delivered_at    timestamptz,
      attempts        integer NOT NULL DEFAULT 0,
      next_attempt_at timestamptz NOT NULL,
      last_error      text,
      disabled_at     timestamptz,
      created_at      timestamptz NOT NULL
    );
  `);
}
