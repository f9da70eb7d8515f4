/**
 * A hash that was imported takes another time than one of ours. Refusals must not tell which account has one, nor that a name
 * has none at all: every refusal costs one hash of ours, and then waits as long as the slowest scheme that was seen here.
 */
export interface EvenRefusals {
  observe(setting: string, milliseconds: number): void;
  /** What a refusal still waits that took `spent` milliseconds for something else than a hash of ours. */
  waitMs(spent: number, forms: number): number;
}

/** The median of so many follows the load of the machine, and no single stall decides. */
const OBSERVATIONS_MAX = 15;

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
      slowestMs = Math.max(...[...seen.values()].map(median));
    },
    waitMs: (spent, forms) => Math.max(0, slowestMs * forms - spent),
  };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
