import { record, type Actor } from '../audit/record.ts';
import { AppError } from '../errors.ts';
import { parseCidr, networkOf } from '../http/ip.ts';
import type { AddressBlock } from './block.ts';
import type { BlocksContext } from './block-address.ts';
import { liftBlock, lockBlocks } from './store.ts';

/** Lets a network in again; `block` is the id of its block or the network as it was blocked. Throws `block_not_found` (404). */
export async function unblockAddress(
  { db, clock }: Pick<BlocksContext, 'db' | 'clock'>,
  block: string,
  actor: Actor,
): Promise<AddressBlock> {
  const cidr = parseCidr(block.trim());
  const network = cidr && networkOf(cidr, cidr.bits);
  return db.transaction(async (tx) => {
    await lockBlocks(tx);
    const now = clock.now();
    const lifted = await liftBlock(tx, { id: block, network, now });
    if (!lifted)
      throw new AppError('block_not_found', 'Nothing is blocked under this id or network.', { status: 404 });
    const detail = { id: lifted.id, network: lifted.network };
    await record(tx, { occurredAt: now, type: 'address.unblocked', actor, detail });
    return lifted;
  });
}
