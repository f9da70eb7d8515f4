import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import type { Bus } from '../db/listen.ts';
import { APIS_CHANNEL, type Api } from './api.ts';
import { listApis } from './store.ts';

/** How old the copy may get when notifications are lost. Short, because a disabled API must not stay open on one process. */
const TTL_MS = 30_000;

export interface ApiCache {
  findByAudience(audience: string): Promise<Api | undefined>;
  findById(id: string): Promise<Api | undefined>;
  all(): Promise<readonly Api[]>;
  close(): void;
}

interface Registry {
  readonly apis: readonly Api[];
  readonly byAudience: ReadonlyMap<string, Api>;
  readonly byId: ReadonlyMap<string, Api>;
}

/** The registry in memory, loaded whole; any change of an API on any process makes it load again on the next question. */
export function createApiCache({ db, bus, clock }: { db: Database; bus: Bus; clock: Clock }): ApiCache {
  let current: { readonly registry: Promise<Registry>; expiresAtMs: number } | undefined;

  function forget(): void {
    current = undefined;
  }
  const unsubscribe = bus.subscribe(APIS_CHANNEL, forget, forget);

  function load(): Promise<Registry> {
    if (current && clock.now().getTime() < current.expiresAtMs) return current.registry;
    const registry = listApis(db.knex).then(index);
    // Questions that arrive while it loads share the answer. A change in the meantime has replaced `current`, so that an
    // answer which may be older than the change is not kept.
    const entry = { registry, expiresAtMs: Number.POSITIVE_INFINITY };
    current = entry;
    registry.then(
      () => (entry.expiresAtMs = clock.now().getTime() + TTL_MS),
      () => current === entry && forget(),
    );
    return registry;
  }

  return {
    findByAudience: async (audience) => (await load()).byAudience.get(audience),
    findById: async (id) => (await load()).byId.get(id),
    all: async () => (await load()).apis,
    close: unsubscribe,
  };
}

function index(apis: readonly Api[]): Registry {
  return {
    apis,
    byAudience: new Map(apis.map((api) => [api.audience, api])),
    byId: new Map(apis.map((api) => [api.id, api])),
  };
}
