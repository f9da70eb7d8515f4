import { createWorkQueue } from '../crypto/work-queue.ts';

type WorkQueue = ReturnType<typeof createWorkQueue>;

/**
 * Runs work of one key a few at a time. Failures are counted after a password was checked, so whatever is checked at once
 * is let in on the same count: this bounds it. Throws `overloaded` (503) when too many wait for one key.
 */
export function createTurns(limits: Parameters<typeof createWorkQueue>[0]) {
  const queues = new Map<string, { readonly run: WorkQueue; users: number }>();

  return async function inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const queue = queues.get(key) ?? { run: createWorkQueue(limits), users: 0 };
    queues.set(key, queue);
    queue.users += 1;
    try {
      return await queue.run(work);
    } finally {
      queue.users -= 1;
      if (queue.users === 0) queues.delete(key);
    }
  };
}
