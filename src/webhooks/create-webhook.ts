import { findHead } from '../audit/chain-store.ts';
import { EXPORT_FORMATS, type ExportFormat } from '../audit/export.ts';
import { record, type Actor } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { newId } from '../crypto/ids.ts';
import type { Seal } from '../crypto/seal.ts';
import type { Database } from '../db/database.ts';
import { AppError } from '../errors.ts';
import { countWebhooks, insertWebhook } from './store.ts';
import {
  checkWebhook,
  drawSecret,
  kindOf,
  secretContext,
  serializeSecret,
  shownUrl,
  type Webhook,
} from './webhook.ts';

export interface WebhookContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly seal: Seal;
  readonly config: Pick<Config, 'mode' | 'egressAllow'>;
}

export interface NewWebhook {
  readonly name: string;
  readonly url: string;
  readonly format?: ExportFormat;
  readonly types?: readonly string[];
  readonly minRisk?: number;
  readonly actor: Actor;
}

/** Each of them reads every event. */
const WEBHOOKS_MAX = 20;

/**
 * Everything that happens from now on goes there. The secret (`whsec_…`) is shown once; a syslog server has none. Throws
 * `invalid_webhook` (400), `too_many_webhooks` (409).
 */
export async function createWebhook(
  { db, clock, seal, config }: WebhookContext,
  { name, url, format = 'jsonl', types = [], minRisk = 0, actor }: NewWebhook,
): Promise<{ webhook: Webhook; secret: string | undefined }> {
  checkWebhook({ name, url, types, minRisk }, config);
  if (!EXPORT_FORMATS.includes(format))
    throw new AppError('invalid_webhook', 'There is no such format.', { status: 400 });
  const now = clock.now();
  const id = newId('whk');
  const kind = kindOf(url);
  const secret = kind === 'http' ? drawSecret() : undefined;
  const { seq: position } = await findHead(db.pool);
  const webhook: Webhook = {
    id,
    name,
    url,
    kind,
    format,
    types,
    minRisk,
    position,
    deliveredAt: null,
    attempts: 0,
    nextAttemptAt: now,
    lastError: null,
    disabledAt: null,
    createdAt: now,
  };
  await db.transaction(async (tx) => {
    if ((await countWebhooks(tx)) >= WEBHOOKS_MAX)
      throw new AppError('too_many_webhooks', `There can be ${WEBHOOKS_MAX} webhooks.`, { status: 409 });
    await insertWebhook(tx, webhook, secret ? seal.seal(secret, secretContext(id)) : null);
    const detail = { webhookId: id, name, url: shownUrl(url), format, types, minRisk };
    await record(tx, { occurredAt: now, type: 'webhook.created', actor, detail });
  });
  return { webhook, secret: secret && serializeSecret(secret) };
}
