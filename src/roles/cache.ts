import type { Clock } from '../clock.ts';
import { createBatch } from '../db/batch.ts';
import type { Database } from '../db/database.ts';
import type { Bus } from '../db/listen.ts';
import { findHeldRoles } from './assignment-store.ts';
import { ROLES_CHANNEL, subjectKey, type HeldRole, type Subject } from './role.ts';

/** How old a copy may get when notifications are lost. A role that was lost meanwhile is noticed when its token is recorded. */
const TTL_MS = 30_000;

/** A few hundred bytes each. */
const ENTRIES_MAX = 20_000;

/** As in oidc/records.ts. */
const ITEMS_MAX = 128;
const READS_IN_FLIGHT = 2;

export interface RoleCache {
  /** What somebody has, at every API, by name. */
  of(subject: Subject): Promise<readonly HeldRole[]>;
  /** Drops all copies: what one said has turned out to be stale. */
  forget(): void;
  close(): void;
}

interface Entry {
  readonly roles: Promise<readonly HeldRole[]>;
  expiresAtMs: number;
}

/**
 * Asked once for each token of an API that enforces roles, and by nobody else. Any change of what somebody has, on any process,
 * drops their copy; a change of a role drops all.
 */
export function createRoleCache({ db, bus, clock }: { db: Database; bus: Bus; clock: Clock }): RoleCache {
  const entries = new Map<string, Entry>();
  const read = createBatch<Subject, HeldRole[]>({
    run: (subjects) => findHeldRoles(db.pool, subjects),
    maxItems: ITEMS_MAX,
    maxParallel: READS_IN_FLIGHT,
  });
  const unsubscribe = bus.subscribe(
    ROLES_CHANNEL,
    (key) => (key === '' ? entries.clear() : entries.delete(key)),
    () => entries.clear(),
  );

  function load(key: string, subject: Subject): Promise<readonly HeldRole[]> {
    // Look-ups that arrive while it loads share the answer. A change in the meantime has removed the entry, so that an
    // answer which may be older than the change is not kept.
    const entry: Entry = { roles: read(subject), expiresAtMs: Number.POSITIVE_INFINITY };
    entries.set(key, entry);
    entry.roles.then(
      () => {
        entry.expiresAtMs = clock.now().getTime() + TTL_MS;
        return evict(entries);
      },
      () => entries.get(key) === entry && entries.delete(key),
    );
    return entry.roles;
  }

  return {
    of(subject) {
      const key = subjectKey(subject);
      const entry = entries.get(key);
      if (!entry || clock.now().getTime() >= entry.expiresAtMs) return load(key, subject);
      // Moves to the end: the map's order is the order of use.
      entries.delete(key);
      entries.set(key, entry);
      return entry.roles;
    },
    forget: () => entries.clear(),
    close: unsubscribe,
  };
}

function evict(entries: Map<string, Entry>): void {
  for (const key of entries.keys()) {
    if (entries.size <= ENTRIES_MAX) return;
    entries.delete(key);
  }
}
