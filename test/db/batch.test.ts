import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createBatch } from '../../src/db/batch.ts';

/** Runs that end when told to. */
function createRuns() {
  const runs: { items: number[]; finish: () => void; fail: (error: Error) => void }[] = [];
  const run = (items: number[]): Promise<number[]> => {
    const { promise, resolve, reject } = Promise.withResolvers<number[]>();
    runs.push({ items, finish: () => resolve(items.map((item) => item * 10)), fail: reject });
    return promise;
  };
  return { runs, run };
}

const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a batch', () => {
  test('answers each item with its own result', async () => {
    const batch = createBatch({
      run: async (items: number[]) => items.map((item) => item * 10),
      maxItems: 50,
      maxParallel: 1,
    });
    expect(await Promise.all([1, 2, 3].map(batch))).toEqual([10, 20, 30]);
  });

  test('runs items of one tick together, an idle batch without waiting for more', async () => {
    const { runs, run } = createRuns();
    const batch = createBatch({ run, maxItems: 50, maxParallel: 1 });
    const answers = Promise.all([batch(1), batch(2)]);
    await tick();
    expect(runs.map(({ items }) => items)).toEqual([[1, 2]]);
    runs[0]?.finish();
    expect(await answers).toEqual([10, 20]);
  });

  test('gathers what arrives while its runs are in flight into the next one', async () => {
    const { runs, run } = createRuns();
    const batch = createBatch({ run, maxItems: 50, maxParallel: 1 });
    const answers = [batch(1)];
    await tick();
    answers.push(batch(2));
    await tick();
    answers.push(batch(3));
    await tick();
    expect(runs).toHaveLength(1);
    runs[0]?.finish();
    await answers[0];
    await tick();
    await tick();
    expect(runs.map(({ items }) => items)).toEqual([[1], [2, 3]]);
    runs[1]?.finish();
    expect(await Promise.all(answers)).toEqual([10, 20, 30]);
  });

  test('has at most maxParallel runs in flight, of at most maxItems', async () => {
    const { runs, run } = createRuns();
    const batch = createBatch({ run, maxItems: 2, maxParallel: 2 });
    const answers = Promise.all([1, 2, 3, 4, 5].map(batch));
    await tick();
    expect(runs.map(({ items }) => items)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    runs[1]?.finish();
    await tick();
    await tick();
    expect(runs[2]?.items).toEqual([5]);
    runs[0]?.finish();
    runs[2]?.finish();
    expect(await answers).toEqual([10, 20, 30, 40, 50]);
  });

  test('rejects the items of a run that failed and no others', async () => {
    const { runs, run } = createRuns();
    const batch = createBatch({ run, maxItems: 2, maxParallel: 1 });
    const settled = Promise.allSettled([1, 2, 3].map(batch));
    await tick();
    runs[0]?.fail(new Error('lost'));
    await tick();
    await tick();
    runs[1]?.finish();
    expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  });

  test('goes on after a run that threw before it returned a promise', async () => {
    let calls = 0;
    const run = (items: number[]): Promise<number[]> => {
      calls += 1;
      if (calls === 1) throw new Error('a bug');
      return Promise.resolve(items);
    };
    const batch = createBatch({ run, maxItems: 10, maxParallel: 1 });
    await expect(batch(1)).rejects.toThrow('a bug');
    expect(await batch(2)).toBe(2);
  });

  test('takes a wrong number of results for a bug, not for somebody else’s result', async () => {
    const batch = createBatch({ run: async () => [1], maxItems: 10, maxParallel: 1 });
    const settled = await Promise.allSettled([batch(1), batch(2)]);
    expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });

  test('answers everything under load', async () => {
    let largest = 0;
    const run = async (items: number[]): Promise<number[]> => {
      largest = Math.max(largest, items.length);
      await sleep(1);
      return items;
    };
    const batch = createBatch({ run, maxItems: 64, maxParallel: 2 });
    const items = Array.from({ length: 2_000 }, (_, index) => index);
    expect(await Promise.all(items.map((item) => sleep(item % 7).then(() => batch(item))))).toEqual(items);
    expect(largest).toBeGreaterThan(1);
    expect(largest).toBeLessThanOrEqual(64);
  });
});
