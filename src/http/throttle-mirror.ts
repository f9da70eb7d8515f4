import type { Clock } from '../clock.ts';
import type { Counter } from './throttle-store.ts';

/** What one process remembers of everybody's failure counters. */
export interface Mirror {
  /** True when nothing at all is closed: the usual case, answered without looking anything up. */
  isOpen(): boolean;
  blockedFor(digest: string): number;
  has(digest: string): boolean;
  put(counter: Counter): void;
  forget(digest: string): void;
  /** Replaces everything by what `read` finds, and then repeats what was put or forgotten meanwhile. */
  reload(read: () => Promise<Counter[]>): Promise<void>;
}

interface Entry {
  blockedUntilMs: number;
  expiresAtMs: number;
}

/** About 20 MB. A million guesses an hour from a million addresses pass this; then counters that are open go first. */
export const COUNTERS_MAX = 100_000;

/** Room made at once, so that sorting is paid once in ten thousand failures. */
const EVICTED_SHARE = 0.1;

export function createMirror(clock: Clock, countersMax = COUNTERS_MAX): Mirror {
  let entries = new Map<string, Entry>();
  let lastBlockMs = 0;
  const pending = new Set<Counter[]>();

  function apply(counter: Counter): void {
    if (counter.failures === 0) entries.delete(counter.digest);
    else set(counter);
    if (entries.size > countersMax) evict();
  }

  /** Our own result comes before the notification of an earlier failure elsewhere, so times only ever move ahead. */
  function set({ digest, blockedUntil, expiresAt }: Counter): void {
    const old = entries.get(digest);
    const blockedUntilMs = Math.max(blockedUntil?.getTime() ?? 0, old?.blockedUntilMs ?? 0);
    entries.set(digest, {
      blockedUntilMs,
      expiresAtMs: Math.max(expiresAt.getTime(), old?.expiresAtMs ?? 0),
    });
    lastBlockMs = Math.max(lastBlockMs, blockedUntilMs);
  }

  function evict(): void {
    const now = clock.now().getTime();
    for (const [digest, entry] of entries) if (entry.expiresAtMs <= now) entries.delete(digest);
    if (entries.size <= countersMax * (1 - EVICTED_SHARE)) return;
    const soonestFirst = [...entries].sort(([, a], [, b]) => a.blockedUntilMs - b.blockedUntilMs);
    for (const [digest] of soonestFirst.slice(0, Math.ceil(countersMax * EVICTED_SHARE)))
      entries.delete(digest);
  }

  function put(counter: Counter): void {
    for (const list of pending) list.push(counter);
    apply(counter);
  }

  return {
    put,
    isOpen: () => lastBlockMs <= clock.now().getTime(),
    blockedFor(digest) {
      const untilMs = entries.get(digest)?.blockedUntilMs ?? 0;
      return Math.max(0, Math.ceil((untilMs - clock.now().getTime()) / 1000));
    },
    has: (digest) => (entries.get(digest)?.expiresAtMs ?? 0) > clock.now().getTime(),
    forget: (digest) => put({ digest, failures: 0, blockedUntil: null, expiresAt: new Date(0) }),
    async reload(read) {
      const meanwhile: Counter[] = [];
      pending.add(meanwhile);
      try {
        const counters = await read();
        entries = new Map();
        for (const counter of [...counters, ...meanwhile]) apply(counter);
      } finally {
        pending.delete(meanwhile);
      }
    },
  };
}
