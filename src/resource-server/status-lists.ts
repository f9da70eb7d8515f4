/**
 * The issuer's status lists, kept in memory (Token Status List §8). A list is good for its `ttl`; while the stream of revocations is live
 * it is good for as long as it has everything the stream has said. What a list knows and what the stream says are compared by
 * *position*, so that no revocation falls between a list that was written before it and a stream that was opened after it.
 */
import { ageOf } from './age.ts';
import type { Coverage } from './coverage.ts';
import type { Issuer } from './issuer-context.ts';
import { createListShelf, type CachedList } from './list-shelf.ts';
import { beginFlight, type ListFlight } from './list-flight.ts';
import { fetchList } from './fetch-list.ts';
import { pause } from './pause.ts';
import { markRevoked } from './status-bits.ts';
import type { KeySource } from './verifier.ts';

/** A list from a process of the issuer that is some milliseconds behind the one with the stream is asked for again. */
const LAG_MS = 50;
const ATTEMPTS_MAX = 6;

/** An answer that took longer than a fetch may was read by a process that stood still meanwhile: it says what was true before. */
const LATE_MS = 3_000;

/** After a failure, whoever needs the list is answered at once while one more attempt runs behind. */
const FAILING_MS = 10_000;
const FAILED_COOLDOWN_MS = 500;
const FAILURES_MAX = 1_000;

/** When the stream says that lists are to be fetched again, those used so lately are fetched without being asked for. */
const WARM_MS = 60_000;

/** Lists that the stream keeps up to date are renewed for their signature's sake alone, and never more often than this. */
const RENEW_MS_MIN = 10_000;

export interface StatusLists {
  find(uri: string): CachedList | undefined;
  /** Whether the list may answer now. */
  isGood(list: CachedList): boolean;
  /** Milliseconds since the list was the whole truth. */
  ageOf(list: CachedList): number;
  /** Notes that the list was used, and renews it ahead of time. */
  touch(list: CachedList): void;
  /** A list that may answer now. */
  load(uri: string): Promise<CachedList>;
  /** Whether the last attempt failed lately. Begins another one behind. */
  isFailing(uri: string): boolean;
  revoked(id: number, indexes: ReadonlyMap<string, readonly number[]>): void;
  changed(id: number, uris: readonly string[]): void;
  /** Lists of another epoch, or not known to be complete, are worth less than the stream: fetch those in use. */
  realign(): void;
}

