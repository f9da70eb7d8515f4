import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Bus, notify, openBus } from '../../src/db/listen.ts';
import { createLogger } from '../../src/log.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const log = createLogger({ level: 'silent' });

let database: TestDatabase;
let bus: Bus;

beforeAll(async () => {
  database = await createTestDatabase({ empty: true });
});

afterAll(() => database.drop());

beforeEach(() => {
  bus = openBus({ connection: database.connection, log });
});

afterEach(() => bus.close());

async function send(channel: string, payload: string): Promise<void> {
  await notify(database.db.knex, channel, payload);
}

async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    if (condition()) return;
    await sleep(20);
  }
  throw new Error('it did not happen within six seconds');
}

async function disconnect(): Promise<void> {
  await database.db.knex.raw(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'guichet listen' AND datname = current_database()`,
  );
}

test('news reach every subscriber of their channel and no other', async () => {
  const heard: string[] = [];
  bus.subscribe('one', (payload) => heard.push(`a:${payload}`));
  bus.subscribe('one', (payload) => heard.push(`b:${payload}`));
  bus.subscribe('Two "quoted"', (payload) => heard.push(`c:${payload}`));
  await bus.ready();
  await send('one', 'x');
  await send('Two "quoted"', 'y');
  await send('three', 'z');
  await until(() => heard.length >= 3);
  expect(heard).toEqual(['a:x', 'b:x', 'c:y']);
});

test('news wait for the commit, and a rollback has none', async () => {
  const heard: string[] = [];
  bus.subscribe('news', (payload) => heard.push(payload));
  await bus.ready();
  await database.db.transaction(async (tx) => {
    await notify(tx, 'news', 'committed');
    await sleep(100);
    expect(heard).toEqual([]);
  });
  const failing = database.db.transaction(async (tx) => {
    await notify(tx, 'news', 'rolled back');
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  await send('news', 'later');
  await until(() => heard.length >= 2);
  expect(heard).toEqual(['committed', 'later']);
});

test('a subscriber hears again after a lost connection, and is told that it may have missed something', async () => {
  const heard: string[] = [];
  let gaps = 0;
  bus.subscribe(
    'news',
    (payload) => heard.push(payload),
    () => (gaps += 1),
  );
  await bus.ready();
  expect(gaps).toBe(1); // between subscribing and listening
  for (let round = 2; round <= 3; round += 1) {
    await disconnect();
    await until(() => gaps === round);
    await send('news', `round ${round}`);
    await until(() => heard.includes(`round ${round}`));
  }
});

test('a channel that is subscribed later is heard too, and a subscription ends', async () => {
  await bus.ready();
  const heard: string[] = [];
  const unsubscribe = bus.subscribe('late', (payload) => heard.push(payload));
  const stays = bus.subscribe('late', (payload) => heard.push(payload));
  await bus.ready();
  await send('late', 'both');
  await until(() => heard.length === 2);
  unsubscribe();
  await send('late', 'one');
  await until(() => heard.length === 3);
  stays();
  await bus.ready();
  await send('late', 'nobody');
  await sleep(100);
  expect(heard).toEqual(['both', 'both', 'one']);
});

test('a subscriber that throws does not keep the news from the others', async () => {
  const heard: string[] = [];
  bus.subscribe('news', () => {
    throw new Error('a bug');
  });
  bus.subscribe('news', (payload) => heard.push(payload));
  await bus.ready();
  await send('news', 'x');
  await until(() => heard.length === 1);
});

test('a database that is away is tried until it is back; closing does not wait for it', async () => {
  const away = openBus({ connection: { ...database.connection, host: '/nowhere' }, log });
  await sleep(200);
  const started = performance.now();
  await away.close();
  expect(performance.now() - started).toBeLessThan(500);
});

test('a closed bus leaves no connection behind', async () => {
  await bus.ready();
  await bus.close();
  await sleep(50);
  const { rows } = await database.db.pool.query(
    `SELECT count(*) AS count FROM pg_stat_activity WHERE application_name = 'guichet listen' AND datname = current_database()`,
  );
  expect(rows).toEqual([{ count: 0 }]);
});
