import { AppError } from '../errors.ts';

interface WorkQueueOptions {
  /** Works that run at once. */
  readonly maxParallel: number;
  /** Works that may wait; one more is refused. */
  readonly queueMax: number;
  /** What a refused caller is told. */
  readonly retryAfterSeconds: number;
}

/** Runs expensive work, first come first served; throws `overloaded` (503) instead of promising what it cannot keep. */
export function createWorkQueue({ maxParallel, queueMax, retryAfterSeconds }: WorkQueueOptions) {
  const waiting: (() => void)[] = [];
  let running = 0;

  return async function run<T>(work: () => Promise<T>): Promise<T> {
    if (running < maxParallel) {
      running += 1;
    } else {
      if (waiting.length >= queueMax) throw overloaded(retryAfterSeconds);
      // Whoever finishes hands its place over, so `running` stays as it is.
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) running -= 1;
      else next();
    }
  };
}

function overloaded(retryAfterSeconds: number): AppError {
  return new AppError('overloaded', 'The server is busy. Try again in a moment.', {
    status: 503,
    retryAfterSeconds,
  });
}
