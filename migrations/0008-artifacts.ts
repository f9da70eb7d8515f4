import type { Knex } from 'knex';

/**
 * Everything of the protocol that lives for a while and is found again by a secret value: codes, refresh tokens, opaque
 * access tokens, device codes, pushed requests, interactions, registration tokens. Only digests of the values are
 * stored; the payload is sealed because it repeats other values. Short rows expire by batched deletes (see jobs/prune).
 */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE artifacts (
      digest           bytea PRIMARY KEY,
      model            text NOT NULL,
      payload          bytea NOT NULL,
      grant_id         text,
      client_id        text,
      account_id       text,
      user_code_digest bytea,
      created_at       timestamptz NOT NULL,
      consumed_at      timestamptz,
      expires_at       timestamptz
    ) WITH (fillfactor = 90, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
    -- a revoked grant takes its codes and tokens along
    CREATE INDEX artifacts_grant ON artifacts (grant_id) WHERE grant_id IS NOT NULL;
    -- the person types the short code; the newest row for it counts
    CREATE INDEX artifacts_user_code ON artifacts (user_code_digest, created_at DESC) WHERE user_code_digest IS NOT NULL;
    -- pruning
    CREATE INDEX artifacts_expiry ON artifacts (expires_at) WHERE expires_at IS NOT NULL;

    -- Values that may be seen once: jti of client assertions and DPoP proofs.
    CREATE TABLE replays (
      digest     bytea PRIMARY KEY,
      expires_at timestamptz NOT NULL
    ) WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
    -- pruning
    CREATE INDEX replays_expiry ON replays (expires_at);

    -- The answer to a refresh, sealed under a key derived from the spent refresh token, for the client that repeats it.
    CREATE TABLE refresh_answers (
      digest           bytea PRIMARY KEY,
      successor_digest bytea,
      sealed           bytea NOT NULL,
      expires_at       timestamptz NOT NULL
    );
    -- pruning
    CREATE INDEX refresh_answers_expiry ON refresh_answers (expires_at);
  `);
}
