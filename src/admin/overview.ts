import { z } from 'zod';

import { pendingMigrations } from '../db/migrate.ts';
import { instant, toInstant } from '../documents/document.ts';
import { keyDocument, keyToJson } from '../documents/key.ts';
import { findActive, SIGNING_ALGS } from '../keys/key.ts';
import { listKeys } from '../keys/store.ts';
import type { AdminContext } from './context.ts';
import { operation } from './define.ts';
import type { Operation } from './operation.ts';
import { COUNT_MAX, countAll, countEvents, countOverdue, countTokensByMinute } from './overview-store.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** What is sent by itself leaves within seconds; after this, something keeps it. */
const OVERDUE_MS = 10 * MINUTE_MS;

const number = z.int().min(0);
const total = number.max(COUNT_MAX).describe(`At most ${COUNT_MAX}: so many or more`);

export const overviewDocument = z.strictObject({
  at: instant,
  totals: z.strictObject({
    clients: total,
    apis: total,
    users: total,
    sessions: total.describe('Alive'),
    tokens: total.describe('Access tokens that are alive'),
  }),
  tokens_per_minute: z.array(z.strictObject({ at: instant, issued: number })).describe('The last hour'),
  sign_ins_per_hour: z
    .array(z.strictObject({ at: instant, signed_in: number, failed: number }))
    .describe('The last day'),
  revocations_per_minute: z
    .array(z.strictObject({ at: instant, revocations: number, tokens: number }))
    .describe('The last hour'),
  keys: z.array(keyDocument),
  overdue: z.strictObject({
    mails: number.describe('Not sent ten minutes after they were due'),
    logouts: number.describe('Sign-outs that an application was not told of in ten minutes'),
  }),
  health: z.strictObject({
    pending_migrations: z.array(z.string()),
    algs_without_key: z.array(z.enum(SIGNING_ALGS)).describe('Nothing can be signed with these'),
  }),
});

export type OverviewDocument = z.output<typeof overviewDocument>;

export const overviewOperation = operation({
  id: 'overview',
  command: 'overview',
  method: 'GET',
  path: '/overview',
  scope: 'admin:audit:read',
  summary: 'How much there is of everything, and what was issued, refused and revoked lately',
  answer: overviewDocument,
  run: readOverview,
});

export const overviewOperations: readonly Operation[] = [overviewOperation];

export async function readOverview({
  db,
  clock,
}: Pick<AdminContext, 'db' | 'clock'>): Promise<OverviewDocument> {
  const now = clock.now();
  const minutes = steps(now, MINUTE_MS, 60);
  const hours = steps(now, HOUR_MS, 24);
  const [minute = now] = minutes;
  const [hour = now] = hours;
  const [totals, tokens, signIns, revocations, keys, overdue, pending] = await Promise.all([
    countAll(db.knex, now),
    countTokensByMinute(db.knex, minute),
    countEvents(db.knex, { since: hour, types: SIGN_INS, step: 'hour' }),
    countEvents(db.knex, { since: minute, types: ['revoked'], step: 'minute' }),
    listKeys(db.knex),
    countOverdue(db.knex, new Date(now.getTime() - OVERDUE_MS)),
    pendingMigrations(db),
  ]);
  return {
    at: toInstant(now),
    totals: { ...totals },
    tokens_per_minute: minutes.map((at) => ({
      at: toInstant(at),
      issued: tokens.find((one) => isSame(one.at, at))?.count ?? 0,
    })),
    sign_ins_per_hour: hours.map((at) => {
      const here = signIns.filter((one) => isSame(one.at, at));
      const of = (wanted: boolean) =>
        here
          .filter(({ type }) => (type === 'account.signed-in') === wanted)
          .reduce((sum, { count }) => sum + count, 0);
      return { at: toInstant(at), signed_in: of(true), failed: of(false) };
    }),
    revocations_per_minute: minutes.map((at) => {
      const here = revocations.find((one) => isSame(one.at, at));
      return { at: toInstant(at), revocations: here?.count ?? 0, tokens: here?.tokens ?? 0 };
    }),
    keys: keys.map(keyToJson),
    overdue,
    health: {
      pending_migrations: pending,
      algs_without_key: SIGNING_ALGS.filter((alg) => findActive(keys, alg) === undefined),
    },
  };
}

const SIGN_INS = ['account.signed-in', 'account.sign-in-failed', 'second-factor.failed'];

/** The beginnings of the last steps, oldest first; the one that goes on is the last. */
function steps(now: Date, lengthMs: number, count: number): Date[] {
  const last = Math.floor(now.getTime() / lengthMs) * lengthMs;
  return Array.from({ length: count }, (_, index) => new Date(last - (count - 1 - index) * lengthMs));
}

function isSame(one: Date, other: Date): boolean {
  return one.getTime() === other.getTime();
}
