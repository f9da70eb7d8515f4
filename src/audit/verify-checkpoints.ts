import type { Pool } from 'pg';

import type { Head } from './chain.ts';
import { findHashes } from './chain-store.ts';
import type { CheckpointKey } from './checkpoint-keys.ts';
import { readCheckpoint, type Checkpoint } from './checkpoint.ts';
import { countCheckpointsUntil, listCheckpoints } from './checkpoint-store.ts';
import type { Findings } from './findings.ts';

interface Context {
  readonly pool: Pool;
  readonly keys: readonly CheckpointKey[];
  readonly issuer: string;
  readonly signal?: AbortSignal | undefined;
}

interface Against {
  /** Kept outside of the database. */
  readonly known: readonly string[];
  readonly head: Head;
  readonly findings: Findings;
  /** Those about links up to this one are believed. */
  readonly afterSeq: number;
}

/** How many were right, and the last link that one of those is about. */
interface Vouched {
  checkpoints: number;
  seq: number;
}

const PAGE = 1000;

/** Holds every checkpoint against the chain, or those since a link. */
export async function verifyCheckpoints(ctx: Context, against: Against): Promise<Vouched> {
  const { known, findings } = against;
  const vouched: Vouched = { checkpoints: 0, seq: 0 };
  let last = against.afterSeq === 0 ? 0 : await countCheckpointsUntil(ctx.pool, against.afterSeq);
  for (;;) {
    ctx.signal?.throwIfAborted();
    const page = await listCheckpoints(ctx.pool, { after: last, limit: PAGE });
    if (page.length === 0) break;
    const read: Checkpoint[] = [];
    for (const stored of page) {
      if (stored.number !== last + 1) {
        const message = `Before the checkpoint ${stored.number} there is none with the number ${last + 1}.`;
        findings.add({ code: 'checkpoint_missing', seq: stored.seq, message });
      }
      last = stored.number;
      const checkpoint = readGenuine(ctx, stored.jws, `The checkpoint ${stored.number}`, findings);
      if (!checkpoint) continue;
      if (checkpoint.number === stored.number && checkpoint.seq === stored.seq) read.push(checkpoint);
      else {
        const message = `What is kept as checkpoint ${stored.number} is number ${checkpoint.number}, about link ${checkpoint.seq}.`;
        findings.add({ code: 'checkpoint_invalid', seq: stored.seq, message });
      }
    }
    await compare(ctx, read, against, vouched);
  }
  for (let start = 0; start < known.length; start += PAGE) {
    const read = known.slice(start, start + PAGE).flatMap((jws, index) => {
      const checkpoint = readGenuine(ctx, jws, `The given checkpoint ${start + index + 1}`, findings);
      return checkpoint ? [checkpoint] : [];
    });
    await compare(ctx, read, against, vouched);
    for (const { number, seq, at } of read) {
      if (number <= last) continue;
      const message = `The checkpoint ${number} was signed and is not in the database any more.`;
      findings.add({ code: 'checkpoint_missing', seq, at: new Date(at * 1000), message });
    }
  }
  return vouched;
}

function readGenuine(ctx: Context, jws: string, what: string, findings: Findings): Checkpoint | undefined {
  const read = readCheckpoint(jws, ctx);
  if (read.ok) return read.checkpoint;
  findings.add({ code: 'checkpoint_invalid', message: `${what} is not to be believed: ${read.reason}.` });
  return undefined;
}

async function compare(
  { pool }: Context,
  checkpoints: readonly Checkpoint[],
  { head, findings }: Against,
  vouched: Vouched,
): Promise<void> {
  const hashes = await findHashes(
    pool,
    checkpoints.map(({ seq }) => seq),
  );
  for (const { seq, hash, at } of checkpoints) {
    const found = hashes.get(seq);
    const about = { seq, at: new Date(at * 1000) };
    if (found === hash) {
      vouched.checkpoints += 1;
      vouched.seq = Math.max(vouched.seq, seq);
    } else if (found !== undefined) {
      const message = `Link ${seq} is not the one that was signed: it, or one before it, was made anew.`;
      findings.add({ ...about, code: 'chain_rewritten', message });
    } else if (seq > head.seq) {
      const message = `The chain ends at link ${head.seq}, and reached link ${seq} when that was signed: its end was cut off.`;
      findings.add({ ...about, code: 'chain_truncated', message });
    }
    // A link in the middle that is gone was found with the chain.
  }
}
