import { setTimeout as sleep } from 'node:timers/promises';

import type { Verdict } from '../support/api-process.ts';

/**
 * How long it takes from an acknowledged revocation until somebody refuses the token. This process measures, so when it stands still
 * itself (two cores, and servers of other tests) the time says nothing about the product and is taken off.
 */
export interface Stopwatch {
  /** Milliseconds between two moments of `performance.now()`, without those in which this process stood still. */
  between(from: number, to: number): number;
  stoodStillMs(): number;
  stop(): void;
}

const TICK_MS = 10;
/** Less than that is the timer's own. */
const STILL_MS = 40;

export function startStopwatch(): Stopwatch {
  const gaps: { readonly from: number; readonly to: number }[] = [];
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    if (now - last > STILL_MS) gaps.push({ from: last + TICK_MS, to: now });
    last = now;
  }, TICK_MS);
  timer.unref();
  const overlap = (from: number, to: number) =>
    gaps.reduce((sum, gap) => sum + Math.max(0, Math.min(to, gap.to) - Math.max(from, gap.from)), 0);
  return {
    between: (from, to) => to - from - overlap(from, to),
    stoodStillMs: () => overlap(-Infinity, Infinity),
    stop: () => clearInterval(timer),
  };
}

/** Whoever accepts a token for so long has missed the revocation. */
const MISSED_MS = 20_000;

/**
 * Asks until the token is refused; answers with the moment at which the refusal was here, undefined when none came. An answer that says
 * "not now" (503) refuses as well.
 */
export async function untilRefused(
  ask: () => Promise<Verdict>,
  everyMs: number,
): Promise<{ at: number; verdict: Verdict } | undefined> {
  for (const end = performance.now() + MISSED_MS; performance.now() < end; await sleep(everyMs)) {
    const verdict = await ask();
    if (verdict.status !== 200) return { at: performance.now(), verdict };
  }
  return undefined;
}

/** What one API needed, revocation by revocation. */
export interface Series {
  add(what: string, ms: number | undefined): void;
  readonly count: number;
  /** What was never refused. */
  readonly missed: readonly string[];
  /** The time that so many of a hundred did not exceed. */
  percentile(percent: number): number;
  /** In one line. */
  describe(): string;
}

export function createSeries(name: string): Series {
  const all: { readonly what: string; readonly ms: number }[] = [];
  const missed: string[] = [];
  const sorted = () => all.toSorted((a, b) => a.ms - b.ms);
  const percentile = (percent: number) => sorted()[Math.ceil((all.length * percent) / 100) - 1]?.ms ?? 0;
  return {
    add(what, ms) {
      if (ms === undefined) missed.push(what);
      else all.push({ what, ms });
    },
    get count() {
      return all.length + missed.length;
    },
    missed,
    percentile,
    describe() {
      const slowest = sorted().at(-1);
      const figures = [50, 99]
        .map((percent) => `p${percent} ${percentile(percent).toFixed(0)} ms`)
        .join(', ');
      const most = `most ${(slowest?.ms ?? 0).toFixed(0)} ms (${slowest?.what ?? 'none'})`;
      return `${name}: ${all.length} refused, ${missed.length} missed, ${figures}, ${most}`;
    },
  };
}
