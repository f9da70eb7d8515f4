import { randomFillSync } from 'node:crypto';
import type { Pool } from 'pg';

import type { Clock } from '../clock.ts';
import { newId } from '../crypto/ids.ts';
import { ACCESS_TOKEN_TTL_SECONDS_MAX } from '../keys/key.ts';
import {
  hasBit,
  LEASE_SECONDS,
  LIST_SIZE,
  LIST_TOKENS_MAX,
  setBit,
  type StatusReference,
} from './status-list.ts';
import { closeStatusList, insertStatusList } from './status-store.ts';

/** Gives tokens their place in a status list that this process alone fills. */
export interface StatusLease {
  /** A random index nobody had before, in a list that lives at least as long as the token. */
  allocate(expiresAt: Date): Promise<StatusReference>;
  /** The next token begins a new list. */
  abandon(): void;
  /** Lets the list go with the last token given out; the rest of it stays unused. */
  close(): Promise<void>;
}

/** Clocks of processes differ a little: a list is kept for this long after its last token. */
const SKEW_MS = 300_000;
/** A new list is leased this long before the old one ends, so that nobody waits for it. */
const RENEW_AHEAD_MS = 60_000;

interface Lease {
  readonly no: number;
  readonly id: string;
  readonly leasedUntilMs: number;
  readonly used: Uint8Array;
  /** Fetched in bulk: one call costs as much as hundreds of draws. */
  readonly random: Uint32Array;
  randomLeft: number;
  tokens: number;
  lastExpiryMs: number;
}

export function createStatusLease({ pool, clock }: { pool: Pool; clock: Clock }): StatusLease {
  let current: Lease | undefined;
  let next: Promise<Lease> | undefined;

  async function take(): Promise<Lease> {
    for (;;) {
      const nowMs = clock.now().getTime();
      if (current && isUsable(current, nowMs)) {
        if (isNearItsEnd(current, nowMs)) prepareNext();
        return current;
      }
      await changeOver();
    }
  }

  /** Of several who wait for a new list, the first one changes over. */
  async function changeOver(): Promise<void> {
    const replaced = current;
    const awaited = (next ??= lease(pool, clock));
    try {
      const leased = await awaited;
      if (next !== awaited) return;
      current = leased;
      next = undefined;
      if (replaced) void closed(pool, replaced);
    } catch (error) {
      if (next === awaited) next = undefined;
      throw error;
    }
  }

  function prepareNext(): void {
    if (next) return;
    const prepared = lease(pool, clock);
    next = prepared;
    // Whoever needs it asks again and sees the error.
    prepared.catch(() => {
      if (next === prepared) next = undefined;
    });
  }

  return {
    async allocate(expiresAt) {
      const lease = await take();
      lease.tokens += 1;
      lease.lastExpiryMs = Math.max(lease.lastExpiryMs, expiresAt.getTime());
      return { listNo: lease.no, listId: lease.id, index: drawIndex(lease) };
    },
    abandon() {
      if (current) void closed(pool, current);
      // One that is made ahead was made in the same database.
      next?.then((prepared) => closed(pool, prepared), ignore);
      current = undefined;
      next = undefined;
    },
    async close() {
      const prepared = await next?.catch(() => undefined);
      for (const lease of [current, prepared]) if (lease) await closed(pool, lease);
    },
  };
}

async function lease(pool: Pool, clock: Clock): Promise<Lease> {
  const id = newId('stl');
  const leasedUntilMs = clock.now().getTime() + LEASE_SECONDS * 1000;
  const no = await insertStatusList(pool, {
    id,
    leasedUntil: new Date(leasedUntilMs),
    expiresAt: new Date(leasedUntilMs + ACCESS_TOKEN_TTL_SECONDS_MAX * 1000 + SKEW_MS),
  });
  return {
    no,
    id,
    leasedUntilMs,
    used: new Uint8Array(LIST_SIZE / 8),
    random: new Uint32Array(RANDOM_DRAWS),
    randomLeft: 0,
    tokens: 0,
    lastExpiryMs: 0,
  };
}

/** Not done, the list lives for as long as any token could: no harm but for a row. */
async function closed(pool: Pool, { id, lastExpiryMs, leasedUntilMs }: Lease): Promise<void> {
  const expiresAt = new Date((lastExpiryMs || leasedUntilMs - LEASE_SECONDS * 1000) + SKEW_MS);
  await closeStatusList(pool, id, expiresAt).catch(ignore);
}

function isUsable(lease: Lease, nowMs: number): boolean {
  return nowMs < lease.leasedUntilMs && lease.tokens < LIST_TOKENS_MAX;
}

function isNearItsEnd(lease: Lease, nowMs: number): boolean {
  return nowMs > lease.leasedUntilMs - RENEW_AHEAD_MS || lease.tokens > LIST_TOKENS_MAX * 0.95;
}

const RANDOM_DRAWS = 1024;

/** Uniform over what is free: LIST_SIZE is a power of two, so no index is favoured. */
function drawIndex(lease: Lease): number {
  for (;;) {
    if (lease.randomLeft === 0) {
      randomFillSync(lease.random);
      lease.randomLeft = lease.random.length;
    }
    lease.randomLeft -= 1;
    const index = (lease.random[lease.randomLeft] ?? 0) % LIST_SIZE;
    if (hasBit(lease.used, index)) continue;
    setBit(lease.used, index);
    return index;
  }
}

function ignore(): void {}
