import { createBlockOperation, liftBlockOperation, listBlocksOperation } from '../admin/blocks.ts';
import { perform } from '../admin/perform.ts';
import { isLive } from '../blocks/block.ts';
import { stateOf } from '../http/middleware.ts';
import type { ConsoleContext, Done, Screen, Visit } from './context.ts';
import { command } from './equivalents.ts';
import { filled } from './form.ts';
import { pageOf, textOf } from './list.ts';
import { namesOf } from './names.ts';
import { can } from './operator.ts';
import { idsOf, partyOf } from './party.ts';
import { show } from './show.ts';
import { instantOf } from './when.ts';

const MINUTE_MS = 60_000;

export const blocks: Screen = {
  path: '/blocks',
  scope: 'admin:blocks:read',
  entry: { group: 'Security', label: 'Blocked addresses' },
  async get(context, visit) {
    const { ctx, fields, operator } = visit;
    const { given, query, pager } = pageOf(visit, ['all']);
    const { document } = await perform(context, listBlocksOperation, { query }, operator);
    const now = context.clock.now();
    const names = await namesOf(context, visit, idsOf(document.blocks.map((block) => block.created_by)));
    show(context, visit, 'console-blocks', {
      withThoseOver: given.all === 'true',
      blocks: document.blocks.map((block) => {
        const expiresAt = dateOf(block.expires_at);
        const liftedAt = dateOf(block.lifted_at);
        return {
          id: block.id,
          network: block.network,
          reason: block.reason,
          by: partyOf(block.created_by, names),
          since: new Date(block.created_at),
          expiresAt,
          liftedAt,
          isLive: isLive({ expiresAt: expiresAt ?? null, liftedAt: liftedAt ?? null }, now),
        };
      }),
      pager: pager(document.next),
      values: { network: textOf(ctx.query['network']) ?? '', ...fields },
      ownAddress: stateOf(ctx).address,
      equivalent: {
        command: command('blocks add 203.0.113.7', ['--reason', 'guesses passwords'], ['--for', '2h']),
      },
      mayWrite: can(operator, 'admin:blocks:write'),
    });
  },
  actions: { block: { run: block }, lift: { run: lift } },
};

async function block(context: ConsoleContext, { fields, operator }: Visit): Promise<Done> {
  const now = context.clock.now();
  const until = instantOf(fields['until'], { now, meant: 'future', label: 'Until' });
  const body = {
    network: filled(fields['network']) ?? '',
    reason: filled(fields['reason']) ?? '',
    ...(until === undefined ? {} : { expires_at: until }),
  };
  const { document } = await perform(context, createBlockOperation, { body }, operator);
  const { network } = document;
  const messages = {
    created: `${network} is answered with nothing but 403, by every process within a second.`,
    prolonged: `${network} was blocked already; now it is for longer.`,
    unchanged: `${network} is blocked already, for at least as long.`,
  };
  const minutes =
    until === undefined ? undefined : Math.ceil((Date.parse(until) - now.getTime()) / MINUTE_MS);
  const line = command(
    `blocks add ${network}`,
    ['--reason', body.reason],
    ['--for', minutes === undefined ? undefined : `${minutes}m`],
  );
  return { to: '/blocks', notice: { message: messages[document.outcome], command: line } };
}

async function lift(context: ConsoleContext, { fields, operator }: Visit): Promise<Done> {
  const params = { block_id: fields['block'] ?? '' };
  const { document } = await perform(context, liftBlockOperation, { params }, operator);
  const { id, network } = document;
  return {
    to: '/blocks',
    notice: { message: `${network} is let in again.`, command: command(`blocks lift ${id}`) },
  };
}

function dateOf(instant: string | null): Date | undefined {
  return instant === null ? undefined : new Date(instant);
}
