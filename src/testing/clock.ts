import { systemClock, type Clock } from '../clock.ts';
import type { TestIssuerClock } from './test-issuer.ts';

/**
 * The system's clock, moved. It goes on by itself, because what the server does on a clock that stands still (waiting for a
 * lease to end, say) would never happen.
 */
export function createMovableClock({
  start,
  base = systemClock,
  onMove,
}: {
  start: Date | undefined;
  base?: Clock;
  onMove: () => Promise<void>;
}): TestIssuerClock {
  let offsetMs = start === undefined ? 0 : start.getTime() - base.now().getTime();

  return {
    now: () => new Date(base.now().getTime() + offsetMs),
    set(to) {
      if (Number.isNaN(to.getTime())) throw new TypeError('not a date');
      offsetMs = to.getTime() - base.now().getTime();
      return onMove();
    },
    advance(seconds) {
      if (!Number.isFinite(seconds)) throw new TypeError('not a number of seconds');
      offsetMs += seconds * 1000;
      return onMove();
    },
  };
}
