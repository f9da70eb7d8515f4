import type { Knex } from 'knex';

/**
 * Roles. A role belongs to one API and carries some of its scopes; `role_assignments` says which person or which client has it,
 * and whose word that is (`source`). `roles.narrowings` counts how often a role has lost scopes: a token that is being issued
 * names the count it was made under, so that it cannot leave after the loss. `identity_provider_roles` says what a group at an
 * identity provider is worth here, `groups_attribute` where the provider writes its groups. Nothing changes for an API that does
 * not enforce roles. `apis.origin` marks an API that is a part of this server.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE apis ADD COLUMN enforces_roles boolean NOT NULL DEFAULT false;
    ALTER TABLE apis ADD COLUMN origin text NOT NULL DEFAULT 'operator' CHECK (origin IN ('operator', 'built-in'));

    CREATE TABLE roles (
      id          text PRIMARY KEY,
      api_id      text NOT NULL REFERENCES apis ON DELETE CASCADE,
      name        text NOT NULL,
      description text NOT NULL,
      scopes      text[] NOT NULL,
      built_in    boolean NOT NULL DEFAULT false,
      narrowings  integer NOT NULL DEFAULT 0,
      created_at  timestamptz NOT NULL,
      updated_at  timestamptz NOT NULL,
      -- a role as people call it
      UNIQUE (api_id, name)
    );

    CREATE TABLE role_assignments (
      id         text PRIMARY KEY,
      role_id    text NOT NULL REFERENCES roles ON DELETE CASCADE,
      account_id text REFERENCES accounts ON DELETE CASCADE,
      client_id  text REFERENCES clients ON DELETE CASCADE,
      source     text NOT NULL,
      given_at   timestamptz NOT NULL,
      given_by   text NOT NULL,
      CHECK (num_nonnulls(account_id, client_id) = 1)
    );
    -- what somebody has, asked before a token is issued; each source gives a role once
    CREATE UNIQUE INDEX role_assignments_account ON role_assignments (account_id, role_id, source) WHERE account_id IS NOT NULL;
    CREATE UNIQUE INDEX role_assignments_client ON role_assignments (client_id, role_id, source) WHERE client_id IS NOT NULL;
    -- who has a role, page by page
    CREATE INDEX role_assignments_role ON role_assignments (role_id, id);
    -- what a provider gave, when it is disabled or deleted
    CREATE INDEX role_assignments_source ON role_assignments (source) WHERE source <> 'operator';

    ALTER TABLE identity_providers ADD COLUMN groups_attribute text;
    CREATE TABLE identity_provider_roles (
      provider_id text NOT NULL REFERENCES identity_providers ON DELETE CASCADE,
      group_value text NOT NULL,
      role_id     text NOT NULL REFERENCES roles ON DELETE CASCADE,
      -- what the groups of somebody who comes are worth
      PRIMARY KEY (provider_id, group_value, role_id)
    );
    -- deleting a role
    CREATE INDEX identity_provider_roles_role ON identity_provider_roles (role_id);
  `);
}
