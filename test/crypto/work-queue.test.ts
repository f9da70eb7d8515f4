import { expect, test } from 'vitest';
import { createWorkQueue } from '../../src/crypto/work-queue.ts';

/** Work that ends when it is told to. */
function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { work: () => promise, end: resolve };
}

test('no more runs at once than allowed, and in the order it came', async () => {
  const run = createWorkQueue({ maxParallel: 2, queueMax: 10, retryAfterSeconds: 2 });
  const started: number[] = [];
  let running = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      run(async () => {
        started.push(index);
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => setImmediate(resolve));
        running -= 1;
      }),
    ),
  );
  expect(most).toBe(2);
  expect(started).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('one more than may wait is refused at once and told when to come back', async () => {
  const run = createWorkQueue({ maxParallel: 1, queueMax: 1, retryAfterSeconds: 2 });
  const { work, end } = gate();
  const accepted = [run(work), run(work)];
  await expect(run(work)).rejects.toMatchObject({ code: 'overloaded', status: 503, retryAfterSeconds: 2 });
  end();
  await Promise.all(accepted);
  await expect(run(async () => 'free again')).resolves.toBe('free again');
});

test('work that fails makes room like any other', async () => {
  const run = createWorkQueue({ maxParallel: 1, queueMax: 1, retryAfterSeconds: 2 });
  const failing = run(() => Promise.reject(new Error('broken')));
  const next = run(async () => 'done');
  await expect(failing).rejects.toThrow('broken');
  await expect(next).resolves.toBe('done');
});
