import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import type { Bus } from '../db/listen.ts';
import { CLIENTS_CHANNEL, isClientId, type ClientRecord } from './client.ts';
import { findClient } from './store.ts';

/** How old a copy may get when notifications are lost. Short, because a disabled client must not stay welcome on one process. */
const TTL_MS = 30_000;

/** A record is about 2 kB with its keys: 20 MB at most. */
const ENTRIES_MAX = 10_000;

export interface ClientCache {
  find(id: string): Promise<ClientRecord | undefined>;
  close(): void;
}

interface Entry {
  readonly record: Promise<ClientRecord | undefined>;
  expiresAtMs: number;
}

/**
 * Every request begins with a client look-up; this keeps it in memory. Any change of a client on any process drops its copy.
 * Unknown ids are not kept, so that guessing cannot push out clients that exist.
 */
export function createClientCache({ db, bus, clock }: { db: Database; bus: Bus; clock: Clock }): ClientCache {
  const entries = new Map<string, Entry>();
  const unsubscribe = bus.subscribe(
    CLIENTS_CHANNEL,
    (id) => entries.delete(id),
    () => entries.clear(),
  );

  function load(id: string): Promise<ClientRecord | undefined> {
    // Look-ups that arrive while it loads share the answer. A change in the meantime has removed the entry, so that an
    // answer which may be older than the change is not kept.
    const entry: Entry = { record: findClient(db.knex, id), expiresAtMs: Number.POSITIVE_INFINITY };
    entries.set(id, entry);
    const forget = () => entries.get(id) === entry && entries.delete(id);
    entry.record.then((record) => {
      if (record === undefined) return forget();
      entry.expiresAtMs = clock.now().getTime() + TTL_MS;
      return evict(entries);
    }, forget);
    return entry.record;
  }

  return {
    async find(id) {
      if (!isClientId(id)) return undefined;
      const entry = entries.get(id);
      if (!entry || clock.now().getTime() >= entry.expiresAtMs) return load(id);
      // Moves to the end: the map's order is the order of use.
      entries.delete(id);
      entries.set(id, entry);
      return entry.record;
    },
    close: unsubscribe,
  };
}

function evict(entries: Map<string, Entry>): void {
  for (const id of entries.keys()) {
    if (entries.size <= ENTRIES_MAX) return;
    entries.delete(id);
  }
}
