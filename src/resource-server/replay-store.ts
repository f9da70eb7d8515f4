import type { ReplayStore } from './verifier.ts';

/**
 * Proofs remembered at once. One costs about 200 bytes, so the default holds some 40 MB at most; a proof is remembered for
 * 70 s to 130 s (see dpop.ts), so that is 1 500 requests per second at the least.
 */
export const REPLAY_ENTRIES_MAX = 200_000;

/** Entries are thrown away by slices of this length, so that a claim never has to look at all of them. */
const SLICE_MS = 5_000;

export interface MemoryReplayStoreOptions {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly entriesMax?: number | undefined;
}

export interface MemoryReplayStore extends ReplayStore {
  claim(key: string, expiresAt: number): boolean;
  size(): number;
}

/**
 * Proofs seen by this process alone (RFC 9449 §11.1). Where several processes serve one API, a proof can be used once at each of
 * them: give them a store that they share.
 *
 * It forgets what has expired and nothing else. When it is full it throws, and the request is refused: forgetting a proof that
 * can still be used would let whoever fills the store replay it.
 */
export function createMemoryReplayStore(options: MemoryReplayStoreOptions): MemoryReplayStore {
  const { now, entriesMax = REPLAY_ENTRIES_MAX } = options;
  const expiries = new Map<string, number>();
  const slices = new Map<number, string[]>();

  function forgetUntil(time: number): void {
    for (const [slice, keys] of slices) {
      // The slice is over when its last millisecond is.
      if ((slice + 1) * SLICE_MS > time) continue;
      for (const key of keys) {
        // The key may have been claimed anew since, with an expiry in another slice.
        if ((expiries.get(key) ?? Infinity) <= time) expiries.delete(key);
      }
      slices.delete(slice);
    }
  }

  return {
    claim(key, expiresAt) {
      const time = now();
      forgetUntil(time);
      const known = expiries.get(key);
      if (known !== undefined && known > time) return false;
      if (known === undefined && expiries.size >= entriesMax) throw new Error('the replay store is full');
      expiries.set(key, expiresAt);
      const slice = Math.floor(expiresAt / SLICE_MS);
      const keys = slices.get(slice);
      if (keys) keys.push(key);
      else slices.set(slice, [key]);
      return true;
    },
    size: () => expiries.size,
  };
}