export function createStatusLists(issuer: Issuer, keys: KeySource, coverage: Coverage): StatusLists {
  const { now } = issuer;
  const shelf = createListShelf();
  const loading = new Map<string, { promise: Promise<CachedList>; flight: ListFlight }>();
  const failures = new Map<string, number>();

  /** Whether every event since the list was written has been applied to it, as far as the stream has come. */
  function isAligned(list: CachedList): boolean {
    const { from } = coverage;
    return from !== undefined && list.epoch === coverage.epoch && list.completeTo >= from && !list.isBehind;
  }

  function since(time: number): number {
    return ageOf(time, now());
  }

  function ageOfList(list: CachedList): number {
    const own = since(list.confirmedAt);
    return isAligned(list) ? Math.min(own, since(coverage.confirmedAt)) : own;
  }

  function isGood(list: CachedList): boolean {
    if (list.isBehind || (list.expiresAt !== undefined && now() >= list.expiresAt)) return false;
    if (coverage.isLive()) {
      if (isAligned(list)) return true;
      // The stream knows more than this list; only one without a position cannot be compared.
      if (list.position !== undefined) return false;
    }
    return ageOfList(list) < list.ttlMs;
  }

  function isDue(list: CachedList): boolean {
    if (!coverage.isLive() || !isAligned(list)) return ageOfList(list) > list.ttlMs / 2;
    if (list.expiresAt === undefined || since(list.confirmedAt) < RENEW_MS_MIN) return false;
    return now() > (list.loadedAt + list.expiresAt) / 2;
  }

  function load(uri: string): Promise<CachedList> {
    const known = loading.get(uri);
    if (known) return known.promise;
    const entry = { flight: depart(), promise: Promise.resolve().then(run) };
    loading.set(uri, entry);
    return entry.promise;

    async function run(): Promise<CachedList> {
      try {
        const list = await loadAligned(uri, entry);
        failures.delete(uri);
        return list;
      } catch (cause) {
        noteFailure(uri);
        throw cause;
      } finally {
        loading.delete(uri);
      }
    }
  }

  function depart(): ListFlight {
    return beginFlight(coverage.epoch, coverage.to);
  }

  /** Until a list is here that has everything it must have. Events go to `entry.flight` meanwhile. */
  async function loadAligned(uri: string, entry: { flight: ListFlight }): Promise<CachedList> {
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt += 1) {
      const begunAt = now();
      const before = shelf.find(uri);
      // An answer without a position says too little the first time; the second time everything is asked for.
      const etag = before && attempt <= 2 && mayBeConfirmed(before) ? before.etag : undefined;
      const fetched = await fetchList(issuer, keys, uri, etag);
      const position = fetched.position ?? (fetched.isNew ? undefined : before?.position);
      const found = fetched.isNew
        ? { ...fetched.list, etag: fetched.etag, loadedAt: begunAt }
        : (shelf.find(uri) ?? before);
      const { flight } = entry;
      const isLate = since(begunAt) > Math.max(found?.ttlMs ?? 0, LATE_MS);
      if (!found || isLate || flight.epoch !== coverage.epoch) {
        entry.flight = depart();
      } else if (isBehind(position, flight, before, attempt)) {
        await pause(LAG_MS, issuer.closed);
      } else if (flight.land(found, position)) {
        const completeTo = position === undefined ? -1 : Math.max(position, coverage.to ?? -1);
        const rest = { confirmedAt: begunAt, usedAt: now(), epoch: flight.epoch, isBehind: false };
        return shelf.keep({ ...found, ...rest, uri, position, completeTo });
      } else {
        entry.flight = depart();
      }
    }
    throw new Error('the list does not have what the stream has said already');
  }

  /** After a break in the order of positions a list may have bits that the issuer has not, so "not modified" means nothing. */
  function mayBeConfirmed(list: CachedList): boolean {
    const isOld = list.expiresAt !== undefined && list.expiresAt - now() < list.ttlMs;
    return !isOld && list.epoch === coverage.epoch;
  }

  function isBehind(
    position: number | undefined,
    { floor }: ListFlight,
    before: CachedList | undefined,
    attempt: number,
  ): boolean {
    if (position === undefined) return false;
    // A stream that was opened during the fetch has not told of what came before it.
    const needed = Math.max(floor ?? -1, coverage.from ?? -1);
    if (needed >= 0) return position < needed;
    // Without a stream a list should not go backwards either; but an issuer that was restored is believed in the end.
    return before !== undefined && position < before.completeTo && attempt < ATTEMPTS_MAX;
  }

  function noteFailure(uri: string): void {
    if (failures.size >= FAILURES_MAX) failures.clear();
    failures.set(uri, now());
  }

  function behind(uri: string): void {
    // Whoever needs the list finds out by itself that it cannot be had.
    void load(uri).catch(() => undefined);
  }

  function isWarm({ usedAt }: CachedList): boolean {
    return since(usedAt) < WARM_MS;
  }

  return {
    find: (uri) => shelf.find(uri),
    isGood,
    ageOf: ageOfList,
    load,
    touch(list) {
      list.usedAt = now();
      if (!isDue(list) || loading.has(list.uri)) return;
      if (since(failures.get(list.uri) ?? -Infinity) >= FAILED_COOLDOWN_MS) behind(list.uri);
    },
    isFailing(uri) {
      const failedAt = failures.get(uri);
      if (failedAt === undefined || since(failedAt) > FAILING_MS) return false;
      if (since(failedAt) >= FAILED_COOLDOWN_MS) behind(uri);
      return true;
    },
    revoked(id, indexes) {
      for (const [uri, revoked] of indexes) {
        const list = shelf.find(uri);
        if (list) for (const idx of revoked) markRevoked(list, idx);
        loading.get(uri)?.flight.revoked(id, revoked);
      }
    },
    changed(id, uris) {
      for (const uri of uris) {
        loading.get(uri)?.flight.changed(id);
        const list = shelf.find(uri);
        if (!list) continue;
        list.isBehind = true;
        if (isWarm(list)) behind(uri);
      }
    },
    realign() {
      for (const list of shelf.all()) {
        // A list that knows more than the stream is of a process that is ahead, or of a time before the issuer was restored.
        if (list.completeTo > (coverage.to ?? -1)) list.epoch = -1;
        if (!isAligned(list) && list.position !== undefined && isWarm(list)) behind(list.uri);
      }
    },
  };
}
