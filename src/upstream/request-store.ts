import type { Queryable } from '../db/database.ts';
import type { RequestOrigin, UpstreamRequest } from './request.ts';

interface Row {
  state_digest: Buffer;
  provider_id: string;
  purpose: 'sign-in' | 'link';
  interaction_uid: string | null;
  session_uid: string | null;
  kept: Buffer;
  answer: Buffer | null;
  answered_at: Date | null;
  used_at: Date | null;
}

const COLUMNS: (keyof Row)[] = [
  'state_digest',
  'provider_id',
  'purpose',
  'interaction_uid',
  'session_uid',
  'kept',
  'answer',
];

export async function insertRequest(
  db: Queryable,
  request: Omit<UpstreamRequest, 'answer'>,
  { now, expiresAt, usedAt = null }: { now: Date; expiresAt: Date; usedAt?: Date | null },
): Promise<void> {
  await db('upstream_requests').insert({
    state_digest: request.stateDigest,
    provider_id: request.providerId,
    purpose: request.origin.purpose,
    ...originColumns(request.origin),
    kept: request.kept,
    created_at: now,
    expires_at: expiresAt,
    used_at: usedAt,
  });
}

/** The first answer counts. undefined: unknown, of another provider, answered before, used or expired. */
export async function saveAnswer(
  db: Queryable,
  { digest, providerId, answer, now }: { digest: Buffer; providerId: string; answer: Buffer; now: Date },
): Promise<RequestOrigin | undefined> {
  const [row]: Row[] = await db<Row>('upstream_requests')
    .where({ state_digest: digest, provider_id: providerId })
    .whereNull('answered_at')
    .whereNull('used_at')
    .where('expires_at', '>', now)
    .update({ answer, answered_at: now })
    .returning(COLUMNS);
  return row && toRequest(row).origin;
}

/** Whoever sent the browser to another provider's address with this state tries to mix them up: the request is spent. */
export async function spendRequest(db: Queryable, digest: Buffer, now: Date): Promise<void> {
  await db('upstream_requests').where({ state_digest: digest }).whereNull('used_at').update({ used_at: now });
}

/** Once, by the browser that began it. undefined: unknown, another browser's, without an answer, used before or expired. */
export async function useRequest(
  db: Queryable,
  { digest, origin, now }: { digest: Buffer; origin: RequestOrigin; now: Date },
): Promise<UpstreamRequest | undefined> {
  const [row]: Row[] = await db<Row>('upstream_requests')
    .where({ state_digest: digest, purpose: origin.purpose, ...originColumns(origin) })
    .whereNotNull('answered_at')
    .whereNull('used_at')
    .where('expires_at', '>', now)
    .update({ used_at: now })
    .returning(COLUMNS);
  return row && toRequest(row);
}

/** The provider of a request that this browser began, however it ended: for a page that offers another try. */
export async function findRequestProvider(
  db: Queryable,
  { digest, origin }: { digest: Buffer; origin: RequestOrigin },
): Promise<string | undefined> {
  const row = await db('upstream_requests')
    .first<{ provider_id: string } | undefined>('provider_id')
    .where({ state_digest: digest, purpose: origin.purpose, ...originColumns(origin) });
  return row?.provider_id;
}

export interface Waiting {
  readonly digest: Buffer;
  readonly providerId: string;
  readonly identity: Buffer;
  /** Who has signed in since and is asked whether to connect. */
  readonly accountId: string | null;
}

/** Keeps a proved identity for a while; what waited there before is forgotten. */
export async function saveWaiting(
  tx: Queryable,
  {
    digest,
    origin,
    identity,
    expiresAt,
  }: { digest: Buffer; origin: RequestOrigin; identity: Buffer; expiresAt: Date },
): Promise<void> {
  await tx('upstream_requests')
    .where(originColumns(origin))
    .whereNotNull('identity')
    .update({ identity: null });
  await tx('upstream_requests')
    .where({ state_digest: digest })
    .update({ identity, expires_at: expiresAt, answer: null });
}

export async function findWaiting(
  db: Queryable,
  origin: RequestOrigin,
  now: Date,
): Promise<Waiting | undefined> {
  const row = await db('upstream_requests')
    .first<WaitingRow | undefined>(WAITING_COLUMNS)
    .where(originColumns(origin))
    .whereNotNull('identity')
    .where('expires_at', '>', now);
  return row && toWaiting(row);
}

/** This person has proved who they are, with everything that is asked of them, and may now decide. */
export async function saveWaitingAccount(db: Queryable, digest: Buffer, accountId: string): Promise<void> {
  await db('upstream_requests').where({ state_digest: digest }).update({ account_id: accountId });
}

/** Takes the identity out, once. undefined: decided already, expired, or for somebody else to decide. */
export async function takeWaiting(
  tx: Queryable,
  { origin, accountId, now }: { origin: RequestOrigin; accountId: string; now: Date },
): Promise<Waiting | undefined> {
  const { rows } = await tx.raw<{ rows: WaitingRow[] }>(
    `UPDATE upstream_requests r SET identity = NULL
     FROM (SELECT state_digest, identity FROM upstream_requests
       WHERE ?? = ? AND identity IS NOT NULL AND account_id = ? AND expires_at > ? FOR UPDATE) w
     WHERE r.state_digest = w.state_digest
     RETURNING r.state_digest, r.provider_id, w.identity, r.account_id`,
    [...Object.entries(originColumns(origin)).flat(), accountId, now],
  );
  return rows[0] && toWaiting(rows[0]);
}

/** The person does not want to connect. */
export async function forgetWaiting(db: Queryable, origin: RequestOrigin): Promise<void> {
  await db('upstream_requests')
    .where(originColumns(origin))
    .whereNotNull('identity')
    .update({ identity: null });
}

interface WaitingRow {
  state_digest: Buffer;
  provider_id: string;
  identity: Buffer;
  account_id: string | null;
}

const WAITING_COLUMNS: (keyof WaitingRow)[] = ['state_digest', 'provider_id', 'identity', 'account_id'];

function toWaiting(row: WaitingRow): Waiting {
  return {
    digest: row.state_digest,
    providerId: row.provider_id,
    identity: row.identity,
    accountId: row.account_id,
  };
}

function originColumns(origin: RequestOrigin): Record<string, string> {
  return origin.purpose === 'sign-in'
    ? { interaction_uid: origin.interactionUid }
    : { session_uid: origin.sessionUid };
}

function toRequest(row: Row): UpstreamRequest {
  const { interaction_uid: interactionUid, session_uid: sessionUid } = row;
  return {
    stateDigest: row.state_digest,
    providerId: row.provider_id,
    // A constraint of the table says which of the two is there.
    origin:
      row.purpose === 'sign-in'
        ? { purpose: 'sign-in', interactionUid: interactionUid ?? '' }
        : { purpose: 'link', sessionUid: sessionUid ?? '' },
    kept: row.kept,
    answer: row.answer,
  };
}
