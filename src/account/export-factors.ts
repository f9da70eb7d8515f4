import { findFactors } from '../authenticators/factor-store.ts';
import { listPasskeys } from '../authenticators/passkey-store.ts';
import { listRememberedDevices } from '../authenticators/remembered-device-store.ts';
import { findTotp } from '../authenticators/totp-store.ts';
import type { Database } from '../db/database.ts';
import type { Exported } from './export-account.ts';

/** What a person proves a second factor with, without anything that it could be proved by. */
export async function exportFactors({ knex }: Database, accountId: string, now: Date): Promise<Exported> {
  const passkeys = await listPasskeys(knex, accountId);
  const totp = await findTotp(knex, accountId);
  const { recoveryCodes } = await findFactors(knex, accountId);
  const devices = await listRememberedDevices(knex, accountId, now);
  return {
    passkeys: passkeys.map((passkey) => ({
      id: passkey.id,
      name: passkey.name,
      transports: passkey.transports,
      backup_eligible: passkey.backupEligible,
      created_at: passkey.createdAt,
      last_used_at: passkey.lastUsedAt,
    })),
    totp: totp ? { confirmed_at: totp.confirmedAt, last_used_at: totp.lastUsedAt } : null,
    recovery_codes_left: recoveryCodes,
    remembered_devices: devices.map((device) => ({
      id: device.id,
      user_agent: device.userAgent,
      created_at: device.createdAt,
      last_used_at: device.lastUsedAt,
      expires_at: device.expiresAt,
    })),
  };
}
