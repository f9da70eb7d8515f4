import type { Knex } from 'knex';

/** Security events and changes, written in the transaction that made them; read newest first. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE audit_events (
      id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      occurred_at timestamptz NOT NULL,
      type        text NOT NULL,
      actor       text NOT NULL,
      client_id   text,
      account_id  text,
      request_id  text,
      address     text,
      detail      jsonb NOT NULL DEFAULT '{}'
    );
    -- "what happened to this account", newest first
    CREATE INDEX audit_events_account ON audit_events (account_id, id DESC) WHERE account_id IS NOT NULL;
    -- "what did this client do", newest first
    CREATE INDEX audit_events_client ON audit_events (client_id, id DESC) WHERE client_id IS NOT NULL;
  `);
}
