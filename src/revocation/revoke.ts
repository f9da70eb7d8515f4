import type { Knex } from 'knex';

import { record, type Actor } from '../audit/record.ts';
import { deleteProgressOf } from '../authenticators/progress-store.ts';
import { forgetDevices } from '../authenticators/remembered-device-store.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import { notify } from '../db/listen.ts';
import { isDeadlock } from '../db/violation.ts';
import { LOGOUT_CHANNEL } from '../sessions/logout-store.ts';
import { endLatecomers, endSessionTokens, endTokens, together, type EndedTokens } from './end-tokens.ts';
import { LEDGER_LOCK } from './issue.ts';
import { insertStatusChanges } from './status-store.ts';
import { deleteGrantArtifacts, endGrants, endSessions, enqueueLogouts } from './store.ts';
import type { RevokeTarget } from './token.ts';

export interface RevocationContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly config: Pick<Config, 'statusLists'>;
}

export interface Revoked {
  /** JWT access tokens that were alive and no longer are. */
  readonly tokens: number;
  /**
   * By then every verifier refuses them, those included that read status lists only and read one just before. Verifiers that
   * follow the stream do within a second; introspection, userinfo, refresh and `/verify` of this server do at once.
   */
  readonly knownBy: Date;
}

/**
 * Ends whatever the target names, with everything that hangs on it, and records the event: one transaction. When it
 * returns, introspection, userinfo, refresh and sign-in of every process refuse what has ended (RFC 7009 §2.1).
 */
export function revoke(ctx: RevocationContext, target: RevokeTarget, actor: Actor): Promise<Revoked> {
  return revoking(ctx, (tx) => revokeWithin(tx, ctx, target, actor));
}

/** Deadlocks cannot be ruled out between revocations that meet at the same tokens; a victim is simply run again. */
const ATTEMPTS = 4;

/** The transaction of a verb that ends something. `work` may run more than once. */
export async function revoking<T>(
  { db }: Pick<RevocationContext, 'db'>,
  work: (tx: Knex.Transaction) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction(work);
    } catch (error) {
      if (attempt === ATTEMPTS || !isDeadlock(error)) throw error;
    }
  }
}

/** The same, inside the transaction of a verb that changes more (disabling a client, say). Call it last. */
export async function revokeWithin(
  tx: Knex.Transaction,
  { clock, config }: Omit<RevocationContext, 'db'>,
  target: RevokeTarget,
  actor: Actor,
): Promise<Revoked> {
  const now = clock.now();
  // First: a session that begins meanwhile waits for this and is not begun, or has begun and is found below.
  if ('account' in target) await deleteProgressOf(tx, target.account);
  const grants = await endGrants(tx, target, now);
  const sessions = await endSessions(tx, target, now);
  // Whoever ends everything of a person does not spare a device the second factor either.
  if ('account' in target) await forgetDevices(tx, target.account);
  // `issuedBefore` names the tokens of its sessions by itself; there may be very many.
  const ended = 'issuedBefore' in target ? [] : sessions;
  const atFirst = together([...(await endTokens(tx, target, now)), await endSessionTokens(tx, ended, now)]);
  const knownBy = () => new Date(clock.now().getTime() + (config.statusLists.ttlSeconds + 1) * 1000);
  // Whoever ended it first has ended all of it, or we would still wait for their row. A replayed code comes here many times.
  if (endsForGood(target) && grants + sessions.length + atFirst.tokens + atFirst.indexes.size === 0) {
    return { tokens: 0, knownBy: knownBy() };
  }
  await enqueueLogouts(tx, sessions, now);

  // Processes issue under the shared side of this lock. Waiting for it alone lets the ones in flight finish; what they
  // wrote is found by the second look, and whoever comes later sees the rows ended above. The slow look is done by then,
  // so that issuance waits for milliseconds only.
  await tx.raw('SELECT pg_advisory_xact_lock(?)', [LEDGER_LOCK]);
  const all = together([atFirst, await secondLook(tx, target, ended, now)]);
  await insertStatusChanges(tx, all.indexes, clock.now());
  // Not before: who issues holds the lock while it waits for the row it spends, so holding that row here would be a deadlock.
  await deleteGrantArtifacts(tx, target);

  const { tokens } = all;
  await record(tx, { occurredAt: now, type: 'revoked', actor, detail: { ...describe(target), tokens } });
  if (sessions.length > 0) await notify(tx, LOGOUT_CHANNEL, '');
  return { tokens, knownBy: knownBy() };
}

async function secondLook(
  tx: Knex.Transaction,
  target: RevokeTarget,
  sessions: readonly string[],
  now: Date,
): Promise<EndedTokens> {
  return together([await endLatecomers(tx, target, now), await endSessionTokens(tx, sessions, now)]);
}

/** Ended once and for all; the rest may have come to new tokens since it was last revoked. */
function endsForGood(target: RevokeTarget): boolean {
  return (
    'jti' in target || 'digest' in target || 'grant' in target || 'session' in target || 'consentOf' in target
  );
}

/** For the audit log. A `jti` identifies a token without being one. */
function describe(target: RevokeTarget): Record<string, string> {
  return Object.fromEntries(
    Object.entries(target).map(([kind, value]: [string, string | Date]) => [
      kind,
      value instanceof Date ? value.toISOString() : value,
    ]),
  );
}
