import type { Queryable } from '../db/database.ts';
import { isStorable } from '../db/text.ts';
import { AppError } from '../errors.ts';
import type { TrustedIssuer } from './trusted-issuer.ts';

interface Row {
  id: string;
  issuer: string;
  provider_id: string;
  audience: string;
  jwks_uri: string | null;
  algs: string[];
  max_age_seconds: number;
  one_time: boolean;
  created_at: Date;
}

const COLUMNS: (keyof Row)[] = [
  'id',
  'issuer',
  'provider_id',
  'audience',
  'jwks_uri',
  'algs',
  'max_age_seconds',
  'one_time',
  'created_at',
];

/** More than any installation trusts. */
const ISSUERS_MAX = 1000;

export async function insertTrustedIssuer(tx: Queryable, issuer: TrustedIssuer): Promise<void> {
  await tx('trusted_issuers').insert({
    id: issuer.id,
    issuer: issuer.issuer,
    provider_id: issuer.providerId,
    audience: issuer.audience,
    jwks_uri: issuer.jwksUri,
    algs: [...issuer.algs],
    max_age_seconds: issuer.maxAgeSeconds,
    one_time: issuer.oneTime,
    created_at: issuer.createdAt,
  });
}

export async function listTrustedIssuers(db: Queryable): Promise<TrustedIssuer[]> {
  const rows = await db<Row>('trusted_issuers').select(COLUMNS).orderBy('issuer').limit(ISSUERS_MAX);
  return rows.map(toIssuer);
}

/** By id or by its `iss`. */
export async function findTrustedIssuer(db: Queryable, name: string): Promise<TrustedIssuer | undefined> {
  const row = await db<Row>('trusted_issuers').first(COLUMNS).where({ id: name }).orWhere({ issuer: name });
  return row && toIssuer(row);
}

/** Throws `trusted_issuer_not_found` (404). */
export async function getTrustedIssuer(db: Queryable, name: string): Promise<TrustedIssuer> {
  const found = await findTrustedIssuer(db, name);
  if (found) return found;
  throw new AppError('trusted_issuer_not_found', 'There is no such trusted issuer.', { status: 404 });
}

/** Its provider is not disabled. */
export async function findUsableIssuer(db: Queryable, issuer: string): Promise<TrustedIssuer | undefined> {
  if (!isStorable(issuer)) return undefined;
  const row = await db<Row>('trusted_issuers as t')
    .join('identity_providers as p', 'p.id', 't.provider_id')
    .whereNull('p.disabled_at')
    .where('t.issuer', issuer)
    .first(COLUMNS.map((column) => `t.${column}`));
  return row && toIssuer(row as Row);
}

/** Everything but its `iss`, which is what it is. */
export async function saveTrustedIssuer(tx: Queryable, issuer: TrustedIssuer): Promise<void> {
  await tx('trusted_issuers')
    .where({ id: issuer.id })
    .update({
      provider_id: issuer.providerId,
      audience: issuer.audience,
      jwks_uri: issuer.jwksUri,
      algs: [...issuer.algs],
      max_age_seconds: issuer.maxAgeSeconds,
      one_time: issuer.oneTime,
    });
}

export async function deleteTrustedIssuerRow(tx: Queryable, id: string): Promise<void> {
  await tx('trusted_issuers').where({ id }).delete();
}

export async function findProviderId(db: Queryable, slug: string): Promise<string | undefined> {
  const row = await db<{ id: string; slug: string }>('identity_providers').where({ slug }).first('id');
  return row?.id;
}

function toIssuer(row: Row): TrustedIssuer {
  return {
    id: row.id,
    issuer: row.issuer,
    providerId: row.provider_id,
    audience: row.audience,
    jwksUri: row.jwks_uri,
    algs: row.algs,
    maxAgeSeconds: row.max_age_seconds,
    oneTime: row.one_time,
    createdAt: row.created_at,
  };
}
