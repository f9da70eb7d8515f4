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

/** Bits that are 1 now, by list; lists with too many of them are named to be fetched again. */
export function revokedFrame(issuer: string, changes: readonly StatusChange[]): string {
  const lists: Record<string, number[]> = {};
  for (const { listId, indexes } of changes) (lists[statusListUri(issuer, listId)] ??= []).push(...indexes);
  const refetch = Object.keys(lists).filter((uri) => (lists[uri]?.length ?? 0) > NAMED_INDEXES_MAX);
  for (const uri of refetch) delete lists[uri];
  return frame('revoked', changes.at(-1)?.position ?? 0, {
    ...(Object.keys(lists).length > 0 ? { lists } : {}),
    ...(refetch.length > 0 ? { refetch } : {}),
  });
}

function frame(event: string, position: number, data: Readonly<Record<string, unknown>>): string {
  return `event: ${event}\nid: ${position}\ndata: ${JSON.stringify(data)}\n\n`;
}
