/**
 * How long the admin API takes for a page of each long list, its first, one in the middle, and searches with and without a hit, and
 * for the overview: one reader alone, then as many at once as are asked for. On an embedded PostgreSQL of its own.
 *   npm run bench:lists -- [rows] [readers]
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { adminAudience } from '../src/admin/paths.ts';
import { ADMIN_SCOPES } from '../src/admin/scopes.ts';
import { createClient } from '../src/clients/create-client.ts';
import { systemClock } from '../src/clock.ts';
import { loadConfig } from '../src/config/load.ts';
import { openDatabase, type Database } from '../src/db/database.ts';
import { startEmbedded } from '../src/db/embedded.ts';
import { migrate } from '../src/db/migrate.ts';
import { deriveSecrets } from '../src/crypto/secrets.ts';
import { createLogger } from '../src/log.ts';
import { toCursor } from '../src/documents/page.ts';
import { ADMIN_API_ID } from '../src/resources/built-in.ts';
import { assignRole } from '../src/roles/assign-role.ts';
import { findRoleByName } from '../src/roles/store.ts';
import { MACHINE } from './seed.ts';
import { freePort, startProcess } from './server-process.ts';

const ROWS = Number(process.argv[2] ?? 100_000);
const READERS = Number(process.argv[3] ?? 4);
const ROUNDS = 15;
/** What the lists promise. */
const BOUND_MS = 200;
const BATCH = 20_000;

const SERIES = 'generate_series(:first::integer, :last::integer) AS n';
const AGO = `date_trunc('milliseconds', now() - n * interval '50 milliseconds')`;
const FILL = [
  `INSERT INTO clients (id, metadata, origin, created_at, updated_at)
   SELECT 'client-' || n || '-x', jsonb_build_object('client_name', 'Program ' || n, 'grant_types', jsonb_build_array('client_credentials'),
     'token_endpoint_auth_method', 'client_secret_basic', 'redirect_uris', '[]'::jsonb, 'response_types', '[]'::jsonb),
     'operator', ${AGO}, ${AGO} FROM ${SERIES}`,
  `INSERT INTO accounts (id, username, email, email_verified, profile, created_at, updated_at)
   SELECT 'acc_' || n, 'person' || n || 'x', 'person' || n || '@example.org', true, jsonb_build_object('name', 'Person ' || n),
     ${AGO}, ${AGO} FROM ${SERIES}`,
  `INSERT INTO sessions (uid, account_id, payload, created_at, expires_at, last_used_at, user_agent, address)
   SELECT md5('s' || n), 'acc_' || n, '\\x00', ${AGO}, now() + interval '1 day', now(), 'Mozilla/5.0 (X11; Linux x86_64)', '10.0.0.1'
   FROM ${SERIES}`,
  `INSERT INTO session_clients (session_uid, client_id, sid, joined_at)
   SELECT md5('s' || n), 'client-' || n % 1000 || '-x', md5('d' || n), ${AGO} FROM ${SERIES}`,
  `INSERT INTO grants (id, account_id, client_id, payload, created_at, expires_at)
   SELECT md5('g' || n), 'acc_' || n, 'client-' || n % 1000 || '-x', '{"openid":{"scope":"openid"}}', ${AGO}, now() + interval '14 days'
   FROM ${SERIES}`,
  `INSERT INTO tokens (jti, client_id, api_id, grant_id, session_uid, account_id, kid, issued_at, expires_at, revoked_at)
   SELECT sha256(convert_to('t' || n, 'UTF8')), 'client-' || n % 1000 || '-x', '${ADMIN_API_ID}', md5('g' || n), md5('s' || n),
     'acc_' || n, 'kid', ${AGO}, now() + interval '30 minutes', CASE WHEN n % 20 = 0 THEN now() END FROM ${SERIES}`,
  `INSERT INTO audit_events (occurred_at, type, actor, client_id, account_id, request_id, address, detail, risk)
   SELECT ${AGO}, CASE WHEN n % 50000 = 77 THEN 'key.revoked' WHEN n % 10 = 0 THEN 'account.sign-in-failed'
       WHEN n % 10 = 1 THEN 'revoked' ELSE 'account.signed-in' END,
     'account:acc_' || n, 'client-' || n % 1000 || '-x', 'acc_' || n, 'req_' || md5(n::text),
     format('10.%s.%s.%s', n % 4, n / 7 % 256, n % 251), jsonb_build_object('amr', jsonb_build_array('pwd'), 'tokens', 1),
     CASE WHEN n % 100 = 0 THEN jsonb_build_object('score', n / 100 % 100, 'reasons', jsonb_build_array('new-device')) END
   FROM ${SERIES}`,
];

