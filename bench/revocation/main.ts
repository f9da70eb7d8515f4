/**
 * `npm run bench:revocation`: what revoking costs. A server on a core of its own and a durable PostgreSQL: a thousand open
 * streams, and how long a revocation takes to reach them; then, with a million live tokens, a client with very many of them
 * revoked while others are issued, and a list of a million fetched after a change.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { createClient } from '../../src/clients/create-client.ts';
import { systemClock } from '../../src/clock.ts';
import { loadConfig } from '../../src/config/load.ts';
import { deriveSecrets } from '../../src/crypto/secrets.ts';
import { openDatabase, type Database } from '../../src/db/database.ts';
import { startEmbedded } from '../../src/db/embedded.ts';
import { createLogger } from '../../src/log.ts';
import { findApiByAudience } from '../../src/resources/store.ts';
import { createCleanup, type Cleanup } from '../cleanup.ts';
import { divideCores } from '../cores.ts';
import { machineFacts } from '../machine.ts';
import { machineLines } from '../report.ts';
import { AUDIENCE, API_SCOPES, MACHINE, seed } from '../seed.ts';
import { startGuichet, type Target } from '../targets.ts';
import { fillLedger } from './ledger-fill.ts';
import { measureListCost } from './list-cost.ts';
import { measureMassRevocation } from './mass-revocation.ts';
import { measureStreams } from './streams.ts';

/** What every measurement works with. */
export interface Ground {
  readonly target: Target;
  readonly db: Database;
  readonly config: ReturnType<typeof loadConfig>;
  /** A client with `BULK_TOKENS` live tokens. */
  readonly bulkClientId: string;
}

const LIVE_TOKENS = 1_000_000;
export const BULK_TOKENS = 100_000;

async function bench(cleanup: Cleanup): Promise<void> {
  const cores = divideCores();
  const dataDir = mkdtempSync(path.join(os.tmpdir(), 'guichet-bench-'));
  cleanup.add(() => rm(dataDir, { recursive: true, force: true, maxRetries: 50, retryDelay: 100 }));
  const env = {
    GUICHET_DATA_DIR: dataDir,
    GUICHET_SECRET: randomBytes(48).toString('base64url'),
    GUICHET_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
  };
  const config = loadConfig(env);
  const embedded = await cleanup.start(
    () => startEmbedded({ dataDir, log: createLogger({ level: 'warn', destination: process.stderr }) }),
    (running) => running.stop(),
  );
  const credentials = await seed(config, embedded.connection, 'RS256');
  const started = await cleanup.start(
    () => startGuichet({ prefix: cores.server, env }),
    (running) => running.process.stop(),
  );
  const db = openDatabase({ connection: embedded.connection, applicationName: 'guichet bench' });
  cleanup.add(() => db.close());
  console.log(`${machineLines(await machineFacts(db, dataDir, cores.description))}\n`);

  // First, while the process is small: later its garbage would hide what they take.
  console.log(await measureStreams({ target: { ...started, credentials } }));
  const bulkClientId = await fill(db, config);
  const ground = { target: { ...started, credentials }, db, config, bulkClientId };
  await measureMassRevocation(ground);
  console.log(await measureListCost(ground));
}

/** Answers the client with very many tokens. */
async function fill(db: Database, config: Ground['config']): Promise<string> {
  const api = await findApiByAudience(db.knex, AUDIENCE);
  const { rows } = await db.pool.query<{ kid: string }>(
    `SELECT kid FROM signing_keys WHERE alg = 'ES256' AND state = 'active'`,
  );
  if (!api || !rows[0]) throw new Error('the server made no key');
  const ctx = { db, config, clock: systemClock, secrets: deriveSecrets(config) };
  const access = { apis: [{ audience: AUDIENCE, scopes: API_SCOPES }], actor: 'cli' };
  const bulk = await createClient(ctx, { metadata: MACHINE, ...access });
  const [{ kid }, apiId] = [rows[0], api.id];
  await fillLedger(db, {
    clientId: 'cli_others',
    apiId,
    kid,
    tokens: LIVE_TOKENS - BULK_TOKENS,
  });
  await fillLedger(db, { clientId: bulk.client.id, apiId, kid, tokens: BULK_TOKENS });
  return bulk.client.id;
}

const cleanup = createCleanup();
try {
  await bench(cleanup);
} finally {
  await cleanup.run();
}
process.exit();
