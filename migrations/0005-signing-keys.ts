import type { Knex } from 'knex';

/** Signing keys with their life: pending → published → active → retired, or revoked at any time. Few rows, read whole. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    CREATE TABLE signing_keys (
      kid            text PRIMARY KEY,
      alg            text NOT NULL,
      state          text NOT NULL CHECK (state IN ('pending', 'published', 'active', 'retired', 'revoked')),
      public_jwk     jsonb NOT NULL,
      sealed_private bytea,
      created_at     timestamptz NOT NULL,
      published_at   timestamptz,
      activated_at   timestamptz,
      retired_at     timestamptz,
      revoked_at     timestamptz
    );
    -- one active key an algorithm: two processes that rotate at once cannot both win
    CREATE UNIQUE INDEX signing_keys_active ON signing_keys (alg) WHERE state = 'active';
  `);
}
