import type { Knex } from 'knex';

/** What operators look for, newest first, where there may be a million of them. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    -- tokens issued in a span of time, revoked ones among them, which no other index has. A range of blocks instead of an entry
    -- for each: neither issuing nor revoking pays for it, and tokens come in the order of their time
    CREATE INDEX tokens_span ON tokens USING brin (issued_at) WITH (pages_per_range = 32, autosummarize = on);
    -- sessions, youngest first
    CREATE INDEX sessions_created ON sessions (created_at, uid);
    -- sessions with which somebody went to a client
    CREATE INDEX session_clients_client ON session_clients (client_id, session_uid);
    -- grants, youngest first, of everybody or of a client that has very many
    CREATE INDEX grants_created ON grants (created_at, id);
  `);
}
