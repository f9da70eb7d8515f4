import type { Knex } from 'knex';

/**
 * What people prove themselves with beside a password, and how sure of them a client or an API wants to be. The user handle
 * is what passkeys carry (WebAuthn §5.4.3): random, so that an authenticator tells nobody the `sub`. A row of
 * `factor_holders` is also what changes of one account's factors are locked by.
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE factor_holders (
      account_id  text PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
      user_handle bytea NOT NULL UNIQUE,
      created_at  timestamptz NOT NULL
    );

    CREATE TABLE passkeys (
      id              text PRIMARY KEY,
      account_id      text NOT NULL REFERENCES factor_holders ON DELETE CASCADE,
      credential_id   bytea NOT NULL UNIQUE,
      public_key      bytea NOT NULL,
      counter         bigint NOT NULL,
      transports      text[] NOT NULL,
      backup_eligible boolean NOT NULL,
      backed_up       boolean NOT NULL,
      user_verified   boolean NOT NULL,
      name            text NOT NULL,
      created_at      timestamptz NOT NULL,
      last_used_at    timestamptz
    );
    -- the passkeys of a person, at each of their sign-ins
    CREATE INDEX passkeys_account ON passkeys (account_id);

    -- Not confirmed: somebody has been shown it in one interaction or session ('binding') and has yet to type a code.
    CREATE TABLE totps (
      id           text PRIMARY KEY,
      account_id   text NOT NULL REFERENCES factor_holders ON DELETE CASCADE,
      secret       bytea NOT NULL,
      last_step    bigint NOT NULL DEFAULT 0,
      name         text NOT NULL,
      created_at   timestamptz NOT NULL,
      confirmed_at timestamptz,
      last_used_at timestamptz,
      binding      text,
      expires_at   timestamptz
    );
    -- one a person; found at each of their sign-ins
    CREATE UNIQUE INDEX totps_account ON totps (account_id) WHERE confirmed_at IS NOT NULL;
    -- what was shown in an interaction or session, to be confirmed there
    CREATE INDEX totps_binding ON totps (binding) WHERE binding IS NOT NULL;
    -- pruning
    CREATE INDEX totps_expiry ON totps (expires_at) WHERE expires_at IS NOT NULL;

    CREATE TABLE recovery_codes (
      account_id text NOT NULL REFERENCES factor_holders ON DELETE CASCADE,
      digest     bytea NOT NULL,
      created_at timestamptz NOT NULL,
      used_at    timestamptz,
      PRIMARY KEY (account_id, digest)
    );

    -- Codes that are on somebody's screen and replace the present ones once they say they have kept them. Sealed.
    CREATE TABLE recovery_drafts (
      binding    text PRIMARY KEY,
      account_id text NOT NULL REFERENCES factor_holders ON DELETE CASCADE,
      codes      bytea NOT NULL,
      expires_at timestamptz NOT NULL
    );
    -- pruning
    CREATE INDEX recovery_drafts_expiry ON recovery_drafts (expires_at);

    -- Challenges carry their own proof of origin; here are those that were answered, so that no answer counts twice.
    CREATE TABLE passkey_challenges (
      digest     bytea PRIMARY KEY,
      used_at    timestamptz NOT NULL,
      expires_at timestamptz NOT NULL
    );
    -- pruning
    CREATE INDEX passkey_challenges_expiry ON passkey_challenges (expires_at);

    -- Guesses at a person's codes. Counted before they are checked, so that many at once are no more than one after the other.
    CREATE TABLE factor_guesses (
      account_id text PRIMARY KEY REFERENCES accounts ON DELETE CASCADE,
      guesses    integer NOT NULL,
      expires_at timestamptz NOT NULL
    );
    -- pruning
    CREATE INDEX factor_guesses_expiry ON factor_guesses (expires_at);

    CREATE TABLE remembered_devices (
      id           text PRIMARY KEY,
      device       bytea NOT NULL,
      account_id   text NOT NULL REFERENCES accounts ON DELETE CASCADE,
      user_agent   text NOT NULL,
      created_at   timestamptz NOT NULL,
      last_used_at timestamptz NOT NULL,
      expires_at   timestamptz NOT NULL,
      UNIQUE (device, account_id)
    );
    -- the devices of a person, on their page and when all of them are forgotten
    CREATE INDEX remembered_devices_account ON remembered_devices (account_id);
    -- pruning
    CREATE INDEX remembered_devices_expiry ON remembered_devices (expires_at);

    -- Of the present sign-in: which factor of ours was proved, wrong answers, and when a session proved the first factor.
    ALTER TABLE sign_ins
      ADD COLUMN second_factor text,
      ADD COLUMN failures integer NOT NULL DEFAULT 0,
      ADD COLUMN authenticated_at timestamptz;

    ALTER TABLE clients ADD COLUMN requirement text NOT NULL DEFAULT 'any'
      CHECK (requirement IN ('any', 'mfa', 'phishing-resistant'));
    ALTER TABLE apis ADD COLUMN requirement text NOT NULL DEFAULT 'any'
      CHECK (requirement IN ('any', 'mfa', 'phishing-resistant'));
  `);
}
