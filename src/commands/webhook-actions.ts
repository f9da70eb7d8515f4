import { z } from 'zod';

import { findHead } from '../audit/chain-store.ts';
import { EXPORT_FORMATS } from '../audit/export.ts';
import { webhookToJson } from '../documents/webhook.ts';
import { AppError } from '../errors.ts';
import { createEgress } from '../http/egress.ts';
import { deleteWebhook, disableWebhook, enableWebhook, replayWebhook } from '../webhooks/change-webhook.ts';
import { createWebhook } from '../webhooks/create-webhook.ts';
import { findWebhook, listWebhooks } from '../webhooks/store.ts';
import { testWebhook } from '../webhooks/test-webhook.ts';
import { shownUrl, webhookNotFound, type Webhook } from '../webhooks/webhook.ts';
import { cursorOfMade, cut } from '../documents/page.ts';
import { ACTOR } from './actor.ts';
import { count } from '../words.ts';
import { fields, moment, paragraphs, table, type Outcome } from './outcome.ts';
import { pageOptions, parseArgument, parseOptions, texts, wholeNumber } from './parse.ts';
import type { Action } from './run.ts';
import { UsageError } from './usage-error.ts';
import { whenOption } from './when.ts';

const createOptions = z.object({
  name: z.string(),
  url: z.string(),
  format: z.enum(EXPORT_FORMATS).default('jsonl'),
  type: texts,
  minRisk: wholeNumber.default(0),
});

export const create: Action = async (context, { options }) => {
  const { type, ...given } = parseOptions(createOptions, options);
  const { webhook, secret } = await createWebhook(context, { ...given, types: type, actor: ACTOR });
  const shown = secret === undefined ? '' : `Its secret, shown this once: ${secret}`;
  return {
    json: { ...webhookToJson(webhook), secret: secret ?? null },
    text: paragraphs(describe(webhook, webhook.position), shown),
  };
};

export const list: Action = async ({ db }, { options }) => {
  const { limit, after } = parseOptions(pageOptions, options);
  const { items, next } = cut(await listWebhooks(db.knex, { limit: limit + 1, after }), limit, cursorOfMade);
  const head = await findHead(db.pool);
  const rows = items.map((webhook) => [
    webhook.id,
    webhook.name,
    shownUrl(webhook.url),
    String(head.seq - webhook.position),
    stateOf(webhook),
  ]);
  return {
    json: { webhooks: items.map(webhookToJson), next },
    text: items.length === 0 ? 'No webhooks.' : table(['ID', 'NAME', 'URL', 'WAITING', ''], rows),
  };
};

export const show: Action = async ({ db }, { args }) => {
  const webhook = await findWebhook(db.knex, parseArgument(args, 0, 'webhook'));
  if (!webhook) throw webhookNotFound();
  return shown(webhook, (await findHead(db.pool)).seq);
};

export const test: Action = async (context, { args }) => {
  const id = parseArgument(args, 0, 'webhook');
  const egress = createEgress({ allow: context.config.egressAllow });
  const error = await testWebhook({ ...context, egress }, id);
  if (error !== undefined) {
    throw new AppError('webhook_not_delivered', `It was not taken: ${error}`, { status: 409 });
  }
  return { json: { id, delivered: true }, text: 'It was taken.' };
};

const replayOptions = z.object({ seq: wholeNumber.optional(), since: whenOption.optional() });

export const replay: Action = async (context, { args, options }) => {
  const id = parseArgument(args, 0, 'webhook');
  const { seq, since } = parseOptions(replayOptions, options);
  if ((seq === undefined) === (since === undefined)) throw new UsageError('Give either --seq or --since.');
  const from = since ? { since: since(context.clock.now()) } : { seq: seq ?? 0 };
  const webhook = await replayWebhook(context, id, { from, actor: ACTOR });
  return shown(webhook, (await findHead(context.db.pool)).seq);
};

export const disable: Action = async (context, { args }) => {
  const webhook = await disableWebhook(context, parseArgument(args, 0, 'webhook'), ACTOR);
  return shown(webhook, (await findHead(context.db.pool)).seq);
};

export const enable: Action = async (context, { args }) => {
  const webhook = await enableWebhook(context, parseArgument(args, 0, 'webhook'), ACTOR);
  return shown(webhook, (await findHead(context.db.pool)).seq);
};

export const remove: Action = async (context, { args }) => {
  const id = parseArgument(args, 0, 'webhook');
  await deleteWebhook(context, id, ACTOR);
  return { json: { id, deleted: true }, text: `The webhook ${id} is deleted.` };
};

function shown(webhook: Webhook, headSeq: number): Outcome {
  return { json: webhookToJson(webhook), text: describe(webhook, headSeq) };
}

function describe(webhook: Webhook, headSeq: number): string {
  return fields([
    ['id', webhook.id],
    ['name', webhook.name],
    ['url', shownUrl(webhook.url)],
    ['format', webhook.format],
    ['types', webhook.types.join(' ')],
    ['risk', webhook.minRisk > 0 ? `from ${webhook.minRisk} on` : ''],
    ['position', `${webhook.position} (${count(headSeq - webhook.position, 'event')} to be looked at)`],
    ['delivered', moment(webhook.deliveredAt)],
    ['state', stateOf(webhook)],
  ]);
}

function stateOf({ disabledAt, attempts, lastError, nextAttemptAt }: Webhook): string {
  if (disabledAt) return `disabled ${moment(disabledAt)}`;
  return attempts === 0
    ? ''
    : `failed ${count(attempts, 'time')} (${lastError ?? ''}), next ${moment(nextAttemptAt)}`;
}
