import { vi } from 'vitest';

/**
 * The suite waits; here the clock of the whole process, server and library included, is put forward instead. It goes on
 * ticking from there. Undo it with {@link backToNow} after each test.
 */
export function letPass(seconds: number): void {
  const now = Date.now() + seconds * 1000;
  vi.useRealTimers();
  vi.useFakeTimers({ toFake: ['Date'], now, shouldAdvanceTime: true });
}

export function backToNow(): void {
  vi.useRealTimers();
}
