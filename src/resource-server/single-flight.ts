/** However many ask, one asks on: callers that come while an answer is awaited share it. */
export function singleFlight<T>(run: () => Promise<T>): { (): Promise<T>; isFlying(): boolean } {
  let flight: Promise<T> | undefined;
  const fly = (): Promise<T> => {
    flight ??= run().finally(() => {
      flight = undefined;
    });
    return flight;
  };
  return Object.assign(fly, { isFlying: () => flight !== undefined });
}
