import type { Coverage } from './coverage.ts';
import type { StreamEvent } from './event-parser.ts';
import type { IssuerKeys } from './jwks.ts';
import { isObject, parseJsonObject } from './jwt-parts.ts';
import type { StatusLists } from './status-lists.ts';

/** What the stream says cannot be understood: nothing it said may be built on any more. */
export class StreamProtocolError extends Error {
  override readonly name = 'StreamProtocolError';
}

export interface StreamEventHandler {
  /** True when the stream is now complete up to the present. */
  (event: StreamEvent): boolean;
}

/**
 * What each event means for the lists and the keys. Events of a type that we do not know change nothing, and the position stays
 * where it was.
 */
export function createStreamEvents(
  coverage: Coverage,
  lists: StatusLists,
  keys: Pick<IssuerKeys, 'refresh' | 'expect'>,
): StreamEventHandler {
  return ({ type, data, id: idText }) => {
    if (type === 'keys') expectKeys(data);
    if (type !== 'ready' && type !== 'revoked' && type !== 'reset') return false;
    const id = readId(idText);
    if (type === 'revoked') {
      applyRevoked(id, data);
      return false;
    }
    const isContinued = type === 'ready' && coverage.ready(id);
    if (type === 'reset') coverage.reset(id);
    // What the stream cannot name may have been a key.
    if (!isContinued) keys.refresh();
    lists.realign();
    return true;
  };

  function expectKeys(data: string): void {
    const kids = parseJsonObject(data)?.['kids'];
    if (!isTexts(kids)) throw new StreamProtocolError('an event names no keys');
    keys.expect(kids);
  }

  function applyRevoked(id: number, data: string): void {
    const { lists: named = {}, refetch = [] } = parseJsonObject(data) ?? { lists: undefined, refetch: null };
    if (!isObject(named) || !isTexts(refetch)) throw new StreamProtocolError('an event cannot be read');
    const indexes = new Map<string, readonly number[]>();
    for (const [uri, revoked] of Object.entries(named)) {
      if (!isIndexes(revoked)) throw new StreamProtocolError('an event names no indexes');
      indexes.set(uri, revoked);
    }
    // The position first: a fetch that `changed` begins here has to bring this event along.
    coverage.advance(id);
    lists.revoked(id, indexes);
    lists.changed(id, refetch);
  }
}

function readId(text: string | undefined): number {
  if (text === undefined || !/^\d{1,15}$/.test(text))
    throw new StreamProtocolError('an event has no position');
  return Number(text);
}

function isIndexes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((idx) => Number.isSafeInteger(idx) && Number(idx) >= 0);
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === 'string');
}
