import { z } from 'zod';

import { countEvents } from '../audit/count-events.ts';
import { countAbout } from '../db/count-about.ts';
import type { Queryable } from '../db/database.ts';
import { pendingMigrations } from '../db/migrate.ts';
import { toInstant } from '../documents/document.ts';
import { keySince } from '../documents/key.ts';
import { overviewDocument, settingDocument, settingToJson } from '../documents/overview.ts';
import { SIGNING_ALGS, type SigningKey } from '../keys/key.ts';
import { listKeys } from '../keys/store.ts';
import { countFailing } from '../mail/store.ts';
import { countIssued } from '../revocation/count-issued.ts';
import { idleSince } from '../sessions/session.ts';
import type { AdminContext } from './context.ts';
import { operation } from './define.ts';
import type { Operation } from './operation.ts';

const READ = 'admin:settings:read';

type Overview = z.output<typeof overviewDocument>;

export const listSettingsOperation = operation({
  id: 'settings.list',
  method: 'GET',
  path: '/settings',
  scope: READ,
  summary: 'What this server is configured with; of secrets only whether they are set',
  answer: z.strictObject({ settings: z.array(settingDocument) }),
  run: async ({ config }) => ({ settings: config.settings.map(settingToJson) }),
});

export const showOverviewOperation = operation({
  id: 'settings.overview',
  method: 'GET',
  path: '/overview',
  scope: READ,
  summary: 'What goes on: tokens, sign-ins and revocations of the last hour, keys, counts, health',
  answer: overviewDocument,
  async run(context) {
    const { db, clock } = context;
    const now = clock.now();
    const [minutes, keysAndHealth, counts] = await Promise.all([
      minutesOf(db.knex, now),
      keysAndHealthOf(context, now),
      countsOf(context, now),
    ]);
    return { at: toInstant(now), minutes, ...keysAndHealth, counts };
  },
});

export const settingOperations: readonly Operation[] = [listSettingsOperation, showOverviewOperation];

const MINUTES = 60;
const MINUTE_MS = 60_000;

/** Which events a figure counts. */
const FIGURES = {
  sign_ins: ['account.signed-in'],
  sign_in_failures: ['account.sign-in-failed', 'second-factor.failed'],
  revocations: ['revoked'],
} as const;

async function minutesOf(db: Queryable, now: Date): Promise<Overview['minutes']> {
  const last = Math.floor(now.getTime() / MINUTE_MS) * MINUTE_MS;
  const starts = Array.from({ length: MINUTES }, (_, index) => last - (MINUTES - 1 - index) * MINUTE_MS);
  const from = new Date(starts[0] ?? last);
  const issued = new Map((await countIssued(db, from)).map(({ at, count }) => [at.getTime(), count]));
  const events = await countEvents(db, { types: Object.values(FIGURES).flat(), from });
  const figure = (start: number, types: readonly string[]) =>
    events
      .filter(({ at, type }) => at.getTime() === start && types.includes(type))
      .reduce((sum, { count }) => sum + count, 0);
  return starts.map((start) => ({
    at: toInstant(new Date(start)),
    tokens_issued: issued.get(start) ?? 0,
    sign_ins: figure(start, FIGURES.sign_ins),
    sign_in_failures: figure(start, FIGURES.sign_in_failures),
    revocations: figure(start, FIGURES.revocations),
  }));
}

async function countsOf({ db: { knex }, config }: AdminContext, now: Date): Promise<Overview['counts']> {
  const sessions = knex('sessions')
    .whereNull('ended_at')
    .whereNotNull('account_id')
    .where('expires_at', '>', now)
    .where('last_used_at', '>', idleSince(now, config.sessions.idleSeconds));
  const tokens = knex('tokens').whereNull('revoked_at').where('expires_at', '>', now);
  const about = async (rows: Parameters<typeof countAbout>[1]) => {
    const { count, isExact } = await countAbout(knex, rows);
    return { count, is_exact: isExact };
  };
  return {
    clients: await about(knex('clients')),
    users: await about(knex('accounts')),
    sessions: await about(sessions),
    live_tokens: await about(tokens),
  };
}

async function keysAndHealthOf({ db }: AdminContext, now: Date): Promise<Pick<Overview, 'keys' | 'health'>> {
  const keys = (await listKeys(db.knex)).filter(({ state }) => state !== 'revoked');
  const began = performance.now();
  await db.knex.raw('SELECT 1');
  const milliseconds = Math.round((performance.now() - began) * 100) / 100;
  return {
    keys: keys.map((key) => toKey(key, now)),
    health: {
      database_milliseconds: milliseconds,
      pending_migrations: await pendingMigrations(db),
      algs_without_key: SIGNING_ALGS.filter(
        (alg) => !keys.some((key) => key.alg === alg && key.state === 'active'),
      ),
      failing_mails: await countFailing(db.knex),
    },
  };
}

function toKey(key: SigningKey, now: Date): Overview['keys'][number] {
  const since = keySince(key);
  const age = Math.max(0, Math.floor((now.getTime() - since.getTime()) / 1000));
  return { kid: key.kid, alg: key.alg, state: key.state, since: toInstant(since), age_seconds: age };
}
