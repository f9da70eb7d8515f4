import { describe, expect, test } from 'vitest';
import {
  clientAuthBuckets,
  forgivenKeys,
  keysOf,
  signInBuckets,
  tokenScanBuckets,
  userCodeBuckets,
  type Bucket,
} from '../../src/http/throttle-buckets.ts';

const HOME = '198.51.100.1';

function shared(a: readonly Bucket[], b: readonly Bucket[]): string[] {
  return keysOf(a).filter((key) => keysOf(b).includes(key));
}

describe('sign-in', () => {
  test('an account’s failures cost 1, 2, 4 … seconds after five free ones, at most 15 minutes, and the fiftieth the day', () => {
    const [account] = signInBuckets({ accountId: 'acc_1', address: HOME });
    const delays = [5, 6, 7, 14, 15, 49, 50, 500].map((failures) => account?.delay(failures));
    expect(account?.free).toBe(5);
    expect(delays).toEqual([1, 2, 4, 512, 900, 900, 86_400, 86_400]);
  });

  test('spellings of an unknown name count together, an unknown and a known name apart', () => {
    const typed = signInBuckets({ identifier: ' Ｚoë@Example.com ', address: HOME });
    expect(keysOf(typed)).toEqual(keysOf(signInBuckets({ identifier: 'zoë@example.com', address: HOME })));
    const known = signInBuckets({ accountId: 'acc_1', address: HOME });
    expect(shared(known, signInBuckets({ identifier: 'acc_1', address: HOME }))).toEqual(
      keysOf(known).slice(2),
    );
  });

  test('an unknown name is measured exactly like a known one', () => {
    expect(shape(signInBuckets({ identifier: 'x', address: HOME }))).toEqual(
      shape(signInBuckets({ accountId: 'x', address: HOME })),
    );
  });

  test('a known device shares no counter with strangers, with neighbours or with another account', () => {
    const device = signInBuckets({ accountId: 'acc_1', address: HOME, device: 'dev' });
    expect(device).toHaveLength(1);
    expect(shared(device, signInBuckets({ accountId: 'acc_1', address: HOME }))).toEqual([]);
    expect(shared(device, signInBuckets({ accountId: 'acc_2', address: HOME, device: 'dev' }))).toEqual([]);
  });

  test('one address tries twenty passwords, its network two hundred, whatever the account', () => {
    const one = signInBuckets({ accountId: 'acc_1', address: HOME });
    const other = signInBuckets({ accountId: 'acc_2', address: HOME });
    const limits = one
      .filter(({ key }) => shared(one, other).includes(key))
      .map(({ free, windowSeconds }) => [free, windowSeconds]);
    expect(limits).toEqual([
      [20, 900],
      [200, 900],
    ]);
    const neighbour = signInBuckets({ accountId: 'acc_2', address: '198.51.100.2' });
    expect(shared(one, neighbour)).toEqual(['sign-in:198.51.100.0/24']);
  });

  test('an IPv6 subscriber has one counter for the whole /64', () => {
    const a = signInBuckets({ accountId: 'acc_1', address: '2001:db8::1' });
    const b = signInBuckets({ accountId: 'acc_1', address: '2001:db8::ffff:1' });
    expect(keysOf(a)).toEqual(keysOf(b));
  });

  test('a success makes up for the account’s failures, not for the address’s', () => {
    const buckets = signInBuckets({ accountId: 'acc_1', address: HOME });
    expect(forgivenKeys(buckets)).toEqual(keysOf(buckets).slice(0, 2));
  });
});

test('a client is stopped where it fails, not where it works', () => {
  const guess = clientAuthBuckets({ clientId: 'cli_1', address: HOME });
  expect(guess).toMatchObject([{ free: 20, windowSeconds: 60 }]);
  expect(shared(guess, clientAuthBuckets({ clientId: 'cli_1', address: '203.0.113.9' }))).toEqual([]);
  expect(shared(guess, clientAuthBuckets({ clientId: 'cli_2', address: HOME }))).toEqual([]);
});

test('user codes and introspection have limits of their own', () => {
  expect(userCodeBuckets({ address: HOME })).toMatchObject([{ free: 10, windowSeconds: 900 }]);
  expect(tokenScanBuckets({ clientId: 'cli_1' })).toMatchObject([{ free: 300, windowSeconds: 60 }]);
});

function shape(buckets: readonly Bucket[]): unknown[] {
  return buckets.map(({ free, windowSeconds, forgivable, delay }) => [
    free,
    windowSeconds,
    forgivable,
    delay(60),
  ]);
}
