import type { LookupAddress } from 'node:dns';
import { lookup as systemLookup } from 'node:dns/promises';

export type Lookup = (hostname: string) => Promise<LookupAddress[]>;

/** Every address of a name. Rejects when it has none, or when `signal` is over. */
export type NameLookups = (hostname: string, signal: AbortSignal) => Promise<LookupAddress[]>;

/**
 * Asking the system for a name takes one of the four threads on which passwords are hashed, RSA keys sign and files are read, for as
 * long as its name server is silent, which is many seconds. Two of them at a time may wait for names; whoever has given up
 * meanwhile takes none.
 */
const AT_ONCE_MAX = 2;

export function createNameLookups(lookup: Lookup): NameLookups {
  const running = new Map<string, Promise<LookupAddress[]>>();
  return async (hostname, signal) => {
    let asked = running.get(hostname);
    while (!asked && running.size >= AT_ONCE_MAX) {
      await untilAborted(Promise.race(running.values()).catch(ignore), signal);
      asked = running.get(hostname);
    }
    if (!asked) {
      asked = lookup(hostname).finally(() => running.delete(hostname));
      running.set(hostname, asked);
    }
    return untilAborted(asked, signal);
  };
}

/** The threads are the process's, and so is this. */
export const lookupBySystem: NameLookups = createNameLookups((hostname) =>
  systemLookup(hostname, { all: true, order: 'verbatim' }),
);

function ignore(): void {
  // Whoever asked for that name hears of it.
}

/** `dns.lookup` cannot be aborted, only left behind. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(new Error('aborted', { cause: signal.reason }));
  signal.addEventListener('abort', abort, { once: true });
  if (signal.aborted) abort();
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
