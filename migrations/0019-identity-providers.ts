import type { Knex } from 'knex';

/**
 * Other people's identity providers. `identity_providers` says how to ask each of them; `identities` says which account a
 * person of theirs is here; `upstream_requests` is one question under way, found again by the digest of its `state`.
 * `grants.identity_id` says whom a provider had vouched for when a client got its tokens: they outlive the session.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE identity_providers (
      id           text PRIMARY KEY,
      slug         text NOT NULL UNIQUE,
      name         text NOT NULL,
      kind         text NOT NULL CHECK (kind IN ('oidc', 'saml', 'ldap')),
      settings     jsonb NOT NULL,
      secrets      bytea,
      domains      text[] NOT NULL DEFAULT '{}',
      has_button   boolean NOT NULL,
      mapping      jsonb NOT NULL,
      provisioning text NOT NULL CHECK (provisioning IN ('create', 'link-only')),
      trusts_email boolean NOT NULL,
      trusts_mfa   boolean NOT NULL,
      disabled_at  timestamptz,
      created_at   timestamptz NOT NULL,
      updated_at   timestamptz NOT NULL
    );
    -- whether another provider has one of these domains already
    CREATE INDEX identity_providers_domains ON identity_providers USING gin (domains);

    CREATE TABLE identities (
      id           text PRIMARY KEY,
      provider_id  text NOT NULL REFERENCES identity_providers ON DELETE CASCADE,
      issuer       text NOT NULL,
      subject      text NOT NULL,
      account_id   text NOT NULL REFERENCES accounts ON DELETE CASCADE,
      label        text,
      linked_at    timestamptz NOT NULL,
      last_used_at timestamptz,
      -- whom an answer is about; one person of theirs is one account here
      UNIQUE (provider_id, issuer, subject)
    );
    -- the identities of an account
    CREATE INDEX identities_account ON identities (account_id);

    CREATE TABLE upstream_requests (
      state_digest    bytea PRIMARY KEY,
      provider_id     text NOT NULL REFERENCES identity_providers ON DELETE CASCADE,
      purpose         text NOT NULL CHECK (purpose IN ('sign-in', 'link')),
      interaction_uid text,
      session_uid     text,
      kept            bytea NOT NULL,
      answer          bytea,
      identity        bytea,
      account_id      text,
      created_at      timestamptz NOT NULL,
      answered_at     timestamptz,
      used_at         timestamptz,
      expires_at      timestamptz NOT NULL,
      CHECK ((purpose = 'sign-in') = (interaction_uid IS NOT NULL)),
      CHECK ((purpose = 'link') = (session_uid IS NOT NULL))
    );
    -- an identity that waits to be connected, in a sign-in or in the session of somebody who is signed in
    CREATE INDEX upstream_requests_sign_in ON upstream_requests (interaction_uid) WHERE identity IS NOT NULL;
    CREATE INDEX upstream_requests_link ON upstream_requests (session_uid) WHERE identity IS NOT NULL;
    -- deleting a provider
    CREATE INDEX upstream_requests_provider ON upstream_requests (provider_id);
    -- pruning
    CREATE INDEX upstream_requests_expiry ON upstream_requests (expires_at);

    ALTER TABLE grants ADD COLUMN identity_id text;
    -- an identity that is taken off, or whose provider is disabled, ends what was granted with it
    CREATE INDEX grants_identity ON grants (identity_id) WHERE identity_id IS NOT NULL;
  `);
}
