import { z } from 'zod';

import { blockAddress } from '../blocks/block-address.ts';
import { listBlocks } from '../blocks/store.ts';
import { unblockAddress } from '../blocks/unblock-address.ts';
import { blockDocument, blockToJson, newBlockDocument } from '../documents/block.ts';
import { cursorOfMade, cut } from '../documents/page.ts';
import { operation, pageOf, pageQuery, pathId } from './define.ts';
import type { Operation } from './operation.ts';

const READ = 'admin:blocks:read';
const WRITE = 'admin:blocks:write';

export const listBlocksOperation = operation({
  id: 'blocks.list',
  command: 'blocks list',
  method: 'GET',
  path: '/blocks',
  scope: READ,
  summary: 'Addresses and networks that are shut out, the latest first',
  query: pageQuery.extend({
    all: z.stringbool().default(false).describe('Those too that are over or lifted'),
  }),
  answer: pageOf('blocks', blockDocument),
  async run({ db, clock }, { query: { limit, after, all } }) {
    const now = all ? undefined : clock.now();
    const found = await listBlocks(db.knex, { limit: limit + 1, after, now });
    const { items, next } = cut(found, limit, cursorOfMade);
    return { blocks: items.map(blockToJson), next };
  },
});

export const createBlockOperation = operation({
  id: 'blocks.create',
  command: 'blocks add',
  method: 'POST',
  path: '/blocks',
  scope: WRITE,
  summary: 'Shut an address or a network out, on every process within a second; again: for longer',
  body: newBlockDocument,
  status: 201,
  answer: blockDocument.extend({ outcome: z.enum(['created', 'prolonged', 'unchanged']) }),
  async run(context, { body, operator: { actor, address } }) {
    const { block, outcome } = await blockAddress(context, {
      network: body.network,
      reason: body.reason,
      expiresAt: body.expires_at === undefined ? null : new Date(body.expires_at),
      ownAddress: address,
      actor,
    });
    return { ...blockToJson(block), outcome };
  },
});

export const liftBlockOperation = operation({
  id: 'blocks.lift',
  command: 'blocks lift',
  method: 'DELETE',
  path: '/blocks/{block_id}',
  scope: WRITE,
  summary: 'Let a network in again; by the id of its block, or the network itself',
  params: pathId('block_id'),
  answer: blockDocument,
  run: async (context, { params: { block_id: id }, operator: { actor } }) =>
    blockToJson(await unblockAddress(context, id, actor)),
});

export const blockOperations: readonly Operation[] = [
  listBlocksOperation,
  createBlockOperation,
  liftBlockOperation,
];
