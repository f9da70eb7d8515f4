import type { Knex } from 'knex';

/**
 * Links that are good for one thing, once: joining, a new password, another e-mail address. Only a digest of what stands in
 * the link is kept. `occasion` is the mail or invitation it was made for: links of one occasion are good side by side.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE account_links (
      digest           bytea PRIMARY KEY,
      purpose          text NOT NULL,
      occasion         text NOT NULL,
      account_id       text REFERENCES accounts ON DELETE CASCADE,
      email            text NOT NULL,
      previous_email   text,
      proves_email     boolean NOT NULL,
      name             text,
      interaction_uid  text,
      interaction_mark text,
      created_at       timestamptz NOT NULL,
      expires_at       timestamptz NOT NULL,
      used_at          timestamptz
    );
    -- a password or address that changes ends the links of the account; deleting an account
    CREATE INDEX account_links_account ON account_links (account_id);
    -- a new link replaces the older ones to an address; an account that is made ends those that would make it
    CREATE INDEX account_links_email ON account_links (email);
    -- pruning
    CREATE INDEX account_links_expiry ON account_links (expires_at);
  `);
}
