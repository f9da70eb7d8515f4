import type { Knex } from 'knex';

/** Since when somebody was warned that a client's last secret is about to expire: once for each secret. */
export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    ALTER TABLE client_secrets ADD COLUMN expiry_warned_at timestamptz;
    -- secrets that are about to expire, and nobody was warned
    CREATE INDEX client_secrets_expiry ON client_secrets (expires_at) WHERE expires_at IS NOT NULL AND expiry_warned_at IS NULL;
  `);
}
