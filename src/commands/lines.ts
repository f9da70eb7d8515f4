/** Longer than any account with every claim at its longest. */
const LINE_BYTES_MAX = 128 * 1024;

export interface Line {
  readonly number: number;
  /** Undefined: it is too long, or not UTF-8. */
  readonly text: string | undefined;
  /** Up to here, its end included. */
  readonly bytes: number;
}

const NEWLINE = 0x0a;

/** The lines of a stream with no more of it in memory than one line may have; empty ones are passed over. */
export async function* readLines(chunks: AsyncIterable<Buffer | string>): AsyncGenerator<Line> {
  let rest: Buffer[] = [];
  let restBytes = 0;
  let number = 0;
  let bytes = 0;

  function line(last: Buffer): Line[] {
    number += 1;
    const text = restBytes > LINE_BYTES_MAX ? undefined : decode(Buffer.concat([...rest, last]), number);
    rest = [];
    restBytes = 0;
    return text === '' ? [] : [{ number, text, bytes }];
  }

  for await (const data of chunks) {
    const chunk = Buffer.from(data);
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      restBytes += end - start;
      bytes += end + 1 - start;
      yield* line(chunk.subarray(start, end));
      start = end + 1;
    }
    const open = chunk.subarray(start);
    bytes += open.length;
    restBytes += open.length;
    // What is too long already is only counted.
    if (restBytes <= LINE_BYTES_MAX) rest.push(open);
    else rest = [];
  }
  if (restBytes > 0) yield* line(Buffer.alloc(0));
}

function decode(line: Buffer, number: number): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(line);
    return (number === 1 ? text.replace(/^\ufeff/, '') : text).trim();
  } catch {
    return undefined;
  }
}
