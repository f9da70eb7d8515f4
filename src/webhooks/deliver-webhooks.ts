import type { Config } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import { findHead } from '../audit/chain-store.ts';
import { readSelected, type SelectedEvent } from '../audit/export.ts';
import type { Logger } from '../log.ts';
import { disableWebhook } from './change-webhook.ts';
import { sendEvents, type SendContext } from './send.ts';
import { claimWebhooks, saveFailure, saveProgress, type ClaimedWebhook } from './store.ts';
import type { Webhook } from './webhook.ts';

export interface DeliveryContext extends SendContext {
  readonly db: Database;
  readonly log: Logger;
  readonly config: Pick<Config, 'mode' | 'egressAllow'>;
}

/** How soon an event leaves; the look costs one row of each webhook. */
const POLL_MS = 1000;
/** Links that are looked through at a time. */
const PAGE = 500;
/** Requests under way at one receiver, and lines of one connection. What was sent of them when a process dies is sent again. */
const AT_ONCE = { http: 10, syslog: 500 } as const;
/** For this long a webhook belongs to the process that claimed it, or last moved on: longer than any one attempt. */
const CLAIM_MS = 30_000;
/** Waits between attempts double up to five minutes. It is never given up: a SIEM that was down for a week has missed nothing. */
const FIRST_WAIT_MS = 2000;
const WAIT_MS_MAX = 300_000;
/** Webhooks at a time; there are not more. */
const LANES_MAX = 20;

/**
 * Runs on every process; a webhook is served by one of them at a time, and waits for no other. At least once: whatever was sent after
 * the position was last written is sent again when a process dies, with the same `webhook-id`.
 */
export function startWebhookDelivery(ctx: DeliveryContext): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const lanes = new Map<string, Promise<void>>();
  let looking: Promise<void> | undefined;

  const look = async (): Promise<void> => {
    try {
      for (const webhook of await claim(ctx, [...lanes.keys()])) {
        const lane = serve(ctx, webhook, stopping.signal).finally(() => lanes.delete(webhook.id));
        lanes.set(webhook.id, lane);
      }
    } catch (error) {
      ctx.log.warn({ err: error }, 'webhooks are waiting for the database');
    }
    looking = undefined;
  };
  const timer = setInterval(() => {
    looking ??= look();
  }, POLL_MS);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      stopping.abort();
      await looking;
      await Promise.all(lanes.values());
    },
  };
}

/** Sends what is due at this moment to whomever it is for, until they have it or refuse. */
export async function deliverDue(ctx: DeliveryContext): Promise<void> {
  const { signal } = new AbortController();
  await Promise.all((await claim(ctx, [])).map((webhook) => serve(ctx, webhook, signal)));
}

type Claimed = Webhook & Pick<ClaimedWebhook, 'sealedSecret'>;

async function claim({ db, clock }: DeliveryContext, except: readonly string[]): Promise<Claimed[]> {
  const now = clock.now();
  const limit = LANES_MAX - except.length;
  const claimed = await claimWebhooks(db.pool, { now, until: claimEnd(now), except, limit });
  return claimed.map(({ webhook, sealedSecret }) => Object.assign(webhook, { sealedSecret }));
}

async function serve(ctx: DeliveryContext, claimed: Claimed, signal: AbortSignal): Promise<void> {
  const { db, log } = ctx;
  try {
    let { position } = claimed;
    for (;;) {
      const head = await findHead(db.pool);
      const page = await readSelected(db.pool, claimed, { after: position, limit: PAGE });
      // Of a chain from which somebody removed events there may be nothing to read up to its end.
      const end = page.at(-1)?.seq ?? head.seq;
      const reached = await sendPage(ctx, claimed, { from: position, page, end, signal });
      if (reached === undefined || signal.aborted || page.length < PAGE) return;
      position = reached;
    }
  } catch (error) {
    // The claim ends by itself.
    log.warn({ webhook: claimed.id, err: error }, 'a webhook is waiting for the database');
  }
}

interface Page {
  readonly from: number;
  readonly page: readonly SelectedEvent[];
  readonly end: number;
  readonly signal: AbortSignal;
}

/** Where it is then; undefined when it is not to go on. */
async function sendPage(ctx: DeliveryContext, claimed: Claimed, { from, page, end, signal }: Page) {
  const { db, clock } = ctx;
  const { id } = claimed;
  const selected = page.filter(({ isSelected }) => isSelected);
  const size = AT_ONCE[claimed.kind];
  let position = from;
  for (let start = 0; start < selected.length; start += size) {
    const events = selected.slice(start, start + size);
    const { taken, error, isGone } = await sendEvents(ctx, claimed, events);
    const reached = events[taken - 1]?.seq ?? position;
    const isLast = error === undefined && start + size >= selected.length;
    if (!isLast && reached > position) {
      const now = clock.now();
      if (
        !(await saveProgress(db.pool, { id, from: position, position: reached, now, until: claimEnd(now) }))
      )
        return undefined;
      position = reached;
    }
    if (error !== undefined) {
      await fail(ctx, claimed, { position, error, isGone: isGone === true, hadProgress: position > from });
      return undefined;
    }
    if (signal.aborted && !isLast) return undefined;
  }
  const now = clock.now();
  // More of it may be waiting already.
  const until = page.length < PAGE ? now : claimEnd(now);
  return (await saveProgress(db.pool, { id, from: position, position: end, now, until })) ? end : undefined;
}

async function fail(
  ctx: DeliveryContext,
  { id, attempts: before }: Claimed,
  failure: { position: number; error: string; isGone: boolean; hadProgress: boolean },
): Promise<void> {
  const { db, clock, log } = ctx;
  const { position, error, isGone, hadProgress } = failure;
  if (isGone) {
    log.warn({ webhook: id }, 'a webhook is wanted no more and was disabled');
    await disableWebhook(ctx, id, 'system');
    return;
  }
  const attempts = hadProgress ? 0 : before;
  const waitMs = Math.min(FIRST_WAIT_MS * 2 ** Math.min(attempts, 20), WAIT_MS_MAX);
  log.info({ webhook: id, attempts, reason: error }, 'a webhook was not delivered and will be tried again');
  const nextAttemptAt = new Date(clock.now().getTime() + waitMs);
  await saveFailure(db.pool, { id, from: position, error, nextAttemptAt });
}

function claimEnd(now: Date): Date {
  return new Date(now.getTime() + CLAIM_MS);
}
