import type { Knex } from 'knex';

/** Why a request was refused, or given less than it asked for, in words for operators. Diagnostics: kept for a day, and no more than fit. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE decisions (
      request_id text PRIMARY KEY,
      decided_at timestamptz NOT NULL,
      endpoint   text NOT NULL,
      status     smallint NOT NULL,
      outcome    text NOT NULL,
      client_id  text,
      account_id text,
      address    text,
      lines      jsonb NOT NULL
    );
    -- pruning, and the list, newest first
    CREATE INDEX decisions_age ON decisions (decided_at, request_id);
    -- the list of one client
    CREATE INDEX decisions_client ON decisions (client_id, decided_at) WHERE client_id IS NOT NULL;
  `);
}
