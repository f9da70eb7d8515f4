import type { Queryable } from '../db/database.ts';

/** A device on which somebody proved two factors and is not asked for the second one for a while. */
export interface RememberedDevice {
  readonly id: string;
  readonly userAgent: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date;
  readonly expiresAt: Date;
  /** Digest of the token in its cookie. */
  readonly device: Buffer;
}

interface Row {
  id: string;
  user_agent: string;
  created_at: Date;
  last_used_at: Date;
  expires_at: Date;
  device: Buffer;
}

const COLUMNS: (keyof Row)[] = ['id', 'user_agent', 'created_at', 'last_used_at', 'expires_at', 'device'];

/** More than anybody uses within the time a device is remembered. */
const DEVICES_MAX = 50;

export async function saveRememberedDevice(
  db: Queryable,
  device: {
    id: string;
    device: Buffer;
    accountId: string;
    userAgent: string;
    now: Date;
    expiresAt: Date;
  },
): Promise<void> {
  await db('remembered_devices')
    .insert({
      id: device.id,
      device: device.device,
      account_id: device.accountId,
      user_agent: device.userAgent,
      created_at: device.now,
      last_used_at: device.now,
      expires_at: device.expiresAt,
    })
    .onConflict(['device', 'account_id'])
    .merge(['user_agent', 'last_used_at', 'expires_at']);
}

/** Whether the account is remembered on the device, which it has been used on now. */
export async function useRememberedDevice(
  db: Queryable,
  { device, accountId, now }: { device: Buffer; accountId: string; now: Date },
): Promise<boolean> {
  const updated = await db('remembered_devices')
    .where({ device, account_id: accountId })
    .where('expires_at', '>', now)
    .update({ last_used_at: now });
  return updated > 0;
}

/** Those that still count, the latest first. */
export async function listRememberedDevices(
  db: Queryable,
  accountId: string,
  now: Date,
): Promise<RememberedDevice[]> {
  const rows: Row[] = await db('remembered_devices')
    .select(COLUMNS)
    .where({ account_id: accountId })
    .where('expires_at', '>', now)
    .orderBy('last_used_at', 'desc')
    .limit(DEVICES_MAX);
  return rows.map((row) => ({
    id: row.id,
    userAgent: row.user_agent,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    expiresAt: row.expires_at,
    device: row.device,
  }));
}

export async function deleteRememberedDevice(
  db: Queryable,
  { id, accountId }: { id: string; accountId: string },
): Promise<boolean> {
  return (await db('remembered_devices').where({ id, account_id: accountId }).delete()) > 0;
}

/** Everywhere: after a reset, a change of factors, a sign-out of everything. */
export async function forgetDevices(tx: Queryable, accountId: string): Promise<number> {
  return tx('remembered_devices').where({ account_id: accountId }).delete();
}
