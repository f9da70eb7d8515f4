import { listClients } from '../clients/store.ts';
import type { ClientRecord, SecretRecord } from '../clients/client.ts';
import type { Queryable } from '../db/database.ts';
import { placeOf } from '../db/place.ts';
import { listApis } from '../resources/store.ts';
import { listGroupRoles } from '../roles/group-store.ts';
import type { Role } from '../roles/role.ts';
import { listRoles } from '../roles/store.ts';
import type { IdentityProvider } from '../upstream/identity-provider.ts';
import { listProviders } from '../upstream/store.ts';
import { listTrustedIssuers } from '../upstream/trusted-issuer-store.ts';
import { nameOf, type Thing } from './configuration.ts';
import { logoToText } from './logo.ts';
import { normalOfApi } from './normal-api.ts';
import { normalOfClient } from './normal-client.ts';
import { normalOfIssuer } from './normal-issuer.ts';
import { normalOfProvider } from './normal-provider.ts';
import { normalOfRole, roleKey } from './normal-role.ts';
import { listBroughtSecrets, listClientRoles, listLogos, listManaged, type Managed } from './store.ts';

/** A thing that is there. */
export type Stored = Thing & {
  readonly id: string;
  /** Of a client. */
  readonly clientSecrets?: readonly SecretRecord[];
  /** Of a client: digests of secrets that came with a file, in hex. */
  readonly brought?: readonly string[];
  /** Of an identity provider. */
  readonly provider?: IdentityProvider;
};

/** Everything that files may speak of, as it is. */
export interface State {
  readonly things: ReadonlyMap<string, Stored>;
  readonly managed: readonly Managed[];
  /** What is there that no file may speak of, but mention: names as those of things. */
  readonly others: ReadonlyMap<string, Other>;
}

export interface Other {
  readonly id: string;
  /** Why no file may speak of it. */
  readonly why: string;
  /** Of an API. */
  readonly scopes?: readonly string[];
}

const PAGE = 1000;

const BUILT_IN = 'is a part of the server';

export async function readState(db: Queryable): Promise<State> {
  const things: Stored[] = [];
  const others = new Map<string, Other>();
  const apis = await listApis(db);
  for (const api of apis) {
    const name = { kind: 'api' as const, key: api.audience };
    const scopes = api.scopes.map((scope) => scope.name);
    if (api.origin === 'built-in') others.set(nameOf(name), { id: api.id, why: BUILT_IN, scopes });
    else things.push({ ...name, id: api.id, document: normalOfApi(api) });
  }
  const audiences = new Map(apis.map((api) => [api.id, api.audience]));
  for (const role of await all<Role>((last) => listRoles(db, { after: last?.id, limit: PAGE }))) {
    const document = normalOfRole(role, audiences.get(role.apiId) ?? '');
    const name = { kind: 'role' as const, key: roleKey(document) };
    if (role.builtIn) others.set(nameOf(name), { id: role.id, why: BUILT_IN });
    else things.push({ ...name, id: role.id, document });
  }
  const issuers = await readUpstreams(db, things);
  await readClients(db, { things, others, audiences, issuers });
  return {
    things: new Map(things.map((thing) => [nameOf(thing), thing])),
    managed: await listManaged(db),
    others,
  };
}

async function readUpstreams(db: Queryable, things: Stored[]): Promise<ReadonlyMap<string, string>> {
  const providers = await listProviders(db);
  for (const provider of providers) {
    const document = normalOfProvider(provider, await listGroupRoles(db, provider.id));
    things.push({ kind: 'identity-provider', key: provider.slug, id: provider.id, document, provider });
  }
  const slugs = new Map(providers.map(({ id, slug }) => [id, slug]));
  const issuers = await listTrustedIssuers(db);
  for (const issuer of issuers) {
    // Of a provider that is gone: it is good for nothing, but a file may say of it what it should be.
    const document = normalOfIssuer(issuer, slugs.get(issuer.providerId) ?? '');
    things.push({ kind: 'trusted-issuer', key: issuer.issuer, id: issuer.id, document });
  }
  return new Map(issuers.map(({ id, issuer }) => [id, issuer]));
}

async function readClients(
  db: Queryable,
  known: {
    readonly things: Stored[];
    readonly others: Map<string, Other>;
    readonly audiences: ReadonlyMap<string, string>;
    readonly issuers: ReadonlyMap<string, string>;
  },
): Promise<void> {
  const clients = await all<ClientRecord>((last) =>
    listClients(db, { after: last && placeOf(last), limit: PAGE }),
  );
  const [logos, roles, brought] = [
    await listLogos(db),
    await listClientRoles(db),
    await listBroughtSecrets(db),
  ];
  const clientIds = new Set(clients.map(({ id }) => id));
  for (const client of clients) {
    const { id } = client;
    const name = { kind: 'client' as const, key: id };
    if (client.origin !== 'operator') {
      known.others.set(nameOf(name), { id, why: WHY_NOT[client.origin] });
      continue;
    }
    const logo = logos.get(id);
    known.things.push({
      ...name,
      id,
      document: normalOfClient(client, {
        ...known,
        clientIds,
        logo: logo ? logoToText(logo.type, logo.body) : null,
        roles: (roles.get(id) ?? []).map(({ audience: api, name: role }) => roleKey({ api, name: role })),
      }),
      clientSecrets: client.secrets,
      brought: brought.get(id) ?? [],
    });
  }
}

const WHY_NOT: Readonly<Record<Exclude<ClientRecord['origin'], 'operator'>, string>> = {
  'built-in': BUILT_IN,
  dynamic: 'registered itself (RFC 7591)',
};

async function all<T>(page: (last: T | undefined) => Promise<readonly T[]>): Promise<T[]> {
  const found: T[] = [];
  for (;;) {
    const rows = await page(found.at(-1));
    found.push(...rows);
    if (rows.length < PAGE) return found;
  }
}
