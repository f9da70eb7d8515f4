import { NAMED_INDEXES_MAX, statusListUri, type StatusChange } from '../revocation/status-list.ts';

/** Text of the stream of revocations (HTML Standard, "server-sent events"). Made once, sent to every reader. */

/** A reader that was cut off comes back after so many milliseconds. */
const RETRY_MS = 250;

export const STREAM_HEAD = `retry: ${RETRY_MS}\n\n`;

/** A comment: it says that nothing is missing. */
export const HEARTBEAT = ':\n\n';

/** Everything up to `position` has been told; what follows is new. */
export function readyFrame(position: number): string {
  return frame('ready', position, {});
}

/** The keys of the JWKS now. It has no position: it is told to every reader at its start, and again whenever they change. */
export function keysFrame(kids: readonly string[]): string {
  return `event: keys\ndata: ${JSON.stringify({ kids })}\n\n`;
}

/** What happened since the reader was last here cannot be told: it fetches its lists again. */
export function resetFrame(position: number): string {
  return frame('reset', position, {});
}

/** A quarter of what a reader may leave unread (stream-readers.ts): one frame alone must not make it look slow. */
const FRAME_BYTES_MAX = 64 * 1024;
/** Seven digits and a comma. */
const INDEX_BYTES = 8;
/** Quotes, brackets and commas around the address of a list. */
const PUNCTUATION_BYTES = 8;

/** Bits that are 1 now, by list; where they are too many, lists to be fetched again; where these are too many, all. */
export function revokedFrame(issuer: string, changes: readonly StatusChange[]): string {
  const position = changes.at(-1)?.position ?? 0;
  const byList = Map.groupBy(changes, ({ listId }) => statusListUri(issuer, listId));
  const counted = Array.from(byList, ([uri, ofList]) => ({ uri, ofList, bits: countBits(ofList) }));
  let room = counted.reduce((left, { uri }) => left - uri.length - PUNCTUATION_BYTES, FRAME_BYTES_MAX);
  if (room < 0) return resetFrame(position);
  const lists: Record<string, readonly number[]> = {};
  const refetch: string[] = [];
  for (const { uri, ofList, bits } of counted.toSorted((a, b) => a.bits - b.bits)) {
    room -= bits * INDEX_BYTES;
    if (room < 0 || bits > NAMED_INDEXES_MAX) refetch.push(uri);
    else lists[uri] = ofList.flatMap(({ indexes }) => indexes);
  }
  return frame('revoked', position, {
    ...(Object.keys(lists).length > 0 ? { lists } : {}),
    ...(refetch.length > 0 ? { refetch } : {}),
  });
}

function countBits(changes: readonly StatusChange[]): number {
  return changes.reduce((sum, { indexes }) => sum + indexes.length, 0);
}

function frame(event: string, position: number, data: Readonly<Record<string, unknown>>): string {
  return `event: ${event}\nid: ${position}\ndata: ${JSON.stringify(data)}\n\n`;
}
