import { pino } from 'pino';

import type { Clock } from '../../src/clock.ts';
import { createPasswords, type Passwords } from '../../src/crypto/passwords.ts';
import { deriveSecrets, type Secrets } from '../../src/crypto/secrets.ts';
import { createSeal, type Seal } from '../../src/crypto/seal.ts';
import type { Database } from '../../src/db/database.ts';
import { openBus, type Bus } from '../../src/db/listen.ts';
import { createTestClock, type TestClock } from './clock.ts';
import { createTestDatabase, type TestDatabase } from './database.ts';

/** What the verbs of the rooms take, on a database of its own and without a server. */
export interface Rooms extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly db: Database;
  readonly clock: TestClock & Clock;
  readonly secrets: Secrets;
  readonly seal: Seal;
  readonly passwords: Passwords;
  readonly config: { readonly mode: 'production'; readonly statusLists: { readonly ttlSeconds: number } };
}

export async function openRooms(): Promise<Rooms> {
  const database = await createTestDatabase();
  const encryptionKeys = [Buffer.alloc(32, 7)];
  return {
    database,
    db: database.db,
    clock: createTestClock(),
    secrets: deriveSecrets({ secrets: { secret: ['the rooms are tested with this secret'] } }),
    seal: createSeal(encryptionKeys),
    passwords: createPasswords({ encryptionKeys }),
    config: { mode: 'production', statusLists: { ttlSeconds: 30 } },
    [Symbol.asyncDispose]: () => database.drop(),
  };
}

/** Hears what transactions announce; ready when it returns. */
export async function openTestBus({ connection }: TestDatabase): Promise<Bus> {
  const bus = openBus({ connection, log: pino({ level: 'silent' }) });
  await bus.ready();
  return bus;
}

/** Types of the audit log's events, oldest first. */
export async function auditTypes({ knex }: Database): Promise<string[]> {
  const rows: { type: string }[] = await knex('audit_events').select('type').orderBy('id');
  return rows.map((row) => row.type);
}
