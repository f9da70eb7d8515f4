import { findHead } from '../audit/chain-store.ts';
import { findSeqSince } from '../audit/export.ts';
import { record, type Actor } from '../audit/record.ts';
import type { WebhookContext } from './create-webhook.ts';
import { deleteWebhookRow, updateWebhook } from './store.ts';
import { webhookNotFound, type Webhook } from './webhook.ts';

type Context = Pick<WebhookContext, 'db' | 'clock'>;

/** Nothing is sent there until it is enabled again, and then everything from where it was. Throws `webhook_not_found` (404). */
export function disableWebhook(ctx: Context, id: string, actor: Actor): Promise<Webhook> {
  return change(ctx, id, { disabledAt: ctx.clock.now() }, { type: 'webhook.disabled', actor });
}

/** Also ends the wait after failures. Throws `webhook_not_found` (404). */
export function enableWebhook(ctx: Context, id: string, actor: Actor): Promise<Webhook> {
  const nextAttemptAt = ctx.clock.now();
  return change(ctx, id, { disabledAt: null, nextAttemptAt }, { type: 'webhook.enabled', actor });
}

/**
 * Sends everything again from a link of the chain or from a time on; receivers know by `webhook-id` what they had. Past the end of
 * the chain it is the end. Throws `webhook_not_found` (404).
 */
export async function replayWebhook(
  ctx: Context,
  id: string,
  { from, actor }: { from: { readonly seq: number } | { readonly since: Date }; actor: Actor },
): Promise<Webhook> {
  const { pool } = ctx.db;
  const seq = 'seq' in from ? from.seq : await findSeqSince(pool, from.since);
  const head = await findHead(pool);
  const position = Math.min(Math.max(seq - 1, 0), head.seq);
  const detail = { fromSeq: position + 1 };
  return change(
    ctx,
    id,
    { position, nextAttemptAt: ctx.clock.now() },
    { type: 'webhook.replayed', actor, detail },
  );
}

/** Throws `webhook_not_found` (404). */
export async function deleteWebhook({ db, clock }: Context, id: string, actor: Actor): Promise<void> {
  await db.transaction(async (tx) => {
    const webhook = await deleteWebhookRow(tx, id);
    if (!webhook) throw webhookNotFound();
    const detail = { webhookId: id, name: webhook.name };
    await record(tx, { occurredAt: clock.now(), type: 'webhook.deleted', actor, detail });
  });
}

function change(
  { db, clock }: Context,
  id: string,
  values: Parameters<typeof updateWebhook>[2],
  event: {
    readonly type: string;
    readonly actor: Actor;
    readonly detail?: Readonly<Record<string, unknown>>;
  },
): Promise<Webhook> {
  return db.transaction(async (tx) => {
    const webhook = await updateWebhook(tx, id, values);
    if (!webhook) throw webhookNotFound();
    const detail = { webhookId: id, name: webhook.name, ...event.detail };
    await record(tx, { ...event, occurredAt: clock.now(), detail });
    return webhook;
  });
}
