import type { Requirement } from '../config/requirement.ts';
import type { Queryable } from '../db/database.ts';
import { notify } from '../db/listen.ts';
import { APIS_CHANNEL, type Api, type ApiOrigin, type ApiScope, type SigningAlg } from './api.ts';

/** Every token request looks through the whole registry in memory, so it has a size. */
export const API_COUNT_MAX = 2000;

const COLUMNS = `a.id, a.audience, a.name, a.token_ttl_seconds, a.signing_alg, a.requirement, a.enforces_roles, a.origin,
  a.disabled_at, a.created_at, a.updated_at,
  coalesce((select jsonb_agg(jsonb_build_object('name', s.name, 'description', s.description) order by s.name)
    from api_scopes s where s.api_id = a.id), '[]') as scopes`;

interface Row {
  id: string;
  audience: string;
  name: string;
  token_ttl_seconds: number;
  signing_alg: SigningAlg;
  requirement: Requirement;
  enforces_roles: boolean;
  origin: ApiOrigin;
  disabled_at: Date | null;
  created_at: Date;
  updated_at: Date;
  scopes: ApiScope[];
}

export async function findApi(db: Queryable, id: string): Promise<Api | undefined> {
  const { rows } = await db.raw<{ rows: Row[] }>(`select ${COLUMNS} from apis a where a.id = ?`, [id]);
  return rows[0] && toApi(rows[0]);
}

export async function findApiByAudience(db: Queryable, audience: string): Promise<Api | undefined> {
  const { rows } = await db.raw<{ rows: Row[] }>(`select ${COLUMNS} from apis a where a.audience = ?`, [
    audience,
  ]);
  return rows[0] && toApi(rows[0]);
}

/** The registry whole, by audience. */
export async function listApis(db: Queryable): Promise<Api[]> {
  const { rows } = await db.raw<{ rows: Row[] }>(
    `select ${COLUMNS} from apis a order by a.audience limit ${API_COUNT_MAX}`,
  );
  return rows.map(toApi);
}

/**
 * Takes the row's lock, so that two changes of one API are made one after the other, and a scope cannot be taken away while
 * a client is being given it.
 */
export async function lockApi(tx: Queryable, id: string): Promise<Api | undefined> {
  const locked = await tx('apis').where({ id }).forUpdate().first('id');
  return locked && findApi(tx, id);
}

export async function countApis(db: Queryable): Promise<number> {
  const [row] = await db('apis').count({ count: '*' });
  return Number(row?.['count'] ?? 0);
}

export async function insertApi(tx: Queryable, api: Omit<Api, 'disabledAt'>): Promise<void> {
  await tx('apis').insert({
    id: api.id,
    audience: api.audience,
    name: api.name,
    token_ttl_seconds: api.tokenTtlSeconds,
    signing_alg: api.signingAlg,
    requirement: api.requirement,
    enforces_roles: api.enforcesRoles,
    origin: api.origin,
    created_at: api.createdAt,
    updated_at: api.updatedAt,
  });
  await saveScopes(tx, api.id, api.scopes);
}

export async function saveApi(
  tx: Queryable,
  api: Pick<Api, 'id' | 'name' | 'tokenTtlSeconds' | 'signingAlg' | 'requirement' | 'updatedAt'>,
): Promise<void> {
  await tx('apis').where({ id: api.id }).update({
    name: api.name,
    token_ttl_seconds: api.tokenTtlSeconds,
    signing_alg: api.signingAlg,
    requirement: api.requirement,
    updated_at: api.updatedAt,
  });
}

/** Makes an API that is a part of this server, or gives it its address of today. Its scopes are for `saveScopes`. */
export async function saveBuiltInApi(
  tx: Queryable,
  api: Pick<Api, 'id' | 'audience' | 'name' | 'tokenTtlSeconds' | 'requirement'>,
  now: Date,
): Promise<void> {
  await tx('apis')
    .insert({
      id: api.id,
      audience: api.audience,
      name: api.name,
      token_ttl_seconds: api.tokenTtlSeconds,
      signing_alg: 'ES256',
      requirement: api.requirement,
      enforces_roles: true,
      origin: 'built-in',
      created_at: now,
      updated_at: now,
    })
    .onConflict('id')
    .merge(['audience', 'name', 'token_ttl_seconds', 'requirement', 'updated_at']);
}

/** Adds scopes, or gives those that are there a new description. */
export async function saveScopes(tx: Queryable, apiId: string, scopes: readonly ApiScope[]): Promise<void> {
  if (scopes.length === 0) return;
  await tx('api_scopes')
    .insert(scopes.map(({ name, description }) => ({ api_id: apiId, name, description })))
    .onConflict(['api_id', 'name'])
    .merge(['description']);
}

export async function deleteScopes(tx: Queryable, apiId: string, names: readonly string[]): Promise<void> {
  await tx('api_scopes').where({ api_id: apiId }).whereIn('name', names).delete();
}

export async function saveApiDisabled(
  tx: Queryable,
  id: string,
  disabledAt: Date | null,
  now: Date,
): Promise<void> {
  await tx('apis').where({ id }).update({ disabled_at: disabledAt, updated_at: now });
}

export async function saveApiEnforcement(
  tx: Queryable,
  id: string,
  enforcesRoles: boolean,
  now: Date,
): Promise<void> {
  await tx('apis').where({ id }).update({ enforces_roles: enforcesRoles, updated_at: now });
}

export async function deleteApiRow(tx: Queryable, id: string): Promise<void> {
  await tx('apis').where({ id }).delete();
}

/** Tells every process that its copy of the registry is stale, once this transaction commits. */
export async function notifyApi(tx: Queryable, id: string): Promise<void> {
  await notify(tx, APIS_CHANNEL, id);
}

function toApi(row: Row): Api {
  return {
    id: row.id,
    audience: row.audience,
    name: row.name,
    scopes: row.scopes,
    tokenTtlSeconds: row.token_ttl_seconds,
    signingAlg: row.signing_alg,
    requirement: row.requirement,
    enforcesRoles: row.enforces_roles,
    origin: row.origin,
    disabledAt: row.disabled_at,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
