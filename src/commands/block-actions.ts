import { z } from 'zod';

import { blockAddress } from '../blocks/block-address.ts';
import { listBlocks } from '../blocks/store.ts';
import { blockToJson } from '../documents/block.ts';
import { unblockAddress } from '../blocks/unblock-address.ts';
import { cursorOfMade, cut } from '../documents/page.ts';
import { ACTOR } from './actor.ts';
import { COMMAND } from './command-name.ts';
import { moment, paragraphs, table } from './outcome.ts';
import { durationSeconds, pageOptions, parseArgument, parseOptions } from './parse.ts';
import type { Action } from './run.ts';

const addOptions = z.object({ reason: z.string(), for: durationSeconds.optional() });

export const add: Action = async (context, { args, options: given }) => {
  const { reason, for: seconds } = parseOptions(addOptions, given);
  const { block, outcome } = await blockAddress(context, {
    network: parseArgument(args, 0, 'network'),
    reason,
    expiresAt: seconds === undefined ? null : new Date(context.clock.now().getTime() + seconds * 1000),
    actor: ACTOR,
  });
  const until = block.expiresAt === null ? 'until it is lifted' : `until ${moment(block.expiresAt)}`;
  const already = outcome === 'unchanged' ? ' already' : '';
  return {
    json: { ...blockToJson(block), outcome },
    text: `${block.network} is blocked${already}, ${until}. Undo with: ${COMMAND} blocks lift ${block.network}`,
  };
};

const listOptions = pageOptions.omit({ search: true }).extend({ all: z.boolean().default(false) });

export const list: Action = async ({ db, clock }, { options: given }) => {
  const { limit, after, all } = parseOptions(listOptions, given);
  const now = clock.now();
  const rows = await listBlocks(db.knex, { limit: limit + 1, after, now: all ? undefined : now });
  const { items, next } = cut(rows, limit, cursorOfMade);
  const cells = items.map((block) => [
    block.id,
    block.network,
    moment(block.createdAt),
    block.expiresAt === null ? 'it is lifted' : moment(block.expiresAt),
    block.liftedAt === null ? '' : `lifted ${moment(block.liftedAt)}`,
    block.reason,
  ]);
  return {
    json: { blocks: items.map(blockToJson), next },
    text: paragraphs(
      items.length === 0
        ? 'Nothing is blocked.'
        : table(['ID', 'NETWORK', 'SINCE', 'UNTIL', '', 'REASON'], cells),
      next !== null && `More: ${COMMAND} blocks list${all ? ' --all' : ''} --after ${next}`,
    ),
  };
};

export const lift: Action = async (context, { args }) => {
  const block = await unblockAddress(context, parseArgument(args, 0, 'block'), ACTOR);
  return { json: blockToJson(block), text: `${block.network} is let in again.` };
};
