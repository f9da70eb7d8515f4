import type { Actor } from '../audit/event.ts';
import { record } from '../audit/record.ts';
import { AppError } from '../errors.ts';
import { getClient, type ClientContext } from './create-client.ts';
import type { ClientRecord, SecretRecord } from './client.ts';
import { clientNotFound } from './not-found.ts';
import { addSecret, expiryOf, isLive, usesSecret } from './secret.ts';
import { deleteSecrets, lockClient, notifyClient, saveSecretExpiry } from './store.ts';

/** Long enough to roll a deployment out by hand; an operator may say otherwise. */
export const SECRET_OVERLAP_SECONDS = 86_400;

/** A secret that is being replaced must be gone some day. */
const SECRET_OVERLAP_SECONDS_MAX = 30 * 86_400;

/**
 * Gives the client a new secret; the current one goes on working for `overlapSeconds`, all others end now, so
 * that never more than two are live. 0: the old one leaked. Throws `client_not_found` (404), `client_has_no_secret` (409),
 * `invalid_overlap`, `invalid_secret_ttl` (400).
 */
export async function rotateSecret(
  ctx: ClientContext,
  id: string,
  {
    overlapSeconds = SECRET_OVERLAP_SECONDS,
    ttlSeconds,
    actor,
  }: {
    overlapSeconds?: number | undefined;
    /** How long the new one works; for ever unless said otherwise. */
    ttlSeconds?: number | undefined;
    actor: Actor;
  },
): Promise<{
  client: ClientRecord;
  secret: string;
  expiresAt: Date | null;
  previousExpiresAt: Date | null;
}> {
  if (
    !Number.isInteger(overlapSeconds) ||
    overlapSeconds < 0 ||
    overlapSeconds > SECRET_OVERLAP_SECONDS_MAX
  ) {
    const rule = `The overlap is a whole number of seconds from 0 to ${SECRET_OVERLAP_SECONDS_MAX}.`;
    throw new AppError('invalid_overlap', rule, { status: 400 });
  }
  return ctx.db.transaction(async (tx) => {
    const client = await lockClient(tx, id);
    if (!client) throw clientNotFound();
    if (!usesSecret(client.metadata)) throw hasNoSecret();
    const now = ctx.clock.now();
    const kept = overlapSeconds === 0 ? undefined : findCurrent(client.secrets, now);
    await deleteSecrets(
      tx,
      client.secrets.filter((secret) => secret !== kept).map((secret) => secret.id),
    );
    const overlapEndsAt = new Date(now.getTime() + overlapSeconds * 1000);
    // One that was to expire sooner is not given more time.
    const previousExpiresAt = kept ? earlier(kept.expiresAt, overlapEndsAt) : null;
    if (kept && previousExpiresAt) await saveSecretExpiry(tx, kept.id, previousExpiresAt);
    const expiresAt = expiryOf(ttlSeconds, now);
    const secret = await addSecret(tx, ctx.secrets, { clientId: id, now, expiresAt });
    await record(tx, {
      occurredAt: now,
      type: 'client.secret-rotated',
      actor,
      clientId: id,
      detail: { previousExpiresAt, expiresAt },
    });
    await notifyClient(tx, id);
    return { client: await getClient(tx, id), secret, expiresAt, previousExpiresAt };
  });
}

/** The secret that lives longest. Not the one with the latest time of creation: two can be made in one millisecond. */
function findCurrent(secrets: readonly SecretRecord[], now: Date): SecretRecord | undefined {
  const live = secrets.filter((secret) => isLive(secret, now));
  return live.find((secret) => live.every((other) => endOf(other) <= endOf(secret)));
}

function endOf({ expiresAt }: SecretRecord): number {
  return expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
}

function earlier(a: Date | null, b: Date): Date {
  return a !== null && a < b ? a : b;
}

function hasNoSecret(): AppError {
  return new AppError('client_has_no_secret', 'This client does not authenticate with a secret.', {
    status: 409,
  });
}
