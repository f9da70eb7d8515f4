/** Does one unit of a scenario: a request, or a whole flow. Throws when the answer is not what it must be. */
export type Step = () => Promise<void>;

export interface Burst {
  /** Steps a second. */
  readonly rate: number;
  readonly steps: number;
  readonly latenciesMs: readonly number[];
}

/**
 * A closed loop: each worker begins its next step when its last one ends. A step under way when the time is up is finished
 * and counted, with the time it took, so that flows which carry state (a chain of refresh tokens) go on in the next burst.
 */
export async function drive(workers: readonly Step[], seconds: number): Promise<Burst> {
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  const until = startedAt + seconds * 1000;
  await Promise.all(workers.map((step) => loop(step, until, latenciesMs)));
  const elapsedSeconds = (performance.now() - startedAt) / 1000;
  return { rate: latenciesMs.length / elapsedSeconds, steps: latenciesMs.length, latenciesMs };
}

async function loop(step: Step, until: number, latenciesMs: number[]): Promise<void> {
  for (let now = performance.now(); now < until;) {
    await step();
    const end = performance.now();
    latenciesMs.push(end - now);
    now = end;
  }
}

export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** Between two values, the mean of them: medians of few rounds are not always the worse one. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = ((sorted.length - 1) * percent) / 100;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? Number.NaN;
  return low + (high - low) * (at - Math.floor(at));
}
