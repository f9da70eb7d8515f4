import { setTimeout as pause } from 'node:timers/promises';

import { DECISION_KEEP_SECONDS, DECISIONS_MAX } from '../decisions/decision.ts';
import { deleteOverflow } from '../decisions/store.ts';
import { ACCESS_TOKEN_TTL_SECONDS_MAX } from '../keys/key.ts';
import { deleteMessages } from '../mail/store.ts';
import type { JobContext } from './job.ts';
import { deleteDue, deleteEndedArtifacts } from './store.ts';

/** A table whose rows die, and how long a dead row stays. */
export interface Pruned {
  readonly table: string;
  /** SQL of the moment from which on nobody needs the row, but for `keepSeconds`. */
  readonly deadAt: string;
  readonly keepSeconds: number;
  readonly everySeconds: number;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Clocks of processes and clients differ; NTP keeps them well within this. */
const SKEW_SECONDS = 5 * MINUTE;

/** A token refers to its session and grant: a tombstone must outlive the last token that asks for it. */
const TOMBSTONE_SECONDS = ACCESS_TOKEN_TTL_SECONDS_MAX + HOUR;

export const PRUNED: readonly Pruned[] = [
  // The library answers "expired" and "unknown" differently, and a pushed request must outlive the sign-in it led to.
  { table: 'artifacts', deadAt: 'expires_at', keepSeconds: HOUR, everySeconds: MINUTE },
  // Forgetting a jti too early would let a proof be used twice by whoever has a slow clock.
  { table: 'replays', deadAt: 'expires_at', keepSeconds: SKEW_SECONDS, everySeconds: MINUTE },
  // As with replays: a process whose clock is behind must not see an assertion anew.
  { table: 'saml_assertions', deadAt: 'expires_at', keepSeconds: SKEW_SECONDS, everySeconds: 5 * MINUTE },
  { table: 'refresh_answers', deadAt: 'expires_at', keepSeconds: SKEW_SECONDS, everySeconds: MINUTE },
  { table: 'throttles', deadAt: 'expires_at', keepSeconds: SKEW_SECONDS, everySeconds: MINUTE },
  { table: 'account_links', deadAt: 'expires_at', keepSeconds: SKEW_SECONDS, everySeconds: 5 * MINUTE },
  { table: 'grants', deadAt: 'expires_at', keepSeconds: TOMBSTONE_SECONDS, everySeconds: 5 * MINUTE },
  { table: 'upstream_requests', deadAt: 'expires_at', keepSeconds: SKEW_SECONDS, everySeconds: 5 * MINUTE },
  { table: 'sign_ins', deadAt: 'expires_at', keepSeconds: SKEW_SECONDS, everySeconds: 5 * MINUTE },
  { table: 'totps', deadAt: 'expires_at', keepSeconds: SKEW_SECONDS, everySeconds: HOUR },
  { table: 'recovery_drafts', deadAt: 'expires_at', keepSeconds: SKEW_SECONDS, everySeconds: HOUR },
  { table: 'passkey_challenges', deadAt: 'expires_at', keepSeconds: SKEW_SECONDS, everySeconds: MINUTE },
  { table: 'factor_guesses', deadAt: 'expires_at', keepSeconds: SKEW_SECONDS, everySeconds: HOUR },
  { table: 'remembered_devices', deadAt: 'expires_at', keepSeconds: SKEW_SECONDS, everySeconds: HOUR },
  // Its ids and clients go with a session (ON DELETE CASCADE).
  { table: 'sessions', deadAt: 'expires_at', keepSeconds: TOMBSTONE_SECONDS, everySeconds: 5 * MINUTE },
  // Its changes go with a status list (ON DELETE CASCADE). No token in it is alive, and no clock is so far behind.
  { table: 'status_lists', deadAt: 'expires_at', keepSeconds: SKEW_SECONDS, everySeconds: 5 * MINUTE },
  // No index serves the last two: they are read whole, so rarely. A replaced cookie is good for seconds only.
  { table: 'session_ids', deadAt: 'replaced_at', keepSeconds: HOUR, everySeconds: HOUR },
  { table: 'idempotency_keys', deadAt: 'created_at', keepSeconds: DAY, everySeconds: HOUR },
  // A week to find out why an application was not told.
  {
    table: 'logout_deliveries',
    deadAt: 'coalesce(delivered_at, abandoned_at)',
    keepSeconds: 7 * DAY,
    everySeconds: HOUR,
  },
  { table: 'decisions', deadAt: 'decided_at', keepSeconds: DECISION_KEEP_SECONDS, everySeconds: 5 * MINUTE },
  // For as long as somebody may ask why they were shut out. The table is small, and no index serves it.
  {
    table: 'address_blocks',
    deadAt: 'coalesce(lifted_at, expires_at)',
    keepSeconds: 30 * DAY,
    everySeconds: HOUR,
  },
  // Long enough to find out why somebody got no mail. By then it is sent or given up.
  { table: 'mails', deadAt: 'created_at', keepSeconds: 30 * DAY, everySeconds: HOUR },
];

/** Ten milliseconds of work: short enough for anybody who waits behind it, for a row or for the disk. */
const BATCH_ROWS = 1000;
/** Each has a few artifacts at most. */
const BATCH_GRANTS = 500;
/** Room for others between two batches; still about a million rows a minute. */
const PAUSE_MS = 50;

/** Deletes what is dead, batch by batch, passing over rows that somebody holds. */
export async function prune(ctx: JobContext, pruned: Omit<Pruned, 'everySeconds'>): Promise<void> {
  const { table, deadAt, keepSeconds } = pruned;
  const before = new Date(ctx.clock.now().getTime() - keepSeconds * 1000);
  const batch = { table, deadAt, before, limit: BATCH_ROWS };
  let total = 0;
  for (;;) {
    const deleted = await deleteDue(ctx.db.knex, batch);
    total += deleted;
    if (deleted < BATCH_ROWS || ctx.signal.aborted) break;
    await pause(PAUSE_MS);
  }
  if (total > 0) ctx.log.debug({ table, rows: total }, 'pruned');
}

/** Sessions that nobody used for so long that nobody finds them any more. No index serves it: read whole, so rarely. */
export function pruneIdleSessions(ctx: JobContext): Promise<void> {
  const keepSeconds = ctx.config.sessions.idleSeconds + TOMBSTONE_SECONDS;
  return prune(ctx, { table: 'sessions', deadAt: 'last_used_at', keepSeconds });
}

/** What hangs on grants that have ended together with very many others, as when a client is revoked. It is dead already. */
export async function pruneEnded({ db, log, signal }: JobContext): Promise<void> {
  let total = 0;
  let after: string | undefined = '';
  while (after !== undefined) {
    const batch = await deleteEndedArtifacts(db.knex, { after, limit: BATCH_GRANTS });
    total += batch.deleted;
    after = signal.aborted ? undefined : batch.last;
    if (after !== undefined && batch.deleted > 0) await pause(PAUSE_MS);
  }
  if (total > 0) log.debug({ table: 'artifacts', rows: total }, 'pruned');
}

/** A day is enough to read a mail of the development outbox; the links in it have expired. */
const MESSAGE_KEEP_SECONDS = DAY;

/** What mails said, while the mails themselves stay on the list. */
export async function pruneMessages({ db, clock, log }: JobContext): Promise<void> {
  const before = new Date(clock.now().getTime() - MESSAGE_KEEP_SECONDS * 1000);
  const rows = await deleteMessages(db.knex, before);
  if (rows > 0) log.debug({ table: 'mails', rows }, 'messages pruned');
}

/** Explanations beyond what there is room for: somebody sends more nonsense than a day's worth. */
export async function pruneDecisions({ db, log }: JobContext): Promise<void> {
  const rows = await deleteOverflow(db.pool, DECISIONS_MAX);
  if (rows > 0) log.warn({ rows }, 'explanations were dropped before their time: there were too many');
}
