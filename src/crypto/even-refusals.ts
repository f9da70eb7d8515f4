/**
 * A hash that was imported takes another time than one of ours. Refusals must not tell which account has one, nor that a name
 * has none at all: every refusal costs one hash of ours, and then waits as long as the slowest scheme that was seen here.
 */
export interface EvenRefusals {
  observe(setting: string, milliseconds: number): void;
  /** What a refusal still waits that took `spent` milliseconds for something else than a hash of ours. */
  waitMs(spent: number, forms: number): number;
}

/** So many follow the load of the machine, and no single stall decides. */
const OBSERVATIONS_MAX = 20;

/** Of what was seen, so much is quicker: with the median, half of the imported would be found out by what they take beyond it. */
const SHARE_COVERED = 0.8;

/** Schemes and costs at once; systems that were imported have one or two. */
const SETTINGS_MAX = 64;

/**
 * Learns from what it sees: after a start the first refusal of an imported account takes longer than others, and none after
 * it. What was seen is kept for the life of the process.
 */
export function createEvenRefusals(): EvenRefusals {
  const seen = new Map<string, number[]>();
  let slowestMs = 0;
  return {
    observe(setting, milliseconds) {
      if (!seen.has(setting) && seen.size >= SETTINGS_MAX) return;
      seen.set(setting, [...(seen.get(setting) ?? []), milliseconds].slice(-OBSERVATIONS_MAX));
      slowestMs = Math.max(...[...seen.values()].map(usualMost));
    },
    waitMs: (spent, forms) => Math.max(0, slowestMs * forms - spent),
  };
}

function usualMost(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * SHARE_COVERED) - 1] ?? 0;
}
