import type { Pool } from 'pg';

import type { ExportFormat } from '../audit/export.ts';
import type { Queryable } from '../db/database.ts';
import type { Place } from '../db/place.ts';
import { kindOf, type Webhook } from './webhook.ts';

const COLUMNS: (keyof Row)[] = [
  'id',
  'name',
  'url',
  'format',
  'types',
  'min_risk',
  'position',
  'delivered_at',
  'attempts',
  'next_attempt_at',
  'last_error',
  'disabled_at',
  'created_at',
];

interface Row {
  id: string;
  name: string;
  url: string;
  format: ExportFormat;
  types: string[];
  min_risk: number;
  position: number;
  delivered_at: Date | null;
  attempts: number;
  next_attempt_at: Date;
  last_error: string | null;
  disabled_at: Date | null;
  created_at: Date;
}

export async function insertWebhook(
  db: Queryable,
  webhook: Omit<Webhook, 'kind'>,
  sealedSecret: Buffer | null,
): Promise<void> {
  await db('webhooks').insert({
    id: webhook.id,
    name: webhook.name,
    url: webhook.url,
    secret: sealedSecret,
    format: webhook.format,
    types: webhook.types,
    min_risk: webhook.minRisk,
    position: webhook.position,
    next_attempt_at: webhook.nextAttemptAt,
    created_at: webhook.createdAt,
  });
}

export async function countWebhooks(db: Queryable): Promise<number> {
  const rows: { id: string }[] = await db('webhooks').select('id').limit(1000);
  return rows.length;
}

/** Oldest first; `after` is where the page before ended. */
export async function listWebhooks(
  db: Queryable,
  { after, limit }: { after?: Place | undefined; limit: number },
): Promise<Webhook[]> {
  const query = db<Row>('webhooks').select(COLUMNS).orderBy('created_at').orderBy('id').limit(limit);
  if (after !== undefined) {
    void query.whereRaw('(created_at, id) > (?, ?)', [after.at, after.id]);
  }
  return (await query).map(toWebhook);
}

export async function findWebhook(db: Queryable, id: string): Promise<Webhook | undefined> {
  const row = await db<Row>('webhooks').select(COLUMNS).where({ id }).first();
  return row && toWebhook(row);
}

export async function findSealedSecret(db: Queryable, id: string): Promise<Buffer | null> {
  const row = await db<{ id: string; secret: Buffer | null }>('webhooks')
    .select('secret')
    .where({ id })
    .first();
  return row?.secret ?? null;
}

/** The webhook as it is then. Whoever is delivering meanwhile does not move its position any more. */
export async function updateWebhook(
  db: Queryable,
  id: string,
  change: { readonly position?: number; readonly disabledAt?: Date | null; readonly nextAttemptAt?: Date },
): Promise<Webhook | undefined> {
  const { position, disabledAt, nextAttemptAt } = change;
  const [row] = await db<Row>('webhooks')
    .where({ id })
    .update(
      {
        attempts: 0,
        last_error: null,
        ...(position === undefined ? {} : { position }),
        ...(disabledAt === undefined ? {} : { disabled_at: disabledAt }),
        ...(nextAttemptAt === undefined ? {} : { next_attempt_at: nextAttemptAt }),
      },
      COLUMNS,
    );
  return row && toWebhook(row);
}

export async function deleteWebhookRow(db: Queryable, id: string): Promise<Webhook | undefined> {
  const [row] = await db<Row>('webhooks').where({ id }).delete(COLUMNS);
  return row && toWebhook(row);
}

export interface ClaimedWebhook {
  readonly webhook: Webhook;
  readonly sealedSecret: Buffer | null;
}

/** What is behind the end of the chain and due: theirs until `until`, another's after that. */
export async function claimWebhooks(
  pool: Pool,
  { now, until, except, limit }: { now: Date; until: Date; except: readonly string[]; limit: number },
): Promise<ClaimedWebhook[]> {
  const { rows } = await pool.query<Row & { secret: Buffer | null }>({
    name: 'webhooks_claim',
    text: `
      UPDATE webhooks SET next_attempt_at = $2
      WHERE id IN (
        SELECT id FROM webhooks
        WHERE disabled_at IS NULL AND next_attempt_at <= $1 AND id <> ALL ($3::text[])
          AND position < (SELECT coalesce(max(seq), 0) FROM audit_chain)
        ORDER BY next_attempt_at LIMIT $4 FOR UPDATE SKIP LOCKED)
      RETURNING ${COLUMNS.join(', ')}, secret`,
    values: [now, until, except, limit],
  });
  return rows.map((row) => ({ webhook: toWebhook(row), sealedSecret: row.secret }));
}

/** Moves on from where it was. False: it was disabled, deleted or set back meanwhile, and is not the caller's any more. */
export async function saveProgress(
  pool: Pool,
  progress: {
    readonly id: string;
    readonly from: number;
    readonly position: number;
    readonly now: Date;
    readonly until: Date;
  },
): Promise<boolean> {
  const { id, from, position, now, until } = progress;
  const { rowCount } = await pool.query(
    `UPDATE webhooks SET position = $3, attempts = 0, last_error = NULL, delivered_at = $4, next_attempt_at = $5
     WHERE id = $1 AND position = $2 AND disabled_at IS NULL`,
    [id, from, position, now, until],
  );
  return rowCount === 1;
}

export async function saveFailure(
  pool: Pool,
  failure: {
    readonly id: string;
    readonly from: number;
    readonly error: string;
    readonly nextAttemptAt: Date;
  },
): Promise<void> {
  const { id, from, error, nextAttemptAt } = failure;
  await pool.query(
    `UPDATE webhooks SET attempts = attempts + 1, last_error = $3, next_attempt_at = $4
     WHERE id = $1 AND position = $2 AND disabled_at IS NULL`,
    [id, from, error, nextAttemptAt],
  );
}

function toWebhook(row: Row): Webhook {
  return {
    id: row.id,
    name: row.name,
    url: row.url,
    kind: kindOf(row.url),
    format: row.format,
    types: row.types,
    minRisk: row.min_risk,
    position: row.position,
    deliveredAt: row.delivered_at,
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
    lastError: row.last_error,
    disabledAt: row.disabled_at,
    createdAt: row.created_at,
  };
}
