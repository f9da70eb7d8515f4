import type { PictureType } from '../config/picture.ts';
import type { Requirement } from '../config/requirement.ts';
import type { Queryable } from '../db/database.ts';
import { notify } from '../db/listen.ts';
import type { Place } from '../db/place.ts';
import { NO_BRAND, type ClientBrand } from './brand.ts';
import {
  CLIENTS_CHANNEL,
  isClientId,
  type ApiAccess,
  type ClientOrigin,
  type ClientRecord,
} from './client.ts';
import type { ExchangePolicy } from './exchange.ts';

// One round trip: a client is always wanted with its secrets and its APIs.
const COLUMNS = `c.id, c.metadata, c.origin, c.first_party, c.default_api_id, c.acts_for_api_id, c.requirement, c.disabled_at,
  c.created_at, c.updated_at,
  coalesce((select jsonb_agg(jsonb_build_object('id', s.id, 'digest', encode(s.digest, 'hex'), 'hint', s.hint,
      'createdAt', s.created_at, 'expiresAt', s.expires_at, 'lastUsedAt', s.last_used_at) order by s.created_at, s.id)
    from client_secrets s where s.client_id = c.id), '[]') as secrets,
  coalesce((select jsonb_agg(jsonb_build_object('apiId', a.id, 'audience', a.audience, 'scopes', ca.scopes)
      order by a.audience)
    from client_apis ca join apis a on a.id = ca.api_id where ca.client_id = c.id), '[]') as apis,
  (select jsonb_build_object('color', b.color, 'logoType', b.logo_type, 'logoDigest', b.logo_digest)
    from client_brands b where b.client_id = c.id) as brand,
  (select jsonb_build_object('impersonation', x.impersonation, 'apiIds', x.api_ids, 'clientIds', x.client_ids,
      'issuerIds', x.issuer_ids)
    from exchange_policies x where x.client_id = c.id) as exchange`;

interface Row {
  id: string;
  metadata: Record<string, unknown>;
  origin: ClientOrigin;
  first_party: boolean;
  default_api_id: string | null;
  acts_for_api_id: string | null;
  requirement: Requirement;
  disabled_at: Date | null;
  created_at: Date;
  updated_at: Date;
  secrets: {
    id: string;
    digest: string;
    hint: string;
    createdAt: string;
    expiresAt: string | null;
    lastUsedAt: string | null;
  }[];
  apis: ApiAccess[];
  brand: { color: string | null; logoType: PictureType | null; logoDigest: string | null } | null;
  exchange: ExchangePolicy | null;
}

export async function findClient(db: Queryable, id: string): Promise<ClientRecord | undefined> {
  if (!isClientId(id)) return undefined;
  const { rows } = await db.raw<{ rows: Row[] }>(`select ${COLUMNS} from clients c where c.id = ?`, [id]);
  return rows[0] && toClient(rows[0]);
}

/** Accounts and clients share the `sub` of tokens, so that no two of them may share an id. */
export async function isAccountId(db: Queryable, id: string): Promise<boolean> {
  const row = await db('accounts').first('id').where({ id });
  return row !== undefined;
}

/** Takes the row's lock, so that two changes of one client are made one after the other. */
export async function lockClient(tx: Queryable, id: string): Promise<ClientRecord | undefined> {
  if (!isClientId(id)) return undefined;
  const locked = await tx('clients').where({ id }).forUpdate().first('id');
  return locked && findClient(tx, id);
}

/** Oldest first, without those that are a part of the server; `after` is where the previous page ended. */
export async function listClients(
  db: Queryable,
  page: { limit: number; after?: Place | undefined; search?: string | undefined },
): Promise<ClientRecord[]> {
  // Only what is asked for, so that the index clients_created finds where a page begins.
  const begins = 'and (c.created_at, c.id) > (:at, :id)';
  const contains = `and position(lower(:search) in c.searched) > 0`;
  const { rows } = await db.raw<{ rows: Row[] }>(
    `select ${COLUMNS} from clients c where c.origin <> 'built-in'
       ${page.after === undefined ? '' : begins} ${page.search === undefined ? '' : contains}
     order by c.created_at, c.id limit :limit`,
    {
      at: page.after?.at ?? null,
      id: page.after?.id ?? null,
      search: page.search ?? null,
      limit: page.limit,
    },
  );
  return rows.map(toClient);
}

export async function insertClient(
  tx: Queryable,
  client: Omit<ClientRecord, 'disabledAt' | 'secrets' | 'apis' | 'brand' | 'exchange'>,
): Promise<void> {
  await tx('clients').insert({
    id: client.id,
    metadata: JSON.stringify(client.metadata),
    origin: client.origin,
    first_party: client.firstParty,
    default_api_id: client.defaultApiId,
    acts_for_api_id: client.actsForApiId,
    requirement: client.requirement,
    created_at: client.createdAt,
    updated_at: client.updatedAt,
  });
}

export async function saveClient(
  tx: Queryable,
  client: Pick<
    ClientRecord,
    'id' | 'metadata' | 'firstParty' | 'defaultApiId' | 'actsForApiId' | 'requirement' | 'updatedAt'
  >,
): Promise<void> {
  await tx('clients')
    .where({ id: client.id })
    .update({
      metadata: JSON.stringify(client.metadata),
      first_party: client.firstParty,
      default_api_id: client.defaultApiId,
      acts_for_api_id: client.actsForApiId,
      requirement: client.requirement,
      updated_at: client.updatedAt,
    });
}

export async function saveClientDisabled(
  tx: Queryable,
  id: string,
  disabledAt: Date | null,
  now: Date,
): Promise<void> {
  await tx('clients').where({ id }).update({ disabled_at: disabledAt, updated_at: now });
}

