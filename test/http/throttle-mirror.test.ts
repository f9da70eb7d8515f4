import { expect, test } from 'vitest';
import { createMirror } from '../../src/http/throttle-mirror.ts';
import type { Counter } from '../../src/http/throttle-store.ts';
import { createTestClock } from '../support/clock.ts';

const clock = createTestClock();

function counter(digest: string, blockedSeconds: number, failures = 1): Counter {
  return {
    digest,
    failures,
    blockedUntil: blockedSeconds > 0 ? after(blockedSeconds) : null,
    expiresAt: after(3600),
  };
}

function after(seconds: number): Date {
  return new Date(clock.now().getTime() + seconds * 1000);
}

test('memory stays bounded, and what is closed longest is kept longest', () => {
  const mirror = createMirror(clock, 100);
  for (let index = 0; index < 100; index += 1) mirror.put(counter(`open-${index}`, 0));
  for (let index = 0; index < 90; index += 1) mirror.put(counter(`closed-${index}`, 60 + index));
  const kept = (prefix: string, count: number) =>
    Array.from({ length: count }, (_, index) => `${prefix}-${index}`).filter((digest) => mirror.has(digest))
      .length;
  expect(kept('closed', 90)).toBe(90);
  expect(kept('open', 100)).toBeLessThanOrEqual(10);
  for (let index = 90; index < 200; index += 1) mirror.put(counter(`closed-${index}`, 60 + index));
  expect(kept('closed', 200)).toBeLessThanOrEqual(100);
  expect(mirror.blockedFor('closed-199')).toBe(259);
});

test('an older notification does not take back a newer result', () => {
  const mirror = createMirror(clock);
  mirror.put(counter('a', 8, 5));
  mirror.put(counter('a', 4, 4));
  expect(mirror.blockedFor('a')).toBe(8);
});

test('what happens during a reload is not lost to it', async () => {
  const mirror = createMirror(clock);
  mirror.put(counter('stale', 60));
  const { promise, resolve } = Promise.withResolvers<Counter[]>();
  const reloading = mirror.reload(() => promise);
  mirror.put(counter('during', 30));
  mirror.forget('forgiven');
  resolve([counter('read', 10), counter('forgiven', 10)]);
  await reloading;
  expect(['stale', 'during', 'read', 'forgiven'].map((digest) => mirror.blockedFor(digest))).toEqual([
    0, 30, 10, 0,
  ]);
});

test('a reload that fails leaves what was known', async () => {
  const mirror = createMirror(clock);
  mirror.put(counter('a', 60));
  await expect(mirror.reload(() => Promise.reject(new Error('away')))).rejects.toThrow('away');
  expect(mirror.blockedFor('a')).toBe(60);
  expect(mirror.isOpen()).toBe(false);
});
