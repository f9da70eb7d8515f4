import type { Knex } from 'knex';

/** People. `id` is the OIDC `sub`: opaque, never reused, because a deleted row's id is never drawn again. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE accounts (
      id                  text PRIMARY KEY,
      username            text,
      email               text,
      email_verified      boolean NOT NULL DEFAULT false,
      profile             jsonb NOT NULL DEFAULT '{}',
      password_hash       text,
      password_changed_at timestamptz,
      disabled_at         timestamptz,
      created_at          timestamptz NOT NULL,
      updated_at          timestamptz NOT NULL,
      CHECK (username IS NOT NULL OR email IS NOT NULL)
    );
    -- sign-in looks an account up by what the person typed, folded to lower case
    CREATE UNIQUE INDEX accounts_username ON accounts (lower(username));
    CREATE UNIQUE INDEX accounts_email ON accounts (lower(email));
  `);
}
