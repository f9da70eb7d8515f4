import type { Clock } from '../clock.ts';

export type Taken =
  | { readonly ok: true; readonly remaining: number; readonly fullInSeconds: number }
  | { readonly ok: false; readonly waitSeconds: number };

/** Counters of one process: each starts full and fills up again evenly, so that a burst may be as large as the quota. */
export interface TokenBuckets {
  take(key: string): Taken;
  giveBack(key: string): void;
}

/** About 2 MB; the one that was unused for longest goes, and is then full again. */
const BUCKETS_MAX = 20_000;

export function createTokenBuckets(
  clock: Clock,
  { quota, windowSeconds }: { readonly quota: number; readonly windowSeconds: number },
): TokenBuckets {
  const buckets = new Map<string, { level: number; atMs: number }>();
  const perMs = quota / (windowSeconds * 1000);

  function filled(key: string): { level: number; atMs: number } {
    const nowMs = clock.now().getTime();
    const { level, atMs } = buckets.get(key) ?? { level: quota, atMs: nowMs };
    return { level: Math.min(quota, level + Math.max(0, nowMs - atMs) * perMs), atMs: nowMs };
  }

  function put(key: string, bucket: { level: number; atMs: number }): void {
    buckets.delete(key);
    buckets.set(key, bucket);
    const [oldest] = buckets.keys();
    if (buckets.size > BUCKETS_MAX && oldest !== undefined) buckets.delete(oldest);
  }

  return {
    take(key) {
      const { level, atMs } = filled(key);
      const isEnough = level >= 1;
      const left = isEnough ? level - 1 : level;
      put(key, { level: left, atMs });
      if (!isEnough) return { ok: false, waitSeconds: Math.max(1, Math.ceil((1 - level) / perMs / 1000)) };
      return {
        ok: true,
        remaining: Math.floor(left),
        fullInSeconds: Math.ceil((quota - left) / perMs / 1000),
      };
    },
    giveBack(key) {
      const { level, atMs } = filled(key);
      put(key, { level: Math.min(quota, level + 1), atMs });
    },
  };
}
