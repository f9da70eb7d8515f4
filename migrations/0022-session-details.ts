import type { Knex } from 'knex';

/**
 * What a person recognises a session by, when it was last used, and which upstream identity it came from. `last_used_at`
 * has a default because the release before this one does not know it. `accounts.signed_in_at` is the latest sign-in: whoever
 * has none yet is not told of a new device.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE sessions
      ADD COLUMN user_agent   text,
      ADD COLUMN address      text,
      ADD COLUMN last_used_at timestamptz NOT NULL DEFAULT now(),
      ADD COLUMN identity_id  text,
      ADD COLUMN upstream_sid text;
    -- an identity that is unlinked, or whose provider is disabled, ends its sessions
    CREATE INDEX sessions_identity ON sessions (identity_id) WHERE identity_id IS NOT NULL;
    -- back-channel logout of an upstream names a session of its own
    CREATE INDEX sessions_upstream ON sessions (upstream_sid) WHERE upstream_sid IS NOT NULL;

    ALTER TABLE accounts ADD COLUMN signed_in_at timestamptz;
    UPDATE accounts a SET signed_in_at = e.at
    FROM (
      SELECT account_id, max(occurred_at) AS at FROM audit_events WHERE type = 'account.signed-in' GROUP BY account_id
    ) e
    WHERE e.account_id = a.id;
  `);
}
