import { record, type Actor } from '../audit/record.ts';
import type { Clock } from '../clock.ts';
import type { Config } from '../config/config.ts';
import { newId } from '../crypto/ids.ts';
import type { Database } from '../db/database.ts';
import { AppError } from '../errors.ts';
import { canonicalNetwork, checkNetwork, checkTerms, isLive, type AddressBlock } from './block.ts';
import { closeExpired, countUnlifted, findUnlifted, insertBlock, lockBlocks, saveTerms } from './store.ts';

export interface BlocksContext {
  readonly db: Database;
  readonly clock: Clock;
  readonly config: Pick<Config, 'trustedProxies'>;
}

export interface NewBlock {
  /** An address or CIDR. */
  readonly network: string;
  readonly reason: string;
  /** null: until it is lifted. */
  readonly expiresAt: Date | null;
  /** From where the operator asks, if that is known: nobody shuts themselves out. */
  readonly ownAddress?: string | undefined;
  readonly actor: Actor;
}

export interface Blocked {
  readonly block: AddressBlock;
  /** `unchanged`: it was blocked already, for at least as long. */
  readonly outcome: 'created' | 'prolonged' | 'unchanged';
}

/** Every process holds all of them in memory: about 20 MB. */
const BLOCKS_MAX = 100_000;

/**
 * Shuts a network out, on every process within a second. The same network again prolongs its block and never shortens it.
 * Throws `invalid_block` (400), `too_many_blocks` (409).
 */
export async function blockAddress({ db, clock, config }: BlocksContext, input: NewBlock): Promise<Blocked> {
  const network = canonicalNetwork(input.network);
  checkNetwork(network, { trustedProxies: config.trustedProxies, ownAddress: input.ownAddress });
  const now = clock.now();
  const terms = { reason: input.reason.trim(), expiresAt: input.expiresAt };
  checkTerms({ ...terms, now });
  return db.transaction(async (tx) => {
    await lockBlocks(tx);
    const present = await findUnlifted(tx, network);
    const isPresent = present !== undefined && isLive(present, now);
    if (isPresent && !isLater(terms.expiresAt, present.expiresAt))
      return { block: present, outcome: 'unchanged' };
    if (isPresent) {
      const block = { ...present, ...terms };
      await saveTerms(tx, block);
      await recordBlock(block, 'prolonged');
      return { block, outcome: 'prolonged' };
    }
    if (present) await closeExpired(tx, present.id);
    if ((await countUnlifted(tx)) >= BLOCKS_MAX) {
      throw new AppError('too_many_blocks', `There are ${BLOCKS_MAX} blocks already: block wider networks.`, {
        status: 409,
      });
    }
    const block = {
      id: newId('blk'),
      network,
      ...terms,
      createdAt: now,
      createdBy: input.actor,
      liftedAt: null,
    };
    await insertBlock(tx, block);
    await recordBlock(block, 'created');
    return { block, outcome: 'created' };

    function recordBlock(made: AddressBlock, outcome: string): Promise<void> {
      const { id, reason, expiresAt } = made;
      const detail = { id, network, reason, expiresAt, outcome };
      return record(tx, { occurredAt: now, type: 'address.blocked', actor: input.actor, detail });
    }
  });
}

function isLater(wanted: Date | null, present: Date | null): boolean {
  return present !== null && (wanted === null || wanted > present);
}
