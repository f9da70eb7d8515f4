import { AsyncLocalStorage } from 'node:async_hooks';

import type { RiskReason } from './risk.ts';

/**
 * In which request something happens. The door opens it once for each request, and whatever is recorded on the way has it without
 * every verb passing it on. Jobs and commands have none.
 */
export interface Circumstances {
  readonly requestId: string;
  /** Where the request comes from, as http/client-address.ts decides it. */
  readonly address: string;
  /** What is wrong with the request itself. */
  readonly reasons?: readonly RiskReason[];
}

/** The one thing that lives beside the arguments: a request's own, it cannot be mixed up with another's. */
const storage = new AsyncLocalStorage<Circumstances>();

/** Everything that `work` does, and waits for, happens under these circumstances. */
export function under<T>(circumstances: Circumstances, work: () => T): T {
  return storage.run(circumstances, work);
}

export function currentCircumstances(): Circumstances | undefined {
  return storage.getStore();
}
