import type { Account } from '../accounts/account.ts';
import { record } from '../audit/record.ts';
import { listAccountEvents, type AccountEvent } from '../audit/store.ts';
import { findFactors } from '../authenticators/factor-store.ts';
import { listPasskeys } from '../authenticators/passkey-store.ts';
import { listRememberedDevices } from '../authenticators/remembered-device-store.ts';
import { findTotp } from '../authenticators/totp-store.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import type { Hand } from '../revocation/end-sessions.ts';
import { listAccess } from '../revocation/list-access.ts';
import { listSessions } from '../sessions/list-sessions.ts';
import { exportFactors } from './export-factors.ts';

/** More than anybody has; what is beyond is said to be left out. */
const SESSIONS_MAX = 1000;
const EVENTS_MAX = 10_000;

export type Exported = Readonly<Record<string, unknown>>;

/**
 * Everything kept of one person, as a JSON document. Every member is written down here, so that nothing secret (a password's
 * hash, a key, a token's digest) can slip in with a new column. That it was asked for is recorded, and a part of it.
 */
export async function exportAccount(
  { db, clock, config }: { db: Database; clock: Clock; config: Pick<Config, 'sessions'> },
  account: Account,
  hand: Hand,
): Promise<Exported> {
  const now = clock.now();
  await db.transaction((tx) =>
    record(tx, { ...hand, occurredAt: now, type: 'account.exported', accountId: account.id }),
  );
  const events = await listAccountEvents(db.pool, { accountId: account.id, limit: EVENTS_MAX + 1 });
  return {
    exported_at: now,
    account: presentAccount(account),
    authenticators: await exportAuthenticators(db, account.id, now),
    access: (await listAccess(db.knex, { accountId: account.id, now })).map((access) => ({
      client_id: access.clientId,
      scopes: access.scopes,
      resources: access.resources,
      since: access.since,
      last_used_at: access.lastUsedAt,
    })),
    sessions: await exportSessions(db, account.id, { now, idleSeconds: config.sessions.idleSeconds }),
    second_factors: await exportFactors(db, account.id, now),
    activity: events.slice(0, EVENTS_MAX).map(presentEvent),
    activity_is_complete: events.length <= EVENTS_MAX,
  };
}

function presentAccount(account: Account): Exported {
  return {
    id: account.id,
    username: account.username,
    email: account.email,
    email_verified: account.emailVerified,
    profile: account.profile,
    has_password: account.hasPassword,
    password_changed_at: account.passwordChangedAt,
    disabled_at: account.disabledAt,
    created_at: account.createdAt,
    updated_at: account.updatedAt,
  };
}

/** What they are called and when they were used; never what they prove with. */
async function exportAuthenticators(db: Database, accountId: string, now: Date): Promise<Exported> {
  const [passkeys, totp, factors, devices] = await Promise.all([
    listPasskeys(db.knex, accountId),
    findTotp(db.knex, accountId),
    findFactors(db.knex, accountId),
    listRememberedDevices(db.knex, accountId, now),
  ]);
  return {
    passkeys: passkeys.map((passkey) => ({
      name: passkey.name,
      transports: passkey.transports,
      backed_up: passkey.backedUp,
      created_at: passkey.createdAt,
      last_used_at: passkey.lastUsedAt,
    })),
    one_time_codes: totp
      ? { name: totp.name, confirmed_at: totp.confirmedAt, last_used_at: totp.lastUsedAt }
      : null,
    recovery_codes_left: factors.recoveryCodes,
    remembered_devices: devices.map((device) => ({
      user_agent: device.userAgent,
      created_at: device.createdAt,
      last_used_at: device.lastUsedAt,
      expires_at: device.expiresAt,
    })),
  };
}

async function exportSessions(
  db: Database,
  accountId: string,
  at: { now: Date; idleSeconds: number },
): Promise<Exported[]> {
  const sessions = await listSessions(db.knex, { ...at, limit: SESSIONS_MAX, accountId });
  return sessions.map((session) => ({
    id: session.id,
    client_ids: session.clientIds,
    user_agent: session.userAgent,
    address: session.address,
    identity_id: session.identityId,
    last_used_at: session.lastUsedAt,
    created_at: session.createdAt,
    expires_at: session.expiresAt,
  }));
}

function presentEvent(event: AccountEvent): Exported {
  return {
    occurred_at: event.occurredAt,
    type: event.type,
    actor: event.actor,
    client_id: event.clientId,
    address: event.address,
    detail: event.detail,
  };
}
