import type { Knex } from 'knex';

import { record, type Actor } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import { notify } from '../db/listen.ts';
import { LOGOUT_CHANNEL } from '../sessions/logout-store.ts';
import { LEDGER_LOCK } from './issue.ts';
import {
  deleteGrantArtifacts,
  endGrants,
  endSessionTokens,
  endSessions,
  endTokens,
  enqueueLogouts,
} from './store.ts';
import type { RevokeTarget } from './token.ts';

export interface Revoked {
  /** JWT access tokens that were alive and no longer are. */
  readonly tokens: number;
}

/**
 * Ends whatever the target names, with everything that hangs on it, and records the event: one transaction. When it
 * returns, introspection, userinfo, refresh and sign-in of every process refuse what has ended (RFC 7009 §2.1).
 */
export function revoke(
  ctx: { readonly db: Database; readonly clock: Clock },
  target: RevokeTarget,
  actor: Actor,
): Promise<Revoked> {
  return ctx.db.transaction((tx) => revokeWithin(tx, ctx.clock, target, actor));
}

/** The same, inside the transaction of a verb that changes more (disabling a client, say). Call it last. */
export async function revokeWithin(
  tx: Knex.Transaction,
  clock: Clock,
  target: RevokeTarget,
  actor: Actor,
): Promise<Revoked> {
  const now = clock.now();
  const grants = await endGrants(tx, target, now);
  const sessions = await endSessions(tx, target, now);
  let tokens = await endTokensOf(tx, target, sessions, now);
  // Whoever ended it first has ended all of it, or we would still wait for their row. A replayed code comes here many times.
  if (endsForGood(target) && grants + sessions.length + tokens === 0) return { tokens: 0 };
  await enqueueLogouts(tx, sessions, now);

  // Processes issue under the shared side of this lock. Waiting for it alone lets the ones in flight finish; what they
  // wrote is found by the second pass, and whoever comes later sees the rows ended above. The slow pass is done by then,
  // so that issuance waits for milliseconds only.
  await tx.raw('SELECT pg_advisory_xact_lock(?)', [LEDGER_LOCK]);
  tokens += await endTokensOf(tx, target, sessions, now);
  // Not before: who issues holds the lock while it waits for the row it spends, so holding that row here would be a deadlock.
  await deleteGrantArtifacts(tx, target);

  await record(tx, { occurredAt: now, type: 'revoked', actor, detail: { ...describe(target), tokens } });
  if (sessions.length > 0) await notify(tx, LOGOUT_CHANNEL, '');
  return { tokens };
}

/** Ended once and for all; the rest may have come to new tokens since it was last revoked. */
function endsForGood(target: RevokeTarget): boolean {
  return 'jti' in target || 'grant' in target || 'session' in target;
}

async function endTokensOf(
  tx: Knex.Transaction,
  target: RevokeTarget,
  sessions: readonly string[],
  now: Date,
): Promise<number> {
  return (await endTokens(tx, target, now)) + (await endSessionTokens(tx, sessions, now));
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
