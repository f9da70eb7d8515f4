import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { openBus, type Bus } from '../../src/db/listen.ts';
import { createLogger } from '../../src/log.ts';
import { createThrottle, type Throttle } from '../../src/http/throttle.ts';
import { forgivenKeys, keysOf, signInBuckets, type Bucket } from '../../src/http/throttle-buckets.ts';
import { createTestClock, type TestClock } from '../support/clock.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const KEY = Buffer.alloc(32, 7);
const log = createLogger({ level: 'silent' });

let database: TestDatabase;
let clock: TestClock;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());
beforeEach(() => {
  clock = createTestClock();
});

interface Process extends AsyncDisposable {
  throttle: Throttle;
  bus: Bus;
}

/** What one server process has of it: a bus and a mirror of its own. */
async function startProcess(): Promise<Process> {
  const bus = openBus({ connection: database.connection, log });
  const throttle = await createThrottle({ db: database.db, bus, clock, key: KEY, log });
  await bus.ready();
  return {
    throttle,
    bus,
    async [Symbol.asyncDispose]() {
      throttle.close();
      await bus.close();
    },
  };
}

function doubling(key: string, free = 2): Bucket {
  return { key, free, windowSeconds: 3600, delay: (failures) => Math.min(2 ** (failures - free), 60) };
}

interface Row {
  failures: number;
  blocked_until: Date | null;
  expires_at: Date;
}

async function rowsOf(): Promise<Row[]> {
  const { rows } = await database.db.pool.query<Row>(
    'SELECT failures, blocked_until, expires_at FROM throttles ORDER BY key',
  );
  return rows;
}

/** News takes a moment to travel. */
async function until(check: () => unknown): Promise<void> {
  await vi.waitFor(() => expect(check()).toBeTruthy(), { timeout: 5000, interval: 5 });
}

function countQueries() {
  const spy = vi.spyOn(database.db.pool, 'query');
  return { count: () => spy.mock.calls.length, [Symbol.dispose]: () => spy.mockRestore() };
}

beforeEach(() => database.db.pool.query('DELETE FROM throttles'));

