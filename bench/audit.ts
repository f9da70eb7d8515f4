/**
 * What the audit log costs and how fast it is read: events a second with and without the chain, verification, search and export of
 * a long one; on an embedded PostgreSQL of its own.
 *   npm run bench:audit -- [events]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { checkpointKeys } from '../src/audit/checkpoint-keys.ts';
import { exportEvents, exportLine, EXPORT_FORMATS } from '../src/audit/export.ts';
import { makeCheckpoint } from '../src/audit/make-checkpoint.ts';
import { searchEvents, type EventFilter } from '../src/audit/search.ts';
import { verifyChain } from '../src/audit/verify-chain.ts';
import { systemClock } from '../src/clock.ts';
import { deriveSecrets } from '../src/crypto/secrets.ts';
import { openDatabase, type Database } from '../src/db/database.ts';
import { startEmbedded } from '../src/db/embedded.ts';
import { migrate } from '../src/db/migrate.ts';
import { createLogger } from '../src/log.ts';
import { machineFacts } from './machine.ts';

const EVENTS = Number(process.argv[2] ?? 1_000_000);
const COMMITTERS = 16;
const COMMIT_SECONDS = 5;
const ROUNDS = 3;
const BATCH = 20_000;
const issuer = 'https://login.example.com';
const secrets = deriveSecrets({ secrets: { secret: ['a secret of the benchmark'] } });
const log = createLogger({ level: 'silent' });

const INSERT = `
  INSERT INTO audit_events (occurred_at, type, actor, client_id, account_id, request_id, address, detail)
  VALUES ($1, 'account.signed-in', 'account:acc_1', 'checkout', 'acc_1', 'req_1', '192.0.2.1', '{"amr":["pwd"],"device":"Firefox"}')`;

/** A month: most are sign-ins of 50 000 people from 65 000 addresses, one in a hundred looks wrong, one in 100 000 is rare. */
const FILL = `
  INSERT INTO audit_events (occurred_at, type, actor, client_id, account_id, request_id, address, detail, risk)
  SELECT timestamptz '2026-01-01Z' + n * interval '2.5 seconds',
    CASE WHEN n % 100000 = 77 THEN 'key.revoked' WHEN n % 10 = 0 THEN 'account.sign-in-failed' ELSE 'account.signed-in' END,
    CASE WHEN n % 100000 = 77 THEN 'cli' ELSE 'account:acc_' || n % 50000 END,
    'client-' || n % 20, 'acc_' || n % 50000, 'req_' || md5(n::text),
    format('10.%s.%s.%s', n % 4, n / 7 % 256, n % 251),
    jsonb_build_object('amr', jsonb_build_array('pwd', 'otp'), 'device', 'Firefox on Linux', 'n', n),
    CASE WHEN n % 100 = 0 THEN jsonb_build_object('score', n / 100 % 100, 'reasons', jsonb_build_array('new-device')) END
  FROM generate_series(?::integer, ?::integer) AS n`;

const SEARCHES: Readonly<Record<string, EventFilter>> = {
  'without a filter': {},
  'a common type': { type: 'account.' },
  'a rare type': { type: 'key.revoked' },
  'a rare kind of type': { type: 'key.' },
  'an operator': { actor: 'cli' },
  'a person': { accountId: 'acc_4711' },
  'a client': { clientId: 'client-7' },
  'a request': { requestId: 'req_c4ca4238a0b923820dcc509a6f75849b' },
  'an address': { address: '10.1.44.17' },
  'a network': { address: '10.1.44.0/24' },
  'a large network': { address: '10.1.0.0/16' },
  'a network nothing came from': { address: '192.0.2.0/24' },
  'high risk': { minRisk: 98 },
  'high risk of a person': { minRisk: 50, accountId: 'acc_700' },
  'an hour three weeks ago': {
    since: new Date('2026-01-08T00:00:00Z'),
    until: new Date('2026-01-08T01:00:00Z'),
  },
};

const dataDir = await mkdtemp(path.join(os.tmpdir(), 'guichet-bench-'));
const embedded = await startEmbedded({ dataDir, log });
const db = openDatabase({ connection: embedded.connection, poolMax: 2 * COMMITTERS + 2 });
try {
  await migrate(db);
  console.log(JSON.stringify(await machineFacts(db, dataDir, 'all'), null, 2));
  await measureCommits(db);
  await fill(db);
  await measureReading(db);
} finally {
  await db.close();
  await embedded.stop();
  await rm(dataDir, { recursive: true, force: true });
}

