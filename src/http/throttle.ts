import type { Clock } from '../clock.ts';
import { hmac } from '../crypto/digest.ts';
import type { Database } from '../db/database.ts';
import type { Bus } from '../db/listen.ts';
import type { Logger } from '../log.ts';
import {
  countFailure,
  forgetFailures,
  listCounters,
  parseNews,
  THROTTLE_CHANNEL,
  type Failure,
} from './throttle-store.ts';
import { COUNTERS_MAX, createMirror } from './throttle-mirror.ts';
import type { Bucket } from './throttle-buckets.ts';

/**
 * Failure counters shared by all processes and kept over restarts. A failure is one statement; every process hears of it
 * and mirrors the counters, so that asking costs no SQL and a success costs SQL only after failures.
 */
export interface Throttle {
  /** Nobody is closed out, whatever the keys: the usual case, told without looking at any. From memory. */
  isOpen(): boolean;
  /** Seconds until the last of the buckets opens; 0 when all are open. From memory. */
  blockedFor(keys: readonly string[]): number;
  /** Counts a failure in every bucket; resolves when it is durable, with the seconds for which it found or left them closed. */
  fail(buckets: readonly Bucket[]): Promise<number>;
  /** Forgets the counters of what has just succeeded. */
  succeed(keys: readonly string[]): Promise<void>;
  close(): void;
}

export interface ThrottleContext {
  db: Pick<Database, 'pool'>;
  bus: Pick<Bus, 'subscribe'>;
  clock: Clock;
  /** Keys hold user names and addresses; the table holds their MACs. */
  key: Buffer;
  log: Logger;
}

/** The database gets the delays written out; after so many failures beyond the free ones they have long stopped growing. */
const DELAYS_MAX = 64;

export async function createThrottle({ db, bus, clock, key, log }: ThrottleContext): Promise<Throttle> {
  const mirror = createMirror(clock);
  const unsubscribe = bus.subscribe(THROTTLE_CHANNEL, hear, () => void catchUp());
  await load().catch((error: unknown) => {
    unsubscribe();
    throw error;
  });

  function hear(payload: string): void {
    for (const counter of parseNews(payload)) mirror.put(counter);
  }

  function load(): Promise<void> {
    return mirror.reload(() => listCounters(db.pool, clock.now(), COUNTERS_MAX));
  }

  async function catchUp(): Promise<void> {
    try {
      await load();
    } catch (error) {
      // What was mirrored stays; the bus calls again after the next lost connection, and every failure brings its row.
      log.warn({ err: error }, 'failure counters could not be reloaded');
    }
  }

  return {
    isOpen: () => mirror.isOpen(),
    blockedFor(keys) {
      if (mirror.isOpen()) return 0;
      return Math.max(0, ...keys.map((text) => mirror.blockedFor(digestOf(key, text))));
    },
    async fail(buckets) {
      const counters = await countFailure(
        db.pool,
        clock.now(),
        buckets.map((bucket) => toFailure(key, bucket)),
      );
      for (const counter of counters) mirror.put(counter);
      // Not what the mirror says, which may have heard of later ones: of many at once, each learns whether it was one too many.
      const nowMs = clock.now().getTime();
      const closedMs = counters.map(({ blockedUntil }) => (blockedUntil?.getTime() ?? 0) - nowMs);
      return Math.ceil(Math.max(0, ...closedMs) / 1000);
    },
    async succeed(keys) {
      const known = keys.map((text) => digestOf(key, text)).filter((digest) => mirror.has(digest));
      if (known.length === 0) return;
      await forgetFailures(
        db.pool,
        known.map((digest) => Buffer.from(digest, 'base64url')),
      );
      for (const digest of known) mirror.forget(digest);
    },
    close: unsubscribe,
  };
}

function digestOf(key: Buffer, text: string): string {
  return hmac(key, text).toString('base64url');
}

function toFailure(key: Buffer, { key: text, free, windowSeconds, delay }: Bucket): Failure {
  const delays = Array.from({ length: DELAYS_MAX }, (_, index) => Math.ceil(delay(free + index)));
  const grown = delays.findLastIndex((seconds, index) => seconds !== delays[index - 1]);
  return { digest: hmac(key, text), free, windowSeconds, delays: delays.slice(0, grown + 1) };
}
