import { z } from 'zod';

import { instant } from '../documents/document.ts';
import { newWebhookDocument, webhookDocument, webhookToJson } from '../documents/webhook.ts';
import { httpError } from '../http/errors.ts';
import { deleteWebhook, disableWebhook, enableWebhook, replayWebhook } from '../webhooks/change-webhook.ts';
import { createWebhook } from '../webhooks/create-webhook.ts';
import { findWebhook, listWebhooks } from '../webhooks/store.ts';
import { testWebhook } from '../webhooks/test-webhook.ts';
import { webhookNotFound } from '../webhooks/webhook.ts';
import { cursorOfMade, cut } from '../documents/page.ts';
import { operation, pageOf, pageQuery, pathId } from './define.ts';
import type { Operation } from './operation.ts';

const READ = 'admin:webhooks:read';
const WRITE = 'admin:webhooks:write';
const params = pathId('webhook_id');

export const listWebhooksOperation = operation({
  id: 'webhooks.list',
  command: 'webhooks list',
  method: 'GET',
  path: '/webhooks',
  scope: READ,
  summary: 'Where events of the audit log go as they happen',
  query: pageQuery,
  answer: pageOf('webhooks', webhookDocument),
  async run({ db }, { query: { limit, after } }) {
    const found = await listWebhooks(db.knex, { limit: limit + 1, after });
    const { items, next } = cut(found, limit, cursorOfMade);
    return { webhooks: items.map(webhookToJson), next };
  },
});

export const createWebhookOperation = operation({
  id: 'webhooks.create',
  command: 'webhooks create',
  method: 'POST',
  path: '/webhooks',
  scope: WRITE,
  summary:
    'Send everything that happens from now on to an endpoint or a syslog server; its secret is shown this once',
  body: newWebhookDocument,
  status: 201,
  answer: webhookDocument.extend({
    secret: z.string().nullable().describe('`whsec_…`; a syslog server has none'),
  }),
  async run(context, { body: { min_risk: minRisk, ...body }, operator: { actor } }) {
    const given = { ...body, ...(minRisk !== undefined && { minRisk }) };
    const { webhook, secret } = await createWebhook(context, { ...definedOf(given), actor });
    return { ...webhookToJson(webhook), secret: secret ?? null };
  },
});

export const showWebhookOperation = operation({
  id: 'webhooks.show',
  command: 'webhooks show',
  method: 'GET',
  path: '/webhooks/{webhook_id}',
  scope: READ,
  summary: 'One webhook',
  params,
  answer: webhookDocument,
  async run({ db }, { params: { webhook_id: id } }) {
    const webhook = await findWebhook(db.knex, id);
    if (!webhook) throw webhookNotFound();
    return webhookToJson(webhook);
  },
});

export const testWebhookOperation = operation({
  id: 'webhooks.test',
  command: 'webhooks test',
  method: 'POST',
  path: '/webhooks/{webhook_id}/test',
  scope: WRITE,
  summary: 'Send it an event that is in no log, once and at once',
  params,
  answer: z.strictObject({ delivered: z.boolean(), error: z.string().nullable() }),
  outside: true,
  async run(context, { params: { webhook_id: id } }) {
    const error = await testWebhook(context, id);
    return { delivered: error === undefined, error: error ?? null };
  },
});

export const replayWebhookOperation = operation({
  id: 'webhooks.replay',
  command: 'webhooks replay',
  method: 'POST',
  path: '/webhooks/{webhook_id}/replay',
  scope: WRITE,
  summary: 'Send everything again from a link of the log or from a time on; receivers know what they had',
  params,
  body: z.strictObject({ seq: z.int().min(0).optional(), since: instant.optional() }),
  answer: webhookDocument,
  async run(context, { params: { webhook_id: id }, body: { seq, since }, operator: { actor } }) {
    if ((seq === undefined) === (since === undefined))
      throw httpError('invalid_request', 'Give either seq or since.');
    const from = since === undefined ? { seq: seq ?? 0 } : { since: new Date(since) };
    return webhookToJson(await replayWebhook(context, id, { from, actor }));
  },
});

export const disableWebhookOperation = operation({
  id: 'webhooks.disable',
  command: 'webhooks disable',
  method: 'POST',
  path: '/webhooks/{webhook_id}/disable',
  scope: WRITE,
  summary: 'Send it nothing until it is enabled; then everything since',
  params,
  answer: webhookDocument,
  run: async (context, { params: { webhook_id: id }, operator: { actor } }) =>
    webhookToJson(await disableWebhook(context, id, actor)),
});

export const enableWebhookOperation = operation({
  id: 'webhooks.enable',
  command: 'webhooks enable',
  method: 'POST',
  path: '/webhooks/{webhook_id}/enable',
  scope: WRITE,
  summary: 'Go on where it was, at once',
  params,
  answer: webhookDocument,
  run: async (context, { params: { webhook_id: id }, operator: { actor } }) =>
    webhookToJson(await enableWebhook(context, id, actor)),
});

export const deleteWebhookOperation = operation({
  id: 'webhooks.delete',
  command: 'webhooks delete',
  method: 'DELETE',
  path: '/webhooks/{webhook_id}',
  scope: WRITE,
  summary: 'Send it nothing any more, and forget it',
  params,
  status: 204,
  answer: z.null(),
  async run(context, { params: { webhook_id: id }, operator: { actor } }) {
    await deleteWebhook(context, id, actor);
    return null;
  },
});

export const webhookOperations: readonly Operation[] = [
  listWebhooksOperation,
  createWebhookOperation,
  showWebhookOperation,
  deleteWebhookOperation,
  disableWebhookOperation,
  enableWebhookOperation,
  testWebhookOperation,
  replayWebhookOperation,
];

/** Of optional members that were not given, nothing is said. */
function definedOf<T extends object>(given: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never;
}
