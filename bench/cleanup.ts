/** What ends and removes everything that was begun, last first; also when the run is broken off in the middle of a start. */
export interface Cleanup {
  add(step: () => Promise<void> | void): void;
  /** Starts something whose end is then certain. Nothing starts any more once the end has begun. */
  start<T>(start: () => Promise<T>, stop: (running: T) => Promise<void>): Promise<T>;
  run(): Promise<void>;
}

export function createCleanup(): Cleanup {
  const steps: (() => Promise<void> | void)[] = [];
  let ending = false;
  return {
    add: (step) => void steps.push(step),
    async start(start, stop) {
      if (ending) throw new Error('ending');
      const starting = start();
      steps.push(() => starting.then(stop, () => undefined));
      return starting;
    },
    async run() {
      ending = true;
      for (const step of steps.splice(0).toReversed()) await step();
    },
  };
}
