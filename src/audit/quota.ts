import type { Clock } from '../clock.ts';

/**
 * How many events strangers may cause. Whatever anybody can provoke without a credential is recorded through one of these, so that
 * nobody fills the disk with it or keeps the chain busy. Counted in each process by itself, in memory.
 */
export interface AuditQuota {
  /**
   * Whether an event about `key` (who is attacked, from where) is to be recorded. If so, the number is of the events like it
   * that were not, since the last one that was. Undefined: not this one. `most` is how many there are in a window.
   */
  take(type: string, key: string, most?: number): number | undefined;
}

/** As many as somebody makes who does not remember their password; then one for each further window. */
const PER_KEY = 5;
const WINDOW_MS = 600_000;
/** Of one type, whoever it is about: 70 MB a day at most. */
const PER_TYPE_AND_MINUTE = 120;
const MINUTE_MS = 60_000;
/** About 2 MB. Whatever does not fit is not recorded before the oldest window is over. */
const KEYS_MAX = 10_000;

interface Window {
  startedAtMs: number;
  recorded: number;
  left: number;
}

export function createAuditQuota(clock: Clock): AuditQuota {
  const keys = new Map<string, Window>();
  const types = new Map<string, Window>();

  function windowOf(map: Map<string, Window>, name: string, lengthMs: number): Window | undefined {
    const nowMs = clock.now().getTime();
    const found = map.get(name);
    if (found && nowMs - found.startedAtMs < lengthMs) return found;
    if (!found && map.size >= KEYS_MAX) {
      // They stand in the order in which they began.
      for (const [old, { startedAtMs }] of map) {
        if (nowMs - startedAtMs < WINDOW_MS) break;
        map.delete(old);
      }
      if (map.size >= KEYS_MAX) return undefined;
    }
    const fresh = { startedAtMs: nowMs, recorded: 0, left: found?.left ?? 0 };
    map.delete(name);
    map.set(name, fresh);
    return fresh;
  }

  return {
    take(type, key, most = PER_KEY) {
      const ofKey = windowOf(keys, `${type} ${key}`, WINDOW_MS);
      const ofType = windowOf(types, type, MINUTE_MS);
      if (!ofKey || !ofType || ofKey.recorded >= most || ofType.recorded >= PER_TYPE_AND_MINUTE) {
        if (ofKey) ofKey.left += 1;
        return undefined;
      }
      ofKey.recorded += 1;
      ofType.recorded += 1;
      const { left } = ofKey;
      ofKey.left = 0;
      return left;
    },
  };
}
