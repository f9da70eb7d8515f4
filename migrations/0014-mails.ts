import type { Knex } from 'knex';

/**
 * Mail to be sent. A row says what and to whom; links with secrets in them are made when it is sent, so that none is ever
 * stored readable. `message` is what was sent (sealed), kept only where there is no mail server and people read it here.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE mails (
      id              text PRIMARY KEY,
      kind            text NOT NULL,
      recipient       text NOT NULL,
      account_id      text,
      language        text NOT NULL,
      detail          jsonb NOT NULL,
      created_at      timestamptz NOT NULL,
      next_attempt_at timestamptz,
      attempts        integer NOT NULL DEFAULT 0,
      sent_at         timestamptz,
      last_error      text,
      message         bytea
    );
    -- what is due
    CREATE INDEX mails_due ON mails (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
    -- the outbox page, newest first; pruning; how many mails an address got lately
    CREATE INDEX mails_created ON mails (created_at);
    -- how many mails an address got lately
    CREATE INDEX mails_recipient ON mails (recipient, created_at);
  `);
}
