import type { Knex } from 'knex';

/**
 * What an operator does at once when something looks wrong. Networks that get no answer but 403. A row stays for the record after its block is lifted or over. `revision` grows with every
 * change, in the order of their commits (changes are made one after the other), so that processes read what is new to them.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE SEQUENCE address_blocks_revision;
    CREATE TABLE address_blocks (
      id         text PRIMARY KEY,
      network    cidr NOT NULL,
      reason     text NOT NULL,
      created_at timestamptz NOT NULL,
      created_by text NOT NULL,
      expires_at timestamptz,
      lifted_at  timestamptz,
      revision   bigint NOT NULL DEFAULT nextval('address_blocks_revision')
    );
    -- one block at a time for a network, found by the network
    CREATE UNIQUE INDEX address_blocks_network ON address_blocks (network) WHERE lifted_at IS NULL;
    -- every process, twice a second: what changed since it last looked
    CREATE INDEX address_blocks_changes ON address_blocks (revision);
    -- the list, newest first
    CREATE INDEX address_blocks_age ON address_blocks (created_at, id);

    -- The next sign-in with the password goes no further than to a new one.
    ALTER TABLE accounts ADD COLUMN password_change_required_at timestamptz;
  `);
}
