import type { Pool } from 'pg';

import { canonicalText, GENESIS, linkHash, type Head } from './chain.ts';
import {
  findHead,
  listLinks,
  listMissingProtections,
  listUnchained,
  type Link,
  type Place,
} from './chain-store.ts';
import type { CheckpointKey } from './checkpoint-keys.ts';
import { createFindings, type AuditFinding, type Findings } from './findings.ts';
import { verifyCheckpoints } from './verify-checkpoints.ts';

export interface VerifyContext {
  readonly pool: Pool;
  /** Whose signatures are believed. */
  readonly keys: readonly CheckpointKey[];
  readonly issuer: string;
  /** Ends it between two pages. */
  readonly signal?: AbortSignal | undefined;
}

export interface ChainReport {
  readonly ok: boolean;
  /** How many links were read, from which one on, and where the chain ended when that began. */
  readonly events: number;
  readonly fromSeq: number;
  readonly head: Head;
  /** Checkpoints whose signature is right and that agree with the chain. */
  readonly checkpoints: number;
  /** The last link that one of them vouches for. Whoever can write to the database may have remade what comes after. */
  readonly vouchedSeq: number;
  /** The first of them. */
  readonly findings: readonly AuditFinding[];
  /** With those that are not among `findings`. */
  readonly findingsCount: number;
}

/** Rows of one read: some megabytes. */
const PAGE = 5000;
/** Events whose links are looked for in one statement, which a statement's timeout bounds. */
const LOOKED_THROUGH = 50_000;
/** PostgreSQL's least `bigint`: whoever hides an event chooses its id. */
const FIRST_ID = -(2n ** 63n);
const LAST_ID = 2n ** 63n - 1n;

/** Where reading begins: with the link after one that is believed, of which the next one is made. */
interface Start extends Head {
  readonly firstEventId: bigint;
}

const BEGINNING: Start = { seq: 0, hash: GENESIS, firstEventId: FIRST_ID };

/**
 * Reads the whole log and checks everything it is to prove: every hash from the first event on, that no link is missing, that each
 * event has its link and each link its event, and that all checkpoints are genuine and agree, those of the database and `known`
 * ones, which were kept elsewhere and show what was cut off. Never more than two pages of it are in memory. With `last`, only so many
 * links at the end are read: the one before them is believed, and of the checkpoints those since. Throws the signal's reason.
 */
export async function verifyChain(
  ctx: VerifyContext,
  { known = [], last = Infinity }: { known?: readonly string[]; last?: number | undefined } = {},
): Promise<ChainReport> {
  const findings = createFindings();
  const head = await findHead(ctx.pool);
  const start = head.seq > last ? await findStart(ctx.pool, head.seq - last, findings) : BEGINNING;
  const events = await walkChain(ctx, { start, head }, findings);
  await findUnchained(ctx, start.firstEventId, findings);
  const vouched = await verifyCheckpoints(ctx, { known, head, findings, afterSeq: start.seq });
  for (const name of await listMissingProtections(ctx.pool)) {
    findings.add({ code: 'protection_missing', message: `The trigger ${name} is missing or switched off.` });
  }
  return {
    ok: findings.count() === 0,
    events,
    fromSeq: start.seq + 1,
    head,
    checkpoints: vouched.checkpoints,
    vouchedSeq: vouched.seq,
    findings: findings.list(),
    findingsCount: findings.count(),
  };
}

/** The link of that number. Where it is gone, everything is read: there is nothing to believe. */
async function findStart(pool: Pool, seq: number, findings: Findings): Promise<Start> {
  const before = { seq: seq - 1, eventId: Number.MAX_SAFE_INTEGER };
  const [link] = await listLinks(pool, { after: before, until: seq, limit: 1 });
  if (link) return { seq, hash: link.hash, firstEventId: BigInt(link.eventId) };
  findings.add({ code: 'link_missing', seq, message: `The link ${seq} is gone.` });
  return BEGINNING;
}

/** Returns how many links there are. */
async function walkChain(
  { pool, signal }: VerifyContext,
  { start, head }: { start: Start; head: Head },
  findings: Findings,
): Promise<number> {
  const readAfter = (after: Place) => listLinks(pool, { after, until: head.seq, limit: PAGE });
  const check = createLinkCheck(start, findings);
  let links = 0;
  let page = await readAfter({ seq: start.seq, eventId: start.seq === 0 ? 0 : Number.MAX_SAFE_INTEGER });
  for (let last = page.at(-1); last; last = page.at(-1)) {
    signal?.throwIfAborted();
    // The next one is under way while this one is hashed.
    const [next] = await Promise.all([readAfter(last), checkAll(page, check)]);
    links += page.length;
    page = next;
  }
  return links;
}

async function checkAll(links: readonly Link[], check: (link: Link) => void): Promise<void> {
  // Not before the statement has been sent.
  await Promise.resolve();
  for (const link of links) check(link);
}

/** Each link is held against the one before as it stands, so that one that was changed is found once and not all after it. */
function createLinkCheck(start: Head, findings: Findings): (link: Link) => void {
  let before = start;
  return (link) => {
    const { seq, eventId, hash, event } = link;
    const about = { seq, eventId, at: event ? new Date(event.occurredAt) : undefined };
    const expected = before.seq + 1;
    if (seq < expected) {
      findings.add({
        ...about,
        code: 'link_repeated',
        message: `There are two links with the number ${seq}.`,
      });
      return;
    }
    if (seq > expected) {
      const which =
        seq === expected + 1 ? `The link ${expected} is` : `The links ${expected} to ${seq - 1} are`;
      findings.add({ code: 'link_missing', seq: expected, message: `${which} gone.` });
    } else if (event === null) {
      findings.add({
        ...about,
        code: 'event_missing',
        message: `The event ${eventId} of link ${seq} is gone.`,
      });
    } else if (linkHash(before.hash, canonicalText(event)) !== hash) {
      const message = `The event ${eventId} is not the one that link ${seq} was made of, or the link was changed.`;
      findings.add({ ...about, code: 'event_changed', message });
    }
    before = { seq, hash };
  };
}

async function findUnchained(
  { pool, signal }: VerifyContext,
  first: bigint,
  findings: Findings,
): Promise<void> {
  let from = first;
  for (;;) {
    signal?.throwIfAborted();
    const events = await listUnchained(pool, { from, limit: LOOKED_THROUGH });
    for (const { id, occurredAt } of events.filter(({ isChained }) => !isChained)) {
      const message = `The event ${id} has no link: it was put in past the chain, or its link is gone.`;
      findings.add({ code: 'event_unchained', eventId: Number(id), at: occurredAt, message });
    }
    const last = events.at(-1);
    if (!last || last.id === LAST_ID) return;
    from = last.id + 1n;
  }
}
