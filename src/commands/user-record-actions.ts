import { z } from 'zod';

import { exportAccount } from '../account/export-account.ts';
import { listAccountEvents } from '../audit/store.ts';
import { cut } from '../documents/page.ts';
import { ACTOR } from './actor.ts';
import { COMMAND } from './command-name.ts';
import { moment, paragraphs, table } from './outcome.ts';
import { pageOptions, parseArgument, parseOptions } from './parse.ts';
import type { Action } from './run.ts';
import { getUserByName } from './user-actions.ts';

const activityOptions = z.object({
  limit: pageOptions.shape.limit,
  before: z
    .string()
    .regex(/^\d{1,18}$/, 'must be the number of an event')
    .optional(),
});

export const activity: Action = async ({ db }, { args, options }) => {
  const { limit, before } = parseOptions(activityOptions, options);
  const name = parseArgument(args, 0, 'user');
  const { id } = await getUserByName(db.knex, name);
  const events = await listAccountEvents(db.pool, { accountId: id, before, limit: limit + 1 });
  const { items, next } = cut(events, limit, ({ id }) => id);
  const rows = items.map((event) => [
    moment(event.occurredAt),
    event.type,
    event.actor,
    event.clientId ?? '',
    event.address ?? '',
  ]);
  return {
    json: {
      events: items.map((event) => ({
        id: event.id,
        occurred_at: event.occurredAt,
        type: event.type,
        actor: event.actor,
        client_id: event.clientId,
        address: event.address,
        detail: event.detail,
      })),
      next,
    },
    text: paragraphs(
      items.length === 0 ? 'Nothing has happened.' : table(['AT', 'WHAT', 'BY', 'CLIENT', 'ADDRESS'], rows),
      next !== null && `More: ${COMMAND} users activity ${name} --before ${next}`,
    ),
  };
};

/** The same document with and without `--json`: it is meant to be handed over. */
export const exportOne: Action = async (context, { args }) => {
  const account = await getUserByName(context.db.knex, parseArgument(args, 0, 'user'));
  const json = await exportAccount(context, account, { actor: ACTOR });
  return { json, text: JSON.stringify(json, null, 2) };
};
