import type { SecretReference } from '../config/secret-reference.ts';
import type { PictureType } from '../config/picture.ts';
import type { Queryable } from '../db/database.ts';
import { nameOf, type Json, type Kind } from './configuration.ts';

/** A thing that a file manages, as the file said it when it was last applied. */
export interface Managed {
  readonly kind: Kind;
  readonly key: string;
  /** `name` of the file. */
  readonly source: string;
  readonly document: Json;
  readonly secrets: Readonly<Record<string, SecretReference>>;
  readonly appliedAt: Date;
  readonly appliedBy: string;
}

interface Row {
  kind: Kind;
  key: string;
  source: string;
  document: Json;
  secrets: Record<string, SecretReference>;
  applied_at: Date;
  applied_by: string;
}

const COLUMNS: (keyof Row)[] = ['kind', 'key', 'source', 'document', 'secrets', 'applied_at', 'applied_by'];

/** Files of twenty teams, each as large as a file may be. */
const MANAGED_MAX = 400_000;

/** By kind and key. */
export async function listManaged(db: Queryable): Promise<Managed[]> {
  const rows = await db<Row>('managed_things').select(COLUMNS).orderBy(['kind', 'key']).limit(MANAGED_MAX);
  return rows.map((row) => ({
    kind: row.kind,
    key: row.key,
    source: row.source,
    document: row.document,
    secrets: row.secrets,
    appliedAt: row.applied_at,
    appliedBy: row.applied_by,
  }));
}

export async function saveManaged(tx: Queryable, managed: Managed): Promise<void> {
  await tx('managed_things')
    .insert({
      kind: managed.kind,
      key: managed.key,
      source: managed.source,
      document: JSON.stringify(managed.document),
      secrets: JSON.stringify(managed.secrets),
      applied_at: managed.appliedAt,
      applied_by: managed.appliedBy,
    })
    .onConflict(['kind', 'key'])
    .merge();
}

export async function deleteManaged(
  tx: Queryable,
  { kind, key }: Pick<Managed, 'kind' | 'key'>,
): Promise<void> {
  await tx('managed_things').where({ kind, key }).delete();
}

/** One file is applied at a time, on all processes together; until the transaction ends. */
export async function lockConfiguration(tx: Queryable): Promise<void> {
  await tx.raw(`SELECT pg_advisory_xact_lock(hashtextextended('guichet configuration', 0))`);
}

/** Digests, in hex, of secrets that came with a file, by client. */
export async function listBroughtSecrets(db: Queryable): Promise<Map<string, string[]>> {
  const { rows } = await db.raw<{ rows: { client_id: string; digests: string[] }[] }>(
    `SELECT client_id, array_agg(encode(digest, 'hex') ORDER BY digest) AS digests
     FROM brought_secrets GROUP BY client_id LIMIT ${MANAGED_MAX}`,
  );
  return new Map(rows.map((row) => [row.client_id, row.digests]));
}

export async function rememberSecret(tx: Queryable, clientId: string, digest: Buffer): Promise<void> {
  await tx('brought_secrets').insert({ client_id: clientId, digest }).onConflict().ignore();
}

/** Pictures of clients, by client. */
export async function listLogos(db: Queryable): Promise<Map<string, { type: PictureType; body: Buffer }>> {
  const rows = await db('client_brands')
    .select<{ client_id: string; type: PictureType; body: Buffer }[]>(
      'client_id',
      'logo_type as type',
      'logo as body',
    )
    .whereNotNull('logo')
    .limit(MANAGED_MAX);
  return new Map(rows.map(({ client_id: id, type, body }) => [id, { type, body }]));
}

/** Roles that operators gave to clients, by client. */
export async function listClientRoles(
  db: Queryable,
): Promise<Map<string, { audience: string; name: string }[]>> {
  const { rows } = await db.raw<{
    rows: { client_id: string; roles: { audience: string; name: string }[] }[];
  }>(
    `SELECT ra.client_id, jsonb_agg(jsonb_build_object('audience', a.audience, 'name', r.name)) AS roles
     FROM role_assignments ra JOIN roles r ON r.id = ra.role_id JOIN apis a ON a.id = r.api_id
     WHERE ra.client_id IS NOT NULL AND ra.source = 'operator' GROUP BY ra.client_id LIMIT ${MANAGED_MAX}`,
  );
  return new Map(rows.map((row) => [row.client_id, row.roles]));
}

export interface LatestChange {
  readonly type: string;
  readonly actor: string;
  readonly at: Date;
}

/** Which events are about a thing, and how they name it: `key` is the thing's, or the two names of a role. */
const EVENTS: Readonly<Record<Kind, { readonly type: string; readonly about: string }>> = {
  api: { type: 'api.%', about: `detail->>'audience' = :key` },
  role: { type: 'role.%', about: `detail->>'audience' || ' ' || (detail->>'role') = :key` },
  'identity-provider': {
    type: 'identity-provider.%',
    about: `(detail->>'slug' = :key OR detail->>'providerId' = :id)`,
  },
  'trusted-issuer': { type: 'trusted-issuer.%', about: `detail->>'issuer' = :key` },
  client: {
    type: '%',
    about: `client_id = :key AND (type LIKE 'client.%' OR type IN ('role.given', 'role.taken'))`,
  },
};

/** Who changed a thing last since then, and how. */
export async function findLatestChange(
  db: Queryable,
  {
    kind,
    key,
    appliedAt,
    id,
  }: Pick<Managed, 'kind' | 'key' | 'appliedAt'> & { readonly id: string | undefined },
): Promise<LatestChange | undefined> {
  const { type, about } = EVENTS[kind];
  const { rows } = await db.raw<{ rows: { type: string; actor: string; occurred_at: Date }[] }>(
    `SELECT type, actor, occurred_at FROM audit_events
     WHERE type LIKE :type AND occurred_at > :since AND ${about} ORDER BY id DESC LIMIT 1`,
    { type, since: appliedAt, key, id: id ?? '' },
  );
  const [row] = rows;
  return row && { type: row.type, actor: row.actor, at: row.occurred_at };
}

export function byName<T extends { readonly kind: Kind; readonly key: string }>(
  things: readonly T[],
): Map<string, T> {
  return new Map(things.map((thing) => [nameOf(thing), thing]));
}
