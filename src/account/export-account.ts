import type { Account } from '../accounts/account.ts';
import { record } from '../audit/record.ts';
import { listAccountEvents, type AccountEvent } from '../audit/store.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import type { Hand } from '../revocation/end-sessions.ts';
import { listAccess } from '../revocation/list-access.ts';
import { listSessions } from '../sessions/list-sessions.ts';
import { listIdentities } from '../upstream/identity-store.ts';
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
    identities: await exportIdentities(db, account.id),
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

/** Who the person is elsewhere, by the names that those providers gave them. */
async function exportIdentities(db: Database, accountId: string): Promise<Exported[]> {
  const identities = await listIdentities(db.knex, accountId);
  return identities.map((identity) => ({
    id: identity.id,
    provider_id: identity.providerId,
    issuer: identity.issuer,
    subject: identity.subject,
    label: identity.label,
    linked_at: identity.linkedAt,
    last_used_at: identity.lastUsedAt,
  }));
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