describe('failures of one bucket', () => {
  test('some are free, then each closes it for longer, up to a limit', async () => {
    await using one = await startProcess();
    const waits: number[] = [];
    for (let failure = 1; failure <= 10; failure += 1) waits.push(await one.throttle.fail([doubling('a')]));
    expect(waits).toEqual([0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    expect(one.throttle.blockedFor(['a'])).toBe(60);
    expect(one.throttle.blockedFor(['b'])).toBe(0);
    expect(one.throttle.blockedFor([])).toBe(0);
  });

  test('it opens by itself when its time has come, and remembers', async () => {
    await using one = await startProcess();
    for (let failure = 1; failure <= 4; failure += 1) await one.throttle.fail([doubling('a')]);
    clock.advance(3);
    expect(one.throttle.blockedFor(['a'])).toBe(1);
    clock.advance(1);
    expect(one.throttle.blockedFor(['a'])).toBe(0);
    expect(await one.throttle.fail([doubling('a')])).toBe(8);
  });

  test('a new window begins with a clean count', async () => {
    await using one = await startProcess();
    for (let failure = 1; failure <= 6; failure += 1) await one.throttle.fail([doubling('a')]);
    clock.advance(3600);
    expect(await one.throttle.fail([doubling('a')])).toBe(0);
    expect(await rowsOf()).toMatchObject([{ failures: 1 }]);
  });

  test('a failure in flight does not shorten a block that outlasts its window', async () => {
    await using one = await startProcess();
    const day: Bucket = { key: 'a', free: 1, windowSeconds: 60, delay: () => 86_400 };
    await one.throttle.fail([day]);
    clock.advance(61);
    const mild: Bucket = { ...day, free: 5, delay: () => 1 };
    await one.throttle.fail([mild]);
    expect(one.throttle.blockedFor(['a'])).toBe(86_400 - 61);
    const [row] = await rowsOf();
    expect(row?.expires_at).toEqual(row?.blocked_until);
  });

  test('a delay at the very first failure', async () => {
    await using one = await startProcess();
    expect(await one.throttle.fail([{ key: 'a', free: 1, windowSeconds: 60, delay: () => 90 }])).toBe(90);
    const [row] = await rowsOf();
    expect(row?.expires_at).toEqual(row?.blocked_until);
  });
});

test('a failure counts in all its buckets by one statement, and the slowest of them decides', async () => {
  await using one = await startProcess();
  using queries = countQueries();
  const buckets = [
    doubling('a', 1),
    doubling('b', 5),
    { key: 'c', free: 1, windowSeconds: 30, delay: () => 30 },
  ];
  expect(await one.throttle.fail(buckets)).toBe(30);
  expect(queries.count()).toBe(1);
  expect(keysOf(buckets).map((key) => one.throttle.blockedFor([key]))).toEqual([1, 0, 30]);
  expect(one.throttle.blockedFor(['a', 'b', 'c'])).toBe(30);
});

test('asking, and succeeding where nothing failed, needs no SQL', async () => {
  await using one = await startProcess();
  await one.throttle.fail([doubling('other', 1)]);
  using queries = countQueries();
  one.throttle.blockedFor(['a', 'b']);
  await one.throttle.succeed(['a', 'b']);
  expect(queries.count()).toBe(0);
});

test('a success forgets the failures, everywhere', async () => {
  await using one = await startProcess();
  await using two = await startProcess();
  for (let failure = 1; failure <= 4; failure += 1) await one.throttle.fail([doubling('a'), doubling('b')]);
  await until(() => two.throttle.blockedFor(['a']) === 4 && two.throttle.blockedFor(['b']) === 4);
  await two.throttle.succeed(['a']);
  expect(two.throttle.blockedFor(['a'])).toBe(0);
  await until(() => one.throttle.blockedFor(['a']) === 0);
  expect(one.throttle.blockedFor(['b'])).toBe(4);
  expect(await one.throttle.fail([doubling('a')])).toBe(0);
});

test('keys are stored as digests', async () => {
  await using one = await startProcess();
  await one.throttle.fail(signInBuckets({ identifier: 'zoe@example.com', address: '198.51.100.1' }));
  const { rows } = await database.db.pool.query<{ text: string }>(
    'SELECT throttles::text AS text FROM throttles',
  );
  const stored = rows.map(({ text }) => text).join(' ');
  for (const plain of ['zoe@example.com', '198.51.100.1']) {
    expect(stored).not.toContain(plain);
    expect(stored).not.toContain(Buffer.from(plain).toString('hex'));
  }
});

describe('two processes on one database', () => {
  test('what fails at one is closed at the other at once', async () => {
    await using one = await startProcess();
    await using two = await startProcess();
    for (let failure = 1; failure <= 5; failure += 1) await one.throttle.fail([doubling('a')]);
    const started = performance.now();
    await until(() => two.throttle.blockedFor(['a']) === 8);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  test('parallel failures are all counted, whatever the order of their buckets', async () => {
    await using one = await startProcess();
    await using two = await startProcess();
    const buckets = ['a', 'b', 'c', 'd'].map((key) => doubling(key, 1000));
    const rounds = 20;
    for (let round = 0; round < rounds; round += 1) {
      await Promise.all(
        Array.from({ length: 16 }, (_, index) => {
          const order = index % 2 === 0 ? buckets : buckets.toReversed();
          return (index % 4 < 2 ? one : two).throttle.fail(order.slice(index % 3));
        }),
      );
    }
    const counts = (await rowsOf()).map(({ failures }) => failures).sort((a, b) => a - b);
    // Of 16 failures, `slice` leaves out a bucket of either end in 8, 8, 2 and 3 of them.
    const expected = buckets.map(
      ({ key }) =>
        Array.from({ length: 16 }, (_, index) =>
          (index % 2 === 0 ? buckets : buckets.toReversed()).slice(index % 3),
        ).filter((list) => list.some((bucket) => bucket.key === key)).length * rounds,
    );
    expect(counts).toEqual(expected.sort((a, b) => a - b));
  });

  test('sixteen guesses at once are sixteen failures and close the account', async () => {
    await using one = await startProcess();
    await using two = await startProcess();
    const buckets = signInBuckets({ accountId: 'acc_1', address: '198.51.100.1' });
    await Promise.all(
      Array.from({ length: 16 }, (_, index) => (index % 2 ? one : two).throttle.fail(buckets)),
    );
    const [account = ''] = keysOf(buckets);
    await until(
      () => one.throttle.blockedFor([account]) === 900 && two.throttle.blockedFor([account]) === 900,
    );
    expect((await rowsOf()).map(({ failures }) => failures)).toEqual([16, 16, 16, 16]);
  });

  test('failures of parallel first sight of a bucket', async () => {
    await using one = await startProcess();
    await Promise.all(Array.from({ length: 16 }, () => one.throttle.fail([doubling('fresh', 1000)])));
    expect(await rowsOf()).toMatchObject([{ failures: 16 }]);
  });

  test('strangers do not lock out a known device, and the owner’s success does not open the door to them', async () => {
    await using one = await startProcess();
    const stranger = signInBuckets({ accountId: 'acc_1', address: '203.0.113.1' });
    const owner = signInBuckets({ accountId: 'acc_1', address: '203.0.113.1', device: 'dev' });
    for (let failure = 1; failure <= 25; failure += 1) await one.throttle.fail(stranger);
    expect(one.throttle.blockedFor(keysOf(stranger))).toBe(900);
    expect(one.throttle.blockedFor(keysOf(owner))).toBe(0);
    await one.throttle.succeed(forgivenKeys(owner));
    expect(one.throttle.blockedFor(keysOf(stranger))).toBe(900);
  });
});

describe('memory is a mirror', () => {
  test('a restart forgets nothing', async () => {
    {
      await using before = await startProcess();
      for (let failure = 1; failure <= 5; failure += 1)
        await before.throttle.fail([doubling('a'), doubling('b', 100)]);
    }
    await using after = await startProcess();
    expect(after.throttle.blockedFor(['a'])).toBe(8);
    await after.throttle.succeed(['b']);
    expect(await rowsOf()).toHaveLength(1);
  });

  test('news missed while the connection was lost is caught up with', async () => {
    await using one = await startProcess();
    await using two = await startProcess();
    await one.throttle.fail([doubling('gone', 1)]);
    await until(() => two.throttle.blockedFor(['gone']) > 0);
    // As the database itself would change without telling: the table moves on while nobody listens.
    await database.db.pool.query('DELETE FROM throttles');
    await database.db.pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'`,
    );
    for (let failure = 1; failure <= 5; failure += 1) await one.throttle.fail([doubling('a')]);
    await until(() => two.throttle.blockedFor(['a']) > 0 && two.throttle.blockedFor(['gone']) === 0);
  });

  test('a notification that nobody understands harms nobody', async () => {
    await using one = await startProcess();
    for (const payload of ['', 'x', '{}', '[[1]]', '[["a",-1,null,0]]']) {
      await database.db.pool.query('SELECT pg_notify($1, $2)', ['guichet_throttles', payload]);
    }
    await one.throttle.fail([doubling('a', 1)]);
    await sleep(50);
    expect(one.throttle.blockedFor(['a'])).toBe(1);
  });
});

test('a database that is away is an error, not a free guess', async () => {
  const away = await createTestDatabase();
  const bus = openBus({ connection: away.connection, log });
  const throttle = await createThrottle({ db: away.db, bus, clock: systemClock, key: KEY, log });
  await bus.close();
  await away.drop();
  await expect(throttle.fail([doubling('a')])).rejects.toThrow();
});
