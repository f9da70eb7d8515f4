import type { Clock } from '../../src/clock.ts';

export interface TestClock extends Clock {
  advance(seconds: number): void;
}

/** Stands still until it is told to advance. */
export function createTestClock(start: Date = new Date('2031-05-06T07:20:00Z')): TestClock {
  let now = start.getTime();
  return {
    now: () => new Date(now),
    advance: (seconds) => {
      now += seconds * 1000;
    },
  };
}
