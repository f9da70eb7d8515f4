/**
 * What Node 20 lacks of the ES2024 that this house is written in. Called first thing by whatever may be started by a Node of
 * somebody else's choice: the server, the command line and `guichet/testing`.
 */
export function fillEs2024(): void {
  if ('withResolvers' in Promise) return;
  Object.defineProperty(Promise, 'withResolvers', {
    configurable: true,
    writable: true,
    value: withResolvers,
  });
}

function withResolvers<T>(this: PromiseConstructor): PromiseWithResolvers<T> {
  let settle: Omit<PromiseWithResolvers<T>, 'promise'> | undefined;
  const promise = new this<T>((resolve, reject) => (settle = { resolve, reject }));
  if (!settle) throw new TypeError('a promise runs its executor at once');
  return { promise, ...settle };
}
