import type { Knex } from 'knex';

/**
 * What configuration files manage. `managed_things` names each thing a file has made its own, whose file that was (`source`), and
 * what the file said of it when it was last applied. `brought_secrets` remembers the secrets of clients that came with a file, so that
 * one that was ended since is not let in again by the next run.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE managed_things (
      kind       text NOT NULL CHECK (kind IN ('api', 'role', 'identity-provider', 'trusted-issuer', 'client')),
      -- of a client its id, of an API its audience, of a role both of its names, of a provider its slug, of an issuer its URL
      key        text NOT NULL,
      source     text NOT NULL,
      document   jsonb NOT NULL,
      -- where its secrets come from, by reference
      secrets    jsonb NOT NULL,
      applied_at timestamptz NOT NULL,
      applied_by text NOT NULL,
      -- what a file manages, and whether another one does; the whole table is read by each plan
      PRIMARY KEY (kind, key)
    );

    CREATE TABLE brought_secrets (
      client_id text NOT NULL REFERENCES clients ON DELETE CASCADE,
      digest    bytea NOT NULL,
      -- whether a secret was there before
      PRIMARY KEY (client_id, digest)
    );
  `);
}
