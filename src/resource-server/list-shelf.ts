import type { ListToken } from './list-token.ts';

/** 512 lists of a million tokens each. */
const BYTES_MAX = 64 * 1024 * 1024;
const LISTS_MAX = 4_096;

export interface CachedList extends ListToken {
  readonly uri: string;
  /** Up to where in the order of revocations the list is complete; other issuers do not say. */
  readonly position: number | undefined;
  readonly etag: string | undefined;
  readonly loadedAt: number;
  /** When the issuer last said, by itself, that this is the list. */
  readonly confirmedAt: number;
  /** Positions are compared within one epoch of the stream only. */
  epoch: number;
  /** The position up to which the list was complete when it came; -1 when it does not say. */
  readonly completeTo: number;
  /** The stream has said that the list is not what it was. */
  isBehind: boolean;
  usedAt: number;
}

export interface ListShelf {
  find(uri: string): CachedList | undefined;
  all(): CachedList[];
  keep(list: CachedList): CachedList;
}

/** Lists in memory, up to a number of bytes; the one that was not used for longest goes first. */
export function createListShelf(): ListShelf {
  const lists = new Map<string, CachedList>();
  let bytes = 0;

  function drop(list: CachedList): void {
    lists.delete(list.uri);
    bytes -= list.bytes.byteLength;
  }

  return {
    find: (uri) => lists.get(uri),
    all: () => [...lists.values()],
    keep(list) {
      const before = lists.get(list.uri);
      if (before) drop(before);
      while (lists.size > 0 && (bytes + list.bytes.byteLength > BYTES_MAX || lists.size >= LISTS_MAX)) {
        drop([...lists.values()].reduce((oldest, other) => (other.usedAt < oldest.usedAt ? other : oldest)));
      }
      lists.set(list.uri, list);
      bytes += list.bytes.byteLength;
      return list;
    },
  };
}
