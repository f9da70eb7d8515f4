import { createAccount } from '../accounts/create-account.ts';
import { findAccount, insertAccount } from '../accounts/store.ts';
import { createClient } from '../clients/create-client.ts';
import { CLIENT_KINDS } from '../clients/kinds.ts';
import { findClient } from '../clients/store.ts';
import type { ClientRecord } from '../clients/client.ts';
import { newId } from '../crypto/ids.ts';
import { AppError } from '../errors.ts';
import type { Api } from '../resources/api.ts';
import { createApi } from '../resources/create-api.ts';
import { findApiByAudience } from '../resources/store.ts';
import type { Services } from '../services.ts';
import type { ApiWish, ClientWish, TestClient, TestUser, UserWish } from './test-issuer.ts';

export const ACTOR = 'test';

/** What a test issuer knows of APIs, clients and people: made when asked for, found when it is there. */
export interface Registry {
  createApi(wish: ApiWish): Promise<Api>;
  createClient(wish: ClientWish): Promise<TestClient>;
  createUser(wish: UserWish): Promise<TestUser>;
  api(audience: string, scopes?: readonly string[]): Promise<Api>;
  client(id: string): Promise<ClientRecord>;
  person(id: string): Promise<string>;
  /** Of the client that acts for the API. */
  credentials(audience: string): Promise<TestClient>;
}

export function createRegistry(
  services: Services,
  { tokenTtlSeconds }: { tokenTtlSeconds: number },
): Registry {
  const { db, clock } = services;
  const once = createOnce();

  const registry: Registry = {
    createApi: ({
      audience,
      name = audience,
      scopes = [],
      tokenTtlSeconds: ttl = tokenTtlSeconds,
      signingAlg,
    }) =>
      createApi(services, {
        audience,
        name: name.slice(0, NAME_LENGTH),
        scopes: [...new Set(scopes)].map((scope) => ({ name: scope, description: scope })),
        tokenTtlSeconds: ttl,
        signingAlg,
        actor: ACTOR,
      }),

    async createClient({ id, kind = 'machine', apis = [], actsFor, metadata, firstParty = true }) {
      for (const { audience, scopes } of apis) await registry.api(audience, scopes);
      if (actsFor !== undefined) await registry.api(actsFor);
      const { client, secret = '' } = await createClient(services, {
        id,
        firstParty,
        apis,
        actsForAudience: actsFor,
        metadata: { client_name: id ?? `A ${kind} client`, ...CLIENT_KINDS[kind], ...metadata },
        actor: ACTOR,
      });
      return { clientId: client.id, clientSecret: secret };
    },

    async createUser({ username, email, ...rest }) {
      const name = username === undefined && email === undefined ? newId('test') : username;
      return createAccount(services, { username: name, email, emailVerified: true, ...rest, actor: ACTOR });
    },

    api: (audience, scopes = []) =>
      once(`api ${audience}`, async () => {
        return (await findApiByAudience(db.knex, audience)) ?? registry.createApi({ audience, scopes });
      }),

    client: (id) =>
      once(`client ${id}`, async () => {
        const found = await findClient(db.knex, id);
        if (found) return found;
        await registry.createClient({ id });
        const made = await findClient(db.knex, id);
        if (!made) throw new AppError('client_not_found', `There is no client ${id}.`, { status: 404 });
        return made;
      }),

    person: (id) =>
      once(`person ${id}`, async () => {
        if (await findAccount(db.knex, id)) return id;
        const now = clock.now();
        const account = { username: newId('test'), email: null, emailVerified: false, profile: {} };
        await insertAccount(
          db.knex,
          // Its id is the one thing an account cannot choose at the front door, and what a test wants to choose.
          {
            id,
            ...account,
            passwordChangedAt: null,
            createdAt: now,
            updatedAt: now,
          },
          null,
        );
        return id;
      }),

    credentials: (audience) =>
      kept(audience, () => registry.createClient({ kind: 'api', actsFor: audience })),
  };
  const kept = createKept<TestClient>();
  return registry;
}

/** The longest name of an API. */
const NAME_LENGTH = 200;

/** Callers that want the same thing at the same time share one answer. */
function createOnce(): <T>(key: string, make: () => Promise<T>) => Promise<T> {
  const underway = new Map<string, Promise<unknown>>();
  return <T>(key: string, make: () => Promise<T>) => {
    // A key is always used with one type.
    const known = underway.get(key) as Promise<T> | undefined;
    if (known) return known;
    const made = make().finally(() => underway.delete(key));
    underway.set(key, made);
    return made;
  };
}

/** The same, and later callers as well: a secret is shown once. */
function createKept<T>(): (key: string, make: () => Promise<T>) => Promise<T> {
  const answers = new Map<string, Promise<T>>();
  return (key, make) => {
    const known = answers.get(key);
    if (known) return known;
    const made = make();
    answers.set(key, made);
    made.catch(() => answers.delete(key));
    return made;
  };
}
