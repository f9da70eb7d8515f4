import { ageOf } from './age.ts';

/** After this silence of the stream nobody knows what was missed. Heartbeats come every second. */
export const SILENCE_MS = 3_000;

/**
 * What the stream has told without a gap. Positions number the revocations of an issuer; a list that is complete up to `from` or
 * later, and to which every event since was applied, is as good as the stream.
 */
export interface Coverage {
  /** Positions of different epochs cannot be compared: in between, something was lost or the issuer's database set back. */
  readonly epoch: number;
  /** Every event after `from`, up to and with `to`, was passed on. Undefined while nothing is known. */
  readonly from: number | undefined;
  readonly to: number | undefined;
  /** The last moment at which the stream said that `to` is everything. */
  readonly confirmedAt: number;
  /** Whether that moment is now. */
  isLive(): boolean;
  /** `ready`: everything up to here was said. False when what was known before is worth nothing any more. */
  ready(id: number): boolean;
  advance(id: number): void;
  reset(id: number): void;
  heard(): void;
  lost(): void;
  forget(): void;
}

export function createCoverage(now: () => number): Coverage {
  let epoch = 0;
  let range: { from: number; to: number } | undefined;
  let live = false;
  let confirmedAt = -Infinity;

  function confirm(): void {
    live = true;
    confirmedAt = now();
  }

  function reset(id: number): void {
    epoch += 1;
    range = { from: id, to: id };
    confirm();
  }

  return {
    get epoch() {
      return epoch;
    },
    get from() {
      return range?.from;
    },
    get to() {
      return range?.to;
    },
    get confirmedAt() {
      return confirmedAt;
    },
    isLive: () => live && ageOf(confirmedAt, now()) <= SILENCE_MS,
    ready(id) {
      // A position that goes backwards is a database that was restored, whether or not the issuer noticed.
      if (range && id < range.to) {
        reset(id);
        return false;
      }
      range = range ? { from: range.from, to: id } : { from: id, to: id };
      confirm();
      return true;
    },
    advance(id) {
      // Events may come twice where two processes of the issuer meet.
      if (range && id > range.to) range = { from: range.from, to: id };
    },
    reset,
    heard() {
      if (live) confirmedAt = now();
    },
    lost() {
      live = false;
    },
    forget() {
      epoch += 1;
      range = undefined;
      live = false;
    },
  };
}
