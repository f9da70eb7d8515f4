import type { Clock } from '../clock.ts';
import type { Database } from '../db/database.ts';
import type { Bus } from '../db/listen.ts';
import { PROVIDERS_CHANNEL, type IdentityProvider } from './identity-provider.ts';
import { listProviders } from './store.ts';

/** How old the copy may get when notifications are lost. Short, because a disabled provider must not stay open on one process. */
const TTL_MS = 30_000;

/** Disabled providers are not in it: to the doors they do not exist. */
export interface IdentityProviderCache {
  /** In the order of their names. */
  all(): Promise<readonly IdentityProvider[]>;
  findBySlug(slug: string): Promise<IdentityProvider | undefined>;
  /** Of an e-mail domain as `domainOf` gives it. */
  findByDomain(domain: string): Promise<IdentityProvider | undefined>;
  close(): void;
}

/** The registry in memory, loaded whole; any change on any process makes it load again on the next question. */
export function createIdentityProviderCache({
  db,
  bus,
  clock,
}: {
  db: Database;
  bus: Bus;
  clock: Clock;
}): IdentityProviderCache {
  let current: { readonly providers: Promise<readonly IdentityProvider[]>; expiresAtMs: number } | undefined;

  function forget(): void {
    current = undefined;
  }
  const unsubscribe = bus.subscribe(PROVIDERS_CHANNEL, forget, forget);

  function load(): Promise<readonly IdentityProvider[]> {
    if (current && clock.now().getTime() < current.expiresAtMs) return current.providers;
    const providers = listProviders(db.knex).then((all) =>
      all.filter(({ disabledAt }) => disabledAt === null),
    );
    // A change while it loads has replaced `current`, so that an answer which may be older than the change is not kept.
    const entry = { providers, expiresAtMs: Number.POSITIVE_INFINITY };
    current = entry;
    providers.then(
      () => (entry.expiresAtMs = clock.now().getTime() + TTL_MS),
      () => current === entry && forget(),
    );
    return providers;
  }

  return {
    all: load,
    findBySlug: async (slug) => (await load()).find((provider) => provider.slug === slug),
    findByDomain: async (domain) => (await load()).find(({ domains }) => domains.includes(domain)),
    close: unsubscribe,
  };
}
