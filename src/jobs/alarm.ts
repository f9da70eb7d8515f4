export interface Alarm {
  /** Resolves after `ms` or when the alarm rings; at once when it rang since the last sleep. */
  sleep(ms: number): Promise<void>;
  ring(this: void): void;
}

/** A sleep that can be cut short. It never keeps the process alive. */
export function createAlarm(): Alarm {
  let rang = false;
  let wake: (() => void) | undefined;
  return {
    ring() {
      rang = true;
      wake?.();
    },
    async sleep(ms) {
      if (!rang) {
        const woken = Promise.withResolvers<void>();
        wake = woken.resolve;
        const timer = setTimeout(woken.resolve, ms);
        timer.unref();
        await woken.promise;
        clearTimeout(timer);
      }
      rang = false;
    },
  };
}