/** Alternating, because neighbours on the machine come and go. */
async function measureCommits({ knex, pool }: Database): Promise<void> {
  const rates: Record<string, number[]> = { ENABLE: [], DISABLE: [] };
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const state of ['ENABLE', 'DISABLE']) {
      await knex.raw(`ALTER TABLE audit_events ${state} TRIGGER audit_events_chain`);
      let commits = 0;
      const until = performance.now() + COMMIT_SECONDS * 1000;
      await Promise.all(
        Array.from({ length: COMMITTERS }, async () => {
          while (performance.now() < until) {
            await pool.query({ name: 'bench_event', text: INSERT, values: [new Date()] });
            commits += 1;
          }
        }),
      );
      rates[state]?.push(commits / COMMIT_SECONDS);
    }
  }
  const [chained = 0, bare = 0] = [rates['ENABLE'], rates['DISABLE']].map((values) => middle(values ?? []));
  console.log(
    `${COMMITTERS} committers, one event each: ${Math.round(chained)}/s chained, ${Math.round(bare)}/s without; ratio ${(chained / bare).toFixed(2)}`,
  );
  // What was written without it has no links; the log begins anew.
  await knex.raw(`SET session_replication_role = replica; TRUNCATE audit_events, audit_chain; RESET session_replication_role;
    ALTER TABLE audit_events ENABLE TRIGGER audit_events_chain`);
}

async function fill(database: Database): Promise<void> {
  const startedAt = performance.now();
  for (let done = 0; done < EVENTS; done += BATCH) {
    await database.transaction(async (tx) => {
      await tx.raw('SET LOCAL statement_timeout = 0');
      await tx.raw(FILL, [done + 1, Math.min(done + BATCH, EVENTS)]);
      await tx.raw('SET CONSTRAINTS ALL IMMEDIATE');
    });
    await makeCheckpoint(
      { db: database, clock: systemClock, config: { issuer }, secrets, log },
      { atOnce: true },
    );
  }
  await database.knex.raw('ANALYZE');
  console.log(`${EVENTS} events written in ${seconds(startedAt)} s, in transactions of ${BATCH}`);
}

async function measureReading({ pool }: Database): Promise<void> {
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const report = await verifyChain({ pool, keys: checkpointKeys(secrets), issuer });
  console.log(
    `verified ${report.events} events and ${report.checkpoints} checkpoints in ${seconds(startedAt)} s, ${report.ok ? 'whole' : JSON.stringify(report.findings[0])}; ${Math.round(process.resourceUsage().maxRSS / 1024)} MB at most`,
  );
  const { user, system } = process.cpuUsage(cpuBefore);
  console.log(
    `  processor time of it: ${((user + system) / 1e6).toFixed(1)} s beside PostgreSQL's; load average ${os.loadavg()[0]?.toFixed(1)} on ${os.cpus().length} cores`,
  );
  if (!report.ok || report.events !== EVENTS) process.exitCode = 1;
  for (const [what, filter] of Object.entries(SEARCHES)) {
    const times: number[] = [];
    let found = 0;
    for (let round = 0; round < 5; round += 1) {
      const at = performance.now();
      const page = await searchEvents(pool, filter, { limit: 100 });
      times.push(performance.now() - at);
      found = page.length;
    }
    const middleId = String(Math.floor(EVENTS / 2));
    const { rows } = await pool.query<{ at: Date }>(
      'SELECT occurred_at AS at FROM audit_events WHERE id = $1',
      [middleId],
    );
    const after = rows[0] && { at: rows[0].at, id: middleId };
    const at = performance.now();
    await searchEvents(pool, filter, { limit: 100, after });
    console.log(
      `search ${what.padEnd(28)} ${middle(times).toFixed(1).padStart(7)} ms, from the middle on ${(performance.now() - at).toFixed(1).padStart(7)} ms (${found} found)`,
    );
  }
  for (const format of EXPORT_FORMATS) {
    const at = performance.now();
    let bytes = 0;
    for await (const event of exportEvents(pool)) bytes += exportLine(event, format).length + 1;
    console.log(`exported as ${format} in ${seconds(at)} s, ${Math.round(bytes / 2 ** 20)} MB`);
  }
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function seconds(startedAt: number): string {
  return ((performance.now() - startedAt) / 1000).toFixed(1);
}
