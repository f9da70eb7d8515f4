/** A line of the stream names at most some thousand tokens; what is longer is not from our issuer. */
const LINE_LENGTH_MAX = 1024 * 1024;

export interface StreamEvent {
  readonly type: string;
  readonly data: string;
  readonly id: string | undefined;
}

export interface EventHandler {
  event(event: StreamEvent): void;
  /** A line that is only a sign of life. */
  comment(): void;
  /** The pause that the server asks for before the next connection. */
  retry(ms: number): void;
}

/**
 * Reads `text/event-stream` (WHATWG HTML §9.2.6) from pieces of any size. Lines end with CR, LF or both, and a piece may end between
 * the two. Throws when a line or an event grows beyond what our issuer writes.
 */
export function createEventParser(handler: EventHandler): (piece: string) => void {
  let rest = '';
  /** How much of `rest` was searched for an end of line already. */
  let searched = 0;
  let skipsLineFeed = false;
  let isFirst = true;
  let event = noEvent();

  function readLine(line: string): void {
    if (line === '') {
      if (event.data.length > 0) {
        handler.event({ type: event.type || 'message', data: event.data.join('\n'), id: event.id });
      }
      event = noEvent();
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return handler.comment();
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    readField(name, value);
  }

  function readField(name: string, value: string): void {
    if (name === 'event') event.type = value;
    else if (name === 'id') event.id = value;
    else if (name === 'retry' && /^\d{1,9}$/.test(value)) handler.retry(Number(value));
    else if (name === 'data') {
      event.length += value.length;
      if (event.length > LINE_LENGTH_MAX) throw new Error('an event of the stream is too long');
      event.data.push(value);
    }
  }

  return (piece) => {
    let text = piece;
    if (isFirst && text !== '') {
      isFirst = false;
      text = text.replace(/^\uFEFF/, '');
    }
    if (skipsLineFeed && text !== '') {
      skipsLineFeed = false;
      if (text.startsWith('\n')) text = text.slice(1);
    }
    rest += text;
    for (let end = findEnd(rest, searched); end >= 0; end = findEnd(rest, 0)) {
      const line = rest.slice(0, end);
      const isPair = rest[end] === '\r' && rest[end + 1] === '\n';
      skipsLineFeed = rest[end] === '\r' && end + 1 === rest.length;
      rest = rest.slice(end + (isPair ? 2 : 1));
      readLine(line);
    }
    searched = rest.length;
    if (rest.length > LINE_LENGTH_MAX) throw new Error('a line of the stream is too long');
  };
}

function noEvent(): { type: string; data: string[]; length: number; id: string | undefined } {
  return { type: '', data: [], length: 0, id: undefined };
}

function findEnd(text: string, from: number): number {
  const feed = text.indexOf('\n', from);
  const carriage = text.indexOf('\r', from);
  if (feed < 0 || carriage < 0) return Math.max(feed, carriage);
  return Math.min(feed, carriage);
}
