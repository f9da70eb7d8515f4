import { vi } from 'vitest';

/**
 * Everything in this process, server and library included, believes that so many seconds have gone by. Timers run on: only
 * dates are moved.
 */
export async function after<T>(seconds: number, work: () => Promise<T>): Promise<T> {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + seconds * 1000 });
  try {
    return await work();
  } finally {
    vi.useRealTimers();
  }
}
