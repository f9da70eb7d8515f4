import { once } from 'node:events';

import { z } from 'zod';

import { checkpointKeys, publicJwkOf } from '../audit/checkpoint-keys.ts';
import { readCheckpoint } from '../audit/checkpoint.ts';
import { listLatestCheckpoints } from '../audit/checkpoint-store.ts';
import { EXPORT_FORMATS, exportEvents, exportLine } from '../audit/export.ts';
import { makeCheckpoint } from '../audit/make-checkpoint.ts';
import { searchEvents } from '../audit/search.ts';
import { eventToJson } from '../documents/event.ts';
import { parseCidr } from '../http/ip.ts';
import { cut, eventCursor, toCursor } from '../documents/page.ts';
import { moment, paragraphs, table } from './outcome.ts';
import { pageOptions, parseOptions, texts, wholeNumber } from './parse.ts';
import type { Action } from './run.ts';
import { whenOption } from './when.ts';

const score = wholeNumber.pipe(z.number().max(100, 'must be at most 100')).optional();

const listOptions = z.object({
  type: z.string().optional(),
  actor: z.string().optional(),
  client: z.string().optional(),
  user: z.string().optional(),
  address: z
    .string()
    .refine((text) => parseCidr(text) !== undefined, 'must be an address or a network (CIDR)')
    .optional(),
  request: z.string().optional(),
  since: whenOption.optional(),
  until: whenOption.optional(),
  minRisk: score,
  limit: pageOptions.shape.limit,
  after: eventCursor.optional(),
});

export const list: Action = async ({ db, clock }, { options }) => {
  const { client, user, request, since, until, limit, after, ...filter } = parseOptions(listOptions, options);
  const now = clock.now();
  const found = await searchEvents(
    db.pool,
    {
      ...filter,
      clientId: client,
      accountId: user,
      requestId: request,
      since: since?.(now),
      until: until?.(now),
    },
    { after, limit: limit + 1 },
  );
  const { items, next } = cut(found, limit, ({ occurredAt: at, id }) => toCursor({ at, id }));
  const rows = items.map((event) => [
    event.id,
    moment(event.occurredAt),
    event.type,
    event.actor,
    event.clientId ?? '',
    event.accountId ?? '',
    event.address ?? '',
    event.risk ? `${event.risk.score} ${event.risk.reasons.join(', ')}` : '',
  ]);
  const headers = ['ID', 'AT', 'TYPE', 'BY', 'CLIENT', 'USER', 'FROM', 'RISK'];
  return {
    json: { events: items.map(eventToJson), next },
    text:
      items.length === 0
        ? 'Nothing of the kind happened.'
        : paragraphs(table(headers, rows), next !== null && `There are more: --after ${next}`),
  };
};

const exportOptions = z.object({
  format: z.enum(EXPORT_FORMATS).default('jsonl'),
  since: whenOption.optional(),
  until: whenOption.optional(),
  type: texts,
  minRisk: score,
});

export const exportLog: Action = async ({ db, clock }, { options }) => {
  const { format, since, until, type, minRisk } = parseOptions(exportOptions, options);
  const now = clock.now();
  const selection = { since: since?.(now), until: until?.(now), types: type, minRisk };
  for await (const event of exportEvents(db.pool, selection)) {
    const isTaken = process.stdout.write(`${exportLine(event, format)}\n`);
    if (!isTaken) await once(process.stdout, 'drain');
  }
  return { json: null, text: '', isPrinted: true };
};

const checkpointOptions = z.object({ limit: pageOptions.shape.limit, make: z.boolean().default(false) });

export const checkpoints: Action = async (context, { options }) => {
  const { limit, make } = parseOptions(checkpointOptions, options);
  const { db, config, secrets } = context;
  if (make) await makeCheckpoint(context, { atOnce: true });
  const keys = checkpointKeys(secrets);
  const stored = await listLatestCheckpoints(db.pool, limit);
  const read = stored.map(({ number, seq, jws }) => {
    const what = readCheckpoint(jws, { keys, issuer: config.issuer });
    return { number, seq, jws, read: what };
  });
  const rows = read.map(({ number, seq, read: what }) => [
    String(number),
    String(seq),
    what.ok ? moment(new Date(what.checkpoint.at * 1000)) : '',
    what.ok ? what.checkpoint.hash : `not to be believed: ${what.reason}`,
  ]);
  return {
    json: {
      checkpoints: read.map(({ number, seq, jws, read: what }) => ({
        number,
        seq,
        hash: what.ok ? what.checkpoint.hash : null,
        at: what.ok ? new Date(what.checkpoint.at * 1000) : null,
        jws,
      })),
    },
    text:
      rows.length === 0
        ? 'There are no checkpoints yet: the server makes one a minute after the first event.'
        : table(['NUMBER', 'EVENTS', 'SIGNED', 'HASH'], rows),
  };
};

export const key: Action = ({ secrets }) => {
  const keys = checkpointKeys(secrets).map(publicJwkOf);
  return Promise.resolve({ json: { keys }, text: keys.map((jwk) => JSON.stringify(jwk)).join('\n') });
};
