import { pino } from 'pino';

import { systemClock, type Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { openPasswords, type Passwords } from '../crypto/passwords.ts';
import { createSeal, type Seal } from '../crypto/seal.ts';
import { deriveSecrets, type Secrets } from '../crypto/secrets.ts';
import { openDatabase, type Database } from '../db/database.ts';
import { startEmbedded } from '../db/embedded.ts';
import { migrate, pendingMigrations } from '../db/migrate.ts';
import { AppError } from '../errors.ts';
import { createLogger, type Logger } from '../log.ts';
import { COMMAND } from './command-name.ts';

/** What a command works with: the server's own configuration and database, whether the server runs or not. */
export interface CommandContext extends AsyncDisposable {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Logger;
  readonly db: Database;
  readonly secrets: Secrets;
  readonly seal: Seal;
  readonly passwords: Passwords;
}

/** Commands run one statement after the other; `openDatabase` wants two. */
const POOL_MAX = 2;

/** For `migrate` and `doctor`, the schema may be behind; every other command needs it as the code knows it. */
export async function openContext(
  { schema }: { schema: 'current' | 'any' },
  config: Config = loadNoisily(),
): Promise<CommandContext> {
  const log = createLogger({ level: 'error', destination: pino.destination({ fd: 2, sync: true }) });
  const opened = await openOwnDatabase(config, log);
  try {
    if (schema === 'current') await requireSchema(opened.db, config);
  } catch (error) {
    await opened.close();
    throw error;
  }
  return {
    config,
    clock: systemClock,
    log,
    db: opened.db,
    secrets: deriveSecrets(config),
    seal: createSeal(config.secrets.encryptionKeys),
    passwords: openPasswords(config),
    [Symbol.asyncDispose]: () => opened.close(),
  };
}

/** A command may be the first thing that runs, so it says what the server would have said. */
function loadNoisily(): Config {
  const config = loadConfig();
  for (const notice of config.notices) console.error(notice);
  return config;
}

interface OpenedDatabase {
  readonly db: Database;
  close(): Promise<void>;
}

/** The embedded server is the one that runs already, or one that runs as long as the command does. */
async function openOwnDatabase(config: Config, log: Logger): Promise<OpenedDatabase> {
  const options = { poolMax: POOL_MAX, applicationName: 'guichet command' };
  if (config.database.url !== undefined) {
    const db = openDatabase({ url: config.database.url, ...options });
    return { db, close: () => db.close() };
  }
  const embedded = await startEmbedded({ dataDir: config.dataDir, log });
  const db = openDatabase({ connection: embedded.connection, ...options });
  return {
    db,
    async close() {
      await db.close();
      await embedded.stop();
    },
  };
}

async function requireSchema(db: Database, config: Config): Promise<void> {
  const pending = await pendingMigrations(db);
  if (pending.length === 0) return;
  // The embedded database belongs to this installation alone, so there is nobody to ask.
  if (config.database.url === undefined) {
    await migrate(db);
    return;
  }
  throw new AppError(
    'schema_behind',
    `The database schema is behind this version. Bring it up to date with: ${COMMAND} migrate`,
    { status: 409, detail: pending },
  );
}
