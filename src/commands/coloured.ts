import type { WriteStream } from 'node:tty';

/** SGR codes: green, yellow, red, bright red. */
const COLOURS: Readonly<Record<string, number>> = { '+': 32, '~': 33, '-': 31, '!': 91 };

/** Lines by their first mark, on a terminal that shows colours and whose owner wants them (NO_COLOR). */
export function coloured(text: string, stream: Partial<Pick<WriteStream, 'isTTY' | 'hasColors'>>): string {
  if (stream.isTTY !== true || stream.hasColors?.() !== true) return text;
  return text
    .split('\n')
    .map((line) => {
      const colour = COLOURS[/^\s*([+~!-]) /.exec(line)?.[1] ?? ''];
      return colour === undefined ? line : `\u001b[${colour}m${line}\u001b[39m`;
    })
    .join('\n');
}