export async function deleteClientRow(tx: Queryable, id: string): Promise<void> {
  await tx('clients').where({ id }).delete();
}

export async function insertSecret(
  tx: Queryable,
  secret: {
    id: string;
    clientId: string;
    digest: Buffer;
    hint: string;
    createdAt: Date;
    expiresAt: Date | null;
  },
): Promise<void> {
  await tx('client_secrets').insert({
    id: secret.id,
    client_id: secret.clientId,
    digest: secret.digest,
    hint: secret.hint,
    created_at: secret.createdAt,
    expires_at: secret.expiresAt,
  });
}

export async function saveSecretExpiry(tx: Queryable, id: string, expiresAt: Date): Promise<void> {
  await tx('client_secrets').where({ id }).update({ expires_at: expiresAt });
}

export async function deleteSecrets(tx: Queryable, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await tx('client_secrets').whereIn('id', ids).delete();
}

/** Who may ask for tokens of an API, by id. */
export async function listClientsOfApi(
  db: Queryable,
  apiId: string,
  limit: number,
): Promise<{ readonly id: string; readonly name: string | null; readonly scopes: readonly string[] }[]> {
  const { rows } = await db.raw<{ rows: { id: string; name: string | null; scopes: string[] }[] }>(
    `select c.id, c.metadata->>'client_name' as name, ca.scopes
     from client_apis ca join clients c on c.id = ca.client_id where ca.api_id = ? order by c.id limit ?`,
    [apiId, limit],
  );
  return rows;
}

/** What a client may ask of an API; replaces what it might before. */
export async function saveApiAccess(
  tx: Queryable,
  clientId: string,
  apiId: string,
  scopes: readonly string[],
): Promise<void> {
  await tx('client_apis')
    .insert({ client_id: clientId, api_id: apiId, scopes: [...scopes] })
    .onConflict(['client_id', 'api_id'])
    .merge(['scopes']);
}

/** Access without scopes, unless the client has access already. */
export async function ensureApiAccess(tx: Queryable, clientId: string, apiId: string): Promise<void> {
  await tx('client_apis')
    .insert({ client_id: clientId, api_id: apiId, scopes: [] })
    .onConflict(['client_id', 'api_id'])
    .ignore();
}

export async function deleteApiAccess(tx: Queryable, clientId: string, apiId: string): Promise<void> {
  await tx('client_apis').where({ client_id: clientId, api_id: apiId }).delete();
}

/** An API as far as giving a client access to it needs it. */
export interface ApiReference {
  readonly id: string;
  readonly audience: string;
  readonly scopes: readonly string[];
}

/** Share-locked until the transaction ends, so that neither the API nor a scope of it goes away before access is saved. */
export async function lockApiReferences(
  tx: Queryable,
  audiences: readonly string[],
): Promise<ApiReference[]> {
  if (audiences.length === 0) return [];
  const { rows } = await tx.raw<{ rows: ApiReference[] }>(
    `select a.id, a.audience, array(select s.name from api_scopes s where s.api_id = a.id order by s.name) as scopes
     from apis a where a.audience = any(?) order by a.id for share of a`,
    [[...audiences]],
  );
  return rows;
}

/** Takes scopes of an API away from every client that has them. */
export async function stripScopes(tx: Queryable, apiId: string, scopes: readonly string[]): Promise<void> {
  await tx.raw(
    `update client_apis set scopes = array(select unnest(scopes) except select unnest(?::text[]) order by 1)
     where api_id = ? and scopes && ?::text[]`,
    [[...scopes], apiId, [...scopes]],
  );
}

/** The clients that are an API's own credentials. */
export async function listClientsActingFor(db: Queryable, apiId: string): Promise<string[]> {
  const rows = await db<{ id: string; acts_for_api_id: string | null }>('clients')
    .select('id')
    .where({ acts_for_api_id: apiId })
    .limit(ACTING_CLIENTS_MAX);
  return rows.map((row) => row.id);
}

/** An API has one set of credentials, or one a deployment. */
const ACTING_CLIENTS_MAX = 1000;

/** Tells every process that its copy of the client is stale, once this transaction commits. */
export async function notifyClient(tx: Queryable, id: string): Promise<void> {
  await notify(tx, CLIENTS_CHANNEL, id);
}

/** The same for every client whose record mentions the API. */
export async function notifyClientsOfApi(tx: Queryable, apiId: string): Promise<void> {
  await tx.raw(
    `select pg_notify(:channel, id) from clients
     where default_api_id = :apiId or acts_for_api_id = :apiId
        or id in (select client_id from client_apis where api_id = :apiId)`,
    { channel: CLIENTS_CHANNEL, apiId },
  );
}

function toClient(row: Row): ClientRecord {
  return {
    id: row.id,
    metadata: row.metadata,
    origin: row.origin,
    firstParty: row.first_party,
    defaultApiId: row.default_api_id,
    actsForApiId: row.acts_for_api_id,
    requirement: row.requirement,
    disabledAt: row.disabled_at,
    secrets: row.secrets.map((secret) => ({
      id: secret.id,
      digest: Buffer.from(secret.digest, 'hex'),
      hint: secret.hint,
      createdAt: new Date(secret.createdAt),
      expiresAt: secret.expiresAt === null ? null : new Date(secret.expiresAt),
      lastUsedAt: secret.lastUsedAt === null ? null : new Date(secret.lastUsedAt),
    })),
    apis: row.apis,
    brand: row.brand ? toBrand(row.brand) : NO_BRAND,
    exchange: row.exchange,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function toBrand({ color, logoType, logoDigest }: NonNullable<Row['brand']>): ClientBrand {
  return { color, logo: logoType && logoDigest ? { type: logoType, digest: logoDigest } : null };
}