const dataDir = await mkdtemp(path.join(os.tmpdir(), 'guichet-bench-'));
const embedded = await startEmbedded({ dataDir, log: createLogger({ level: 'silent' }) });
const db = openDatabase({ connection: embedded.connection, applicationName: 'guichet bench' });
await migrate(db);
const port = await freePort();
const env = {
  GUICHET_DATABASE_URL: urlOf(embedded.connection),
  GUICHET_PORT: String(port),
  GUICHET_ISSUER: `http://localhost:${port}`,
  GUICHET_SECRET: randomBytes(48).toString('base64url'),
  GUICHET_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  GUICHET_LOG_LEVEL: 'error',
};
const readyUrl = `${env.GUICHET_ISSUER}/readyz`;
const server = await startProcess({ prefix: [], args: ['src/main.ts'], env, readyUrl });
try {
  await fill(db);
  const token = await operatorToken();
  const requests = await requestsOf(db);
  const [load] = os.loadavg();
  console.log(`${ROWS} rows of each; load average ${load?.toFixed(1)} on ${os.cpus().length} cores`);
  console.log(`${'milliseconds'.padEnd(46)}   alone: median    most   ${READERS} at once: median    most`);
  for (const [what, request] of requests) {
    const alone = await measure(request, token, 1);
    const together = await measure(request, token, READERS);
    const isLate = middle(alone) > BOUND_MS;
    if (isLate) process.exitCode = 1;
    console.log(
      `${what.padEnd(46)} ${columns(alone)}            ${columns(together)}${isLate ? '  TOO SLOW' : ''}`,
    );
  }
} finally {
  await server.stop();
  await db.close();
  await embedded.stop();
  await rm(dataDir, { recursive: true, force: true });
}

/** In the middle of what is there by time, and a search of every kind. */
async function requestsOf({ knex }: Database): Promise<(readonly [string, string])[]> {
  const middleOf = async (table: string, at: string, id: string) => {
    const [row] = await knex(table)
      .select<{ at: Date; id: string }[]>({ at, id })
      .orderBy([at, id])
      .offset(ROWS / 2)
      .limit(1);
    if (!row) throw new Error(`${table} is empty`);
    return toCursor({ at: row.at, id: row.id });
  };
  const token = await knex('tokens')
    .select<{ at: Date; id: Buffer }[]>({ at: 'issued_at', id: 'jti' })
    .orderBy('issued_at')
    .offset(ROWS / 2)
    .limit(1);
  const tokenPlace = token[0] && toCursor({ at: token[0].at, id: token[0].id.toString('hex') });
  return [
    ['clients, first page', '/clients?limit=200'],
    ['clients, from the middle', `/clients?limit=200&after=${await middleOf('clients', 'created_at', 'id')}`],
    ['clients, search that finds many', '/clients?search=Program'],
    ['clients, search that finds one', `/clients?search=client-${ROWS - 1}-x`],
    ['clients, search that finds nothing', '/clients?search=nobody-has-this'],
    ['users, first page', '/users?limit=200'],
    ['users, from the middle', `/users?limit=200&after=${await middleOf('accounts', 'created_at', 'id')}`],
    ['users, search that finds many', '/users?search=person'],
    ['users, search that finds one', `/users?search=person${ROWS - 1}x`],
    ['users, search that finds nothing', '/users?search=nobody-has-this'],
    ['users, search of two letters, nothing', '/users?search=zq'],
    ['sessions, first page', '/sessions?limit=200'],
    [
      'sessions, from the middle',
      `/sessions?limit=200&after=${await middleOf('sessions', 'created_at', 'uid')}`,
    ],
    ['sessions of a person', '/sessions?account_id=acc_4711'],
    ['sessions with a client', '/sessions?client_id=client-7-x'],
    ['grants, first page', '/grants?limit=200'],
    ['grants of a client', '/grants?client_id=client-7-x'],
    ['tokens, first page', '/tokens?limit=200'],
    ['tokens, from the middle', `/tokens?limit=200&after=${tokenPlace}`],
    ['tokens of a person', '/tokens?account_id=acc_4711'],
    ['tokens of a client', '/tokens?client_id=client-7-x'],
    ['tokens that are revoked', '/tokens?state=revoked'],
    ['tokens, nothing found', '/tokens?client_id=client-7-x&state=expired'],
    ['events, first page', '/events?limit=200'],
    [
      'events, from the middle',
      `/events?limit=200&after=${await middleOf('audit_events', 'occurred_at', 'id')}`,
    ],
    ['events of a person', '/events?account_id=acc_4711'],
    ['events of a rare type', '/events?type=key.revoked'],
    ['events, nothing found', '/events?type=no.such'],
    ['events of a network', '/events?address=10.1.44.0/24'],
    ['overview', '/overview'],
  ];
}

