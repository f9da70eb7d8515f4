import type { Database } from '../db/database.ts';
import { newId } from '../crypto/ids.ts';
import { post, sendGuarded, type SendContext } from './send.ts';
import { findSealedSecret, findWebhook } from './store.ts';
import { webhookNotFound } from './webhook.ts';

/**
 * Sends an event that is in no log, of the type `webhook.test`, once and at once. Undefined when it was taken, otherwise why not. Throws
 * `webhook_not_found` (404).
 */
export async function testWebhook(
  ctx: SendContext & { readonly db: Database },
  webhookId: string,
): Promise<string | undefined> {
  const { db, clock } = ctx;
  const webhook = await findWebhook(db.knex, webhookId);
  if (!webhook) throw webhookNotFound();
  const timestamp = clock.now().toISOString();
  const type = 'webhook.test';
  const data = { webhook_id: webhookId };
  if (webhook.kind === 'http') {
    const sealedSecret = await findSealedSecret(db.knex, webhookId);
    const body = JSON.stringify({ type, timestamp, data });
    return post(ctx, { ...webhook, sealedSecret }, { id: newId('test'), body });
  }
  const message = { timestamp, type, risk: 0, text: JSON.stringify({ type, ...data }) };
  return sendGuarded(ctx, webhook.url, [message]);
}
