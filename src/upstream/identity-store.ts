import type { Queryable } from '../db/database.ts';
import type { Identity } from './identity.ts';

interface Row {
  id: string;
  provider_id: string;
  issuer: string;
  subject: string;
  account_id: string;
  label: string | null;
  linked_at: Date;
  last_used_at: Date | null;
}

const COLUMNS: (keyof Row)[] = [
  'id',
  'provider_id',
  'issuer',
  'subject',
  'account_id',
  'label',
  'linked_at',
  'last_used_at',
];

/** A person connects a handful. */
const IDENTITIES_MAX = 100;

type Whose = Pick<Identity, 'providerId' | 'issuer' | 'subject'>;

export async function findIdentity(db: Queryable, whose: Whose): Promise<Identity | undefined> {
  const row = await db<Row>('identities')
    .first(COLUMNS)
    .where({ provider_id: whose.providerId, issuer: whose.issuer, subject: whose.subject });
  return row && toIdentity(row);
}

/** Of one account, the first connected first. */
export async function listIdentities(db: Queryable, accountId: string): Promise<Identity[]> {
  const rows = await db<Row>('identities')
    .select(COLUMNS)
    .where({ account_id: accountId })
    .orderBy(['linked_at', 'id'])
    .limit(IDENTITIES_MAX);
  return rows.map(toIdentity);
}

/** False: it is connected already, to this account or another. */
export async function insertIdentity(tx: Queryable, identity: Identity): Promise<boolean> {
  const inserted: unknown[] = await tx('identities')
    .insert({
      id: identity.id,
      provider_id: identity.providerId,
      issuer: identity.issuer,
      subject: identity.subject,
      account_id: identity.accountId,
      label: identity.label,
      linked_at: identity.linkedAt,
      last_used_at: identity.lastUsedAt,
    })
    .onConflict(['provider_id', 'issuer', 'subject'])
    .ignore()
    .returning('id');
  return inserted.length === 1;
}

export async function saveIdentityUse(
  tx: Queryable,
  id: string,
  { label, now }: { label: string | null; now: Date },
): Promise<void> {
  await tx('identities').where({ id }).update({ label, last_used_at: now, absent_at: null });
}

/** The row that was there, if it was this account's. */
export async function deleteIdentity(
  tx: Queryable,
  { id, accountId }: Pick<Identity, 'id' | 'accountId'>,
): Promise<Identity | undefined> {
  const [row]: Row[] = await tx<Row>('identities')
    .where({ id, account_id: accountId })
    .delete()
    .returning(COLUMNS);
  return row && toIdentity(row);
}

export async function countIdentities(db: Queryable, providerId: string): Promise<number> {
  const row = await db('identities')
    .where({ provider_id: providerId })
    .count<{ count: string | number }[]>('* as count')
    .first();
  return Number(row?.count ?? 0);
}

/** Still connected, and of a provider that people may come through. */
export async function isIdentityUsable(db: Queryable, id: string): Promise<boolean> {
  const row = await db('identities as i')
    .join('identity_providers as p', 'p.id', 'i.provider_id')
    .where('i.id', id)
    .whereNull('p.disabled_at')
    .first<{ id: string } | undefined>('i.id');
  return row !== undefined;
}

/** Connected to this account and of a provider that people may come through: a way to sign in. */
export async function countUsableIdentities(db: Queryable, accountId: string): Promise<number> {
  const row = await db('identities as i')
    .join('identity_providers as p', 'p.id', 'i.provider_id')
    .where('i.account_id', accountId)
    .whereNull('p.disabled_at')
    .count<{ count: string | number }[]>('* as count')
    .first();
  return Number(row?.count ?? 0);
}

function toIdentity(row: Row): Identity {
  return {
    id: row.id,
    providerId: row.provider_id,
    issuer: row.issuer,
    subject: row.subject,
    accountId: row.account_id,
    label: row.label,
    linkedAt: row.linked_at,
    lastUsedAt: row.last_used_at,
  };
}