async function measure(request: string, token: string, readers: number): Promise<number[]> {
  const times: number[] = [];
  await Promise.all(
    Array.from({ length: readers }, async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const at = performance.now();
        const answer = await fetch(`${env.GUICHET_ISSUER}/admin/v1${request}`, {
          headers: { authorization: `Bearer ${token}` },
        });
        const text = await answer.text();
        times.push(performance.now() - at);
        if (answer.status !== 200) throw new Error(`${request}: ${answer.status} ${text}`);
      }
    }),
  );
  return times;
}

/** By client credentials of a machine client with the role `owner`. */
async function operatorToken(): Promise<string> {
  const config = loadConfig(env);
  const ctx = { db, config, clock: systemClock, secrets: deriveSecrets(config) };
  const audience = adminAudience(config);
  const scopes = ADMIN_SCOPES.map(({ name }) => name);
  const { client, secret = '' } = await createClient(ctx, {
    metadata: MACHINE,
    apis: [{ audience, scopes }],
    actor: 'cli',
  });
  const role = await findRoleByName(db.knex, { apiId: ADMIN_API_ID, name: 'owner' });
  await assignRole(ctx, { roleId: role?.id ?? '', subject: { clientId: client.id }, actor: 'cli' });
  const answer = await fetch(`${env.GUICHET_ISSUER}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${client.id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      resource: audience,
      scope: scopes.join(' '),
    }),
  });
  const { access_token: token } = (await answer.json()) as { access_token?: string };
  if (token === undefined) throw new Error(`no token: ${answer.status}`);
  return token;
}

/** As a server has it that was busy for hours: everything is spread over the last hours and alive, one token in twenty revoked. */
async function fill(database: Database): Promise<void> {
  const at = performance.now();
  for (const statement of FILL) {
    for (let done = 0; done < ROWS; done += BATCH) {
      await database.transaction(async (tx) => {
        await tx.raw('SET LOCAL statement_timeout = 0');
        await tx.raw(statement, { first: done, last: Math.min(done + BATCH, ROWS) - 1 });
        await tx.raw('SET CONSTRAINTS ALL IMMEDIATE');
      });
    }
  }
  const client = await database.pool.connect();
  await client.query('SET statement_timeout = 0');
  await client.query('VACUUM ANALYZE');
  client.release(true);
  console.log(`filled in ${((performance.now() - at) / 1000).toFixed(0)} s`);
}

function columns(times: readonly number[]): string {
  return [middle(times), Math.max(...times)].map((time) => time.toFixed(1).padStart(8)).join('');
}

function middle(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}

function urlOf({ host, port: at, user, password, database }: typeof embedded.connection): string {
  const who = `${encodeURIComponent(user)}:${encodeURIComponent(password)}`;
  if (!host.startsWith('/')) return `postgres://${who}@${host}:${at}/${database}`;
  return `postgres://${who}@/${database}?${new URLSearchParams({ host, port: String(at) }).toString()}`;
}
