import {
  createWebhookOperation,
  deleteWebhookOperation,
  disableWebhookOperation,
  enableWebhookOperation,
  listWebhooksOperation,
  replayWebhookOperation,
  showWebhookOperation,
  testWebhookOperation,
} from '../admin/webhooks.ts';
import { perform } from '../admin/perform.ts';
import { EXPORT_FORMATS } from '../audit/export.ts';
import { httpError } from '../http/errors.ts';
import type { ConsoleContext, Done, Screen, Visit } from './context.ts';
import { command } from './equivalents.ts';
import { filled, words } from './form.ts';
import { pageOf } from './list.ts';
import { can } from './operator.ts';
import { show } from './show.ts';
import { instantOf, isSpan } from './when.ts';

export const webhooks: Screen = {
  path: '/webhooks',
  scope: 'admin:webhooks:read',
  entry: { group: 'Settings', label: 'Webhooks' },
  async get(context, visit) {
    const { fields, operator } = visit;
    const { query, pager } = pageOf(visit, []);
    const { document } = await perform(context, listWebhooksOperation, { query }, operator);
    show(context, visit, 'console-webhooks', {
      webhooks: document.webhooks.map((webhook) => ({
        id: webhook.id,
        name: webhook.name,
        url: webhook.url,
        format: webhook.format,
        types: webhook.types,
        minRisk: webhook.min_risk,
        deliveredAt: webhook.delivered_at === null ? undefined : new Date(webhook.delivered_at),
        failures: webhook.attempts,
        lastError: webhook.last_error ?? undefined,
        nextAttemptAt: new Date(webhook.next_attempt_at),
        isDisabled: webhook.disabled_at !== null,
      })),
      pager: pager(document.next),
      values: fields,
      formats: [...EXPORT_FORMATS],
      equivalent: {
        command: command(
          'webhooks create',
          ['--name', 'SIEM'],
          ['--url', 'https://siem.example.com/guichet'],
        ),
      },
      mayWrite: can(operator, 'admin:webhooks:write'),
    });
  },
  actions: {
    create: { run: create, fresh: true },
    test: { run: test },
    replay: { run: replay },
    disable: { run: disable },
    enable: { run: enable },
    delete: { run: remove, fresh: true },
  },
};

async function create(context: ConsoleContext, { fields, operator }: Visit): Promise<Done> {
  const risk = filled(fields['min_risk']);
  const types = words(fields['types']);
  const body = {
    name: filled(fields['name']) ?? '',
    url: filled(fields['url']) ?? '',
    format: EXPORT_FORMATS.find((format) => format === fields['format']) ?? 'jsonl',
    types,
    ...(risk === undefined ? {} : { min_risk: Number(risk) }),
  };
  const { document } = await perform(context, createWebhookOperation, { body }, operator);
  const line = command(
    'webhooks create',
    ['--name', body.name],
    ['--url', body.url],
    ['--format', body.format],
    ['--type', types],
    ['--min-risk', risk],
  );
  const message = 'What happens from now on is sent there. Test it before you rely on it.';
  const { secret } = document;
  const label =
    'Its secret, with which the receiver verifies what it gets (Standard Webhooks). It is shown this once:';
  return {
    to: '/webhooks',
    notice: { message, command: line, ...(secret === null ? {} : { secret: { label, value: secret } }) },
  };
}

async function test(context: ConsoleContext, visit: Visit): Promise<Done> {
  const { name } = await read(context, visit);
  const request = { params: asked(visit) };
  const { document } = await perform(context, testWebhookOperation, request, visit.operator);
  if (!document.delivered)
    throw httpError('invalid_request', `${name} did not take it: ${document.error ?? ''}`);
  return said(visit, `${name} took an event of the type webhook.test.`, 'test');
}

/** Whatever happened since a time; receivers know by `webhook-id` what they had. */
async function replay(context: ConsoleContext, visit: Visit): Promise<Done> {
  const typed = filled(visit.fields['since']);
  const now = context.clock.now();
  const since = instantOf(typed, { now, meant: 'past', label: 'Since' });
  if (typed === undefined || since === undefined)
    throw httpError('invalid_request', 'Say since when everything is to be sent again.');
  const request = { params: asked(visit), body: { since } };
  const { document } = await perform(context, replayWebhookOperation, request, visit.operator);
  const { webhook_id: id } = asked(visit);
  const message = `${document.name} is sent again what happened since ${since}.`;
  const line = command(`webhooks replay ${id}`, ['--since', isSpan(typed) ? typed : since]);
  return { to: '/webhooks', notice: { message, command: line } };
}

async function disable(context: ConsoleContext, visit: Visit): Promise<Done> {
  const { document } = await perform(
    context,
    disableWebhookOperation,
    { params: asked(visit) },
    visit.operator,
  );
  return said(visit, `${document.name} is sent nothing; once enabled, it gets everything since.`, 'disable');
}

async function enable(context: ConsoleContext, visit: Visit): Promise<Done> {
  const { document } = await perform(
    context,
    enableWebhookOperation,
    { params: asked(visit) },
    visit.operator,
  );
  return said(visit, `${document.name} goes on where it was.`, 'enable');
}

async function remove(context: ConsoleContext, visit: Visit): Promise<Done> {
  const { name } = await read(context, visit);
  if (visit.fields['confirmation'] !== name) {
    throw httpError('invalid_request', 'To delete the webhook, type its name.');
  }
  await perform(context, deleteWebhookOperation, { params: asked(visit) }, visit.operator);
  return said(visit, `${name} is sent nothing any more.`, 'delete');
}

async function read(context: ConsoleContext, visit: Visit) {
  const { document } = await perform(context, showWebhookOperation, { params: asked(visit) }, visit.operator);
  return document;
}

function asked({ fields }: Visit) {
  return { webhook_id: fields['webhook'] ?? '' };
}

function said(visit: Visit, message: string, verb: string): Done {
  const { webhook_id: id } = asked(visit);
  return { to: '/webhooks', notice: { message, command: command(`webhooks ${verb} ${id}`) } };
}
