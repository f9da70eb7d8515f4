import type { Pool } from 'pg';

import type { Clock } from '../clock.ts';
import { addressPrefix } from '../http/client-address.ts';
import type { Logger } from '../log.ts';
import { printable, toLine, type Decision, type DecisionLine } from './decision.ts';
import type { Notes } from './explain.ts';
import { insertDecisions } from './store.ts';

/** Keeps explanations without anybody waiting for it: written at most a second later, together, and when the process stops. */
export interface DecisionLog {
  /** Never throws. What is too much for this minute is dropped. */
  add(decision: Omit<Decision, 'lines'>, notes: Pick<Notes, 'lines' | 'later'>): void;
  /** Resolves when everything added before is written, or has failed to be. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

interface Waiting {
  readonly decision: Omit<Decision, 'lines'>;
  readonly notes: Pick<Notes, 'lines' | 'later'>;
}

const FLUSH_MS = 500;
/** Of one process: refused requests cost a row each, and nobody may fill the disk with them. */
const PER_MINUTE_MAX = 600;
/**
 * Of one address (IPv6: /64): one that sends nonsense must not crowd out the explanation somebody else will ask for. What was
 * refused because it was too much counts apart, or it would never be explained.
 */
const PER_ADDRESS_MINUTE_MAX = 120;
const LINES_MAX = 20;
const CLIENT_ID_LENGTH_MAX = 255;

export function createDecisionLog({
  pool,
  clock,
  log,
}: {
  pool: Pool;
  clock: Clock;
  log: Logger;
}): DecisionLog {
  let waiting: Waiting[] = [];
  let running = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  let minute = { at: 0, count: 0, dropped: 0, byAddress: new Map<string, number>() };

  function admits({ address, status }: Pick<Decision, 'address' | 'status'>): boolean {
    const at = Math.floor(clock.now().getTime() / 60_000);
    if (at !== minute.at) {
      if (minute.dropped > 0)
        log.warn({ dropped: minute.dropped }, 'explanations were dropped: too many in a minute');
      minute = { at, count: 0, dropped: 0, byAddress: new Map() };
    }
    const key = `${address === null ? '' : addressPrefix(address)} ${status === 429}`;
    const ofAddress = minute.byAddress.get(key) ?? 0;
    if (minute.count >= PER_MINUTE_MAX || ofAddress >= PER_ADDRESS_MINUTE_MAX) {
      minute.dropped += 1;
      return false;
    }
    minute.count += 1;
    minute.byAddress.set(key, ofAddress + 1);
    return true;
  }

  async function write(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    try {
      const decisions: Decision[] = [];
      for (const each of batch)
        decisions.push({ ...toParties(each.decision), lines: await linesOf(each, log) });
      await insertDecisions(pool, decisions);
    } catch (error) {
      // A database that is away must not make this queue grow; the log has the refusals at level debug.
      log.warn({ err: error, lost: batch.length }, 'explanations could not be kept');
    }
  }

  function flush(): Promise<void> {
    running = running.then(write);
    return running;
  }

  return {
    add(decision, notes) {
      if (!admits(decision)) return;
      waiting.push({ decision, notes });
      if (timer) return;
      timer = setTimeout(() => void flush(), FLUSH_MS);
      timer.unref();
    },
    flush,
    close: flush,
  };
}

/** The client may be whatever somebody sent in its place, a secret for instance. */
function toParties(decision: Omit<Decision, 'lines'>): Omit<Decision, 'lines'> {
  const { clientId } = decision;
  return {
    ...decision,
    clientId: clientId === null ? null : printable(clientId).slice(0, CLIENT_ID_LENGTH_MAX),
  };
}

async function linesOf({ decision, notes }: Waiting, log: Logger): Promise<DecisionLine[]> {
  const lines: DecisionLine[] = [...notes.lines];
  for (const work of notes.later) {
    try {
      lines.push(...(await work()));
    } catch (error) {
      log.warn({ err: error, requestId: decision.requestId }, 'a refusal could not be explained');
    }
  }
  return lines.slice(0, LINES_MAX).map(toLine);
}
