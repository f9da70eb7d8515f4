import type { Pool } from 'pg';

import type { Clock } from '../clock.ts';
import { createBatch } from '../db/batch.ts';
import { createFollower } from '../db/follower.ts';
import type { Bus } from '../db/listen.ts';
import type { Logger } from '../log.ts';
import {
  NAMED_INDEXES_MAX,
  readIndexes,
  setBit,
  STATUS_CHANNEL,
  type StatusChange,
  type StatusList,
} from './status-list.ts';
import {
  findLastPosition,
  findListExpiries,
  findStatusLists,
  listStatusChanges,
  listStatusLists,
  readStatusNews,
} from './status-store.ts';

/**
 * What a process knows of the status of tokens: the changes of all lists, followed by LISTEN and by a poll, and the bits of
 * those lists that somebody has asked for. Revocations of every process arrive here in the order of their positions.
 */
export interface StatusBoard {
  /** Everything up to here is known. */
  position(): number;
  /** How long ago that was last true for certain. Not by the clock: one that is set back would make a silent database look fresh. */
  confirmedMsAgo(): number;
  /** Makes sure that nothing is missing of what was committed before this call; rejects when the database cannot say. */
  confirm(): Promise<void>;
  /** Undefined when there is no such list, or its last token has died. */
  find(id: string): Promise<BoardList | undefined>;
  list(): Promise<readonly StatusList[]>;
  /** Changes after a position, those of very many bits abridged to NAMED_INDEXES_MAX + 1; undefined when they are too many, or the position is not one of ours. */
  since(position: number): Promise<readonly StatusChange[] | undefined>;
  /** Called after every change, in order; `undefined`: the database was put back, and nothing that was told holds any more. */
  onChange(listener: (changes: readonly StatusChange[] | undefined) => void): () => void;
  close(): Promise<void>;
}

export interface BoardList extends StatusList {
  /** Undefined while nothing in it was revoked. */
  readonly bits: Uint8Array | undefined;
  /** Grows whenever bits change. */
  readonly version: number;
}

interface Held {
  readonly id: string;
  readonly size: number;
  expiresAt: Date;
  bits: Uint8Array | undefined;
  version: number;
}

/** A list on its way from the database, and what changed in it meanwhile. */
interface Loading {
  readonly list: Promise<Held | undefined>;
  readonly missed: (readonly number[])[];
}

/** Of one statement; after a long outage there are several. */
const CHANGES_PER_LOOK = 500;
/** Each may come with 4 MB of changes. */
const LISTS_PER_STATEMENT = 16;
/** A reader that has missed more is better off with new lists. */
const REPLAYED_MAX = 1000;
/** Changes kept in memory for readers that come back: a server that restarts has all of them at once. */
const RECENT_MAX = 1000;
/**
 * A list is made for a day and let go of with its last token (status-lease.ts), which is mostly an hour or two later: as often as
 * this we see which ones need not be held any more.
 */
const EXPIRIES_MS = 60_000;
const PAST = new Date(0);
/** Our ids; anything else is not worth a query. */
const LIST_ID = /^stl_[0-9A-Za-z]{22}$/;

interface Context {
  readonly pool: Pool;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
  /** Told how long a change took from its transaction to here, in seconds. */
  readonly observe: (seconds: number) => void;
}

export async function createStatusBoard(ctx: Context): Promise<StatusBoard> {
  const { pool, clock } = ctx;
  // Anybody may ask, also for ids that are made up: however many do, it is one statement at a time.
  const read = createBatch({
    run: (ids: string[]) => findStatusLists(pool, ids),
    maxItems: LISTS_PER_STATEMENT,
    maxParallel: 1,
  });
  const readAll = createBatch<undefined, readonly StatusList[]>({
    run: async (askers) => {
      const lists = await listStatusLists(pool, clock.now());
      return askers.map(() => lists);
    },
    maxItems: Number.MAX_SAFE_INTEGER,
    maxParallel: 1,
  });
  const held = new Map<string, Held>();
  const loading = new Map<string, Loading>();
  const listeners = new Set<(changes: readonly StatusChange[] | undefined) => void>();
  let recent: StatusChange[] = [];
  let expiriesReadAtMs = clock.now().getTime();
  let confirmedAtMs = performance.now();
  let { position } = await readStatusNews(pool, { after: Number.MAX_SAFE_INTEGER, limit: 1 });

  async function refresh(): Promise<void> {
    const startedAtMs = performance.now();
    // Alone while nothing changes: no lock, no transaction.
    let last = await findLastPosition(pool);
    if (last < position) startOver(last);
    while (position < last) {
      const news = await readStatusNews(pool, { after: position, limit: CHANGES_PER_LOOK });
      apply(news.changes);
      ({ position: last } = news);
      if (news.changes.length < CHANGES_PER_LOOK) position = last;
    }
    confirmedAtMs = startedAtMs;
    await dropExpired();
  }

  function apply(changes: readonly StatusChange[]): void {
    const lastChange = changes.at(-1);
    if (!lastChange) return;
    for (const change of changes) {
      loading.get(change.listId)?.missed.push(change.indexes);
      const list = held.get(change.listId);
      if (list) setBits(list, change.indexes);
      ctx.observe(Math.max(0, (clock.now().getTime() - change.changedAt.getTime()) / 1000));
    }
    position = lastChange.position;
    recent = [...recent, ...changes.map(abridged)].slice(-RECENT_MAX);
    for (const listener of listeners) listener(changes);
  }

  /** The database is an older copy of itself: a position stands for something else now. */
  function startOver(last: number): void {
    ctx.log.warn({ position, last }, 'the database was put back; status lists are read again');
    held.clear();
    loading.clear();
    recent = [];
    position = last;
    for (const listener of listeners) listener(undefined);
  }

  async function dropExpired(): Promise<void> {
    const nowMs = clock.now().getTime();
    if (Math.abs(nowMs - expiriesReadAtMs) >= EXPIRIES_MS) {
      expiriesReadAtMs = nowMs;
      const lists = [...held.values()];
      const expiries = await findListExpiries(pool, [...held.keys()]);
      for (const list of lists) list.expiresAt = expiries.get(list.id) ?? PAST;
    }
    for (const [id, list] of held) if (list.expiresAt.getTime() <= nowMs) held.delete(id);
  }

  function load(id: string): Loading {
    const missed: (readonly number[])[] = [];
    const list = read(id).then((stored) => {
      const isCurrent = loading.get(id) === entry;
      if (isCurrent) loading.delete(id);
      if (!stored) return undefined;
      const found: Held = { ...stored, bits: undefined, version: 0 };
      if (stored.changes) setBits(found, readIndexes(stored.changes));
      for (const indexes of missed) setBits(found, indexes);
      if (isCurrent) held.set(id, found);
      return found;
    });
    const entry = { list, missed };
    loading.set(id, entry);
    list.catch(() => loading.get(id) === entry && loading.delete(id));
    return entry;
  }

  const follower = createFollower({ what: 'revocations', log: ctx.log }, refresh);
  const unsubscribe = ctx.bus.subscribe(
    STATUS_CHANNEL,
    () => follower.now(),
    () => follower.now(),
  );

  return {
    position: () => position,
    confirmedMsAgo: () => performance.now() - confirmedAtMs,
    confirm: () => follower.look(),
    async find(id) {
      if (!LIST_ID.test(id)) return undefined;
      const list = held.get(id) ?? (await (loading.get(id) ?? load(id)).list);
      return list && list.expiresAt > clock.now() ? list : undefined;
    },
    list: () => readAll(undefined),
    async since(from) {
      if (from > position) await follower.look();
      if (from > position || from < 0) return undefined;
      const [oldest] = recent;
      if (from === position) return [];
      if (oldest && from >= oldest.position - 1) return recent.filter((change) => change.position > from);
      const until = position;
      const changes = await listStatusChanges(pool, {
        after: from,
        limit: REPLAYED_MAX + 1,
        indexesMax: NAMED_INDEXES_MAX + 1,
      });
      return changes.length > REPLAYED_MAX ? undefined : changes.filter((change) => change.position <= until);
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      unsubscribe();
      await follower.stop();
    },
  };
}

/** A mass revocation is remembered as one of too many bits to be named: a thousand of them would fill the memory. */
function abridged(change: StatusChange): StatusChange {
  return { ...change, indexes: change.indexes.slice(0, NAMED_INDEXES_MAX + 1) };
}

function setBits(list: Held, indexes: readonly number[]): void {
  list.bits ??= new Uint8Array(list.size / 8);
  for (const index of indexes) setBit(list.bits, index);
  list.version += 1;
}
