import { describe, expect, test } from 'vitest';

import { readLines } from '../../src/commands/lines.ts';
import { createProgress } from '../../src/commands/progress.ts';

async function linesOf(
  ...chunks: readonly (string | Buffer)[]
): Promise<[number, string | undefined, number][]> {
  const found: [number, string | undefined, number][] = [];
  for await (const { number, text, bytes } of readLines(stream(chunks))) found.push([number, text, bytes]);
  return found;
}

async function* stream(chunks: readonly (string | Buffer)[]): AsyncGenerator<string | Buffer> {
  yield* chunks;
}

describe('lines', () => {
  test('are found wherever the stream is cut, with their numbers and where they end', async () => {
    const whole = Buffer.from('{"a":1}\r\n\n{"é":2}\n{"c":3}');
    const expected = [
      [1, '{"a":1}', 9],
      [3, '{"é":2}', 19],
      [4, '{"c":3}', 26],
    ];
    for (let cut = 0; cut <= whole.length; cut += 1) {
      expect(await linesOf(whole.subarray(0, cut), whole.subarray(cut))).toEqual(expected);
    }
  });

  test('a byte order mark is none of the first', async () => {
    expect(await linesOf('\ufeff{}\n')).toEqual([[1, '{}', 6]]);
  });

  test('one that is too long, or not UTF-8, is passed over, and the next is read', async () => {
    const long = Array.from({ length: 40 }, () => 'x'.repeat(10_000));
    expect(await linesOf(...long, '\n{}\n')).toEqual([
      [1, undefined, 400_001],
      [2, '{}', 400_004],
    ]);
    expect(await linesOf(Buffer.from([0xff, 0x0a, 0x7b, 0x7d]))).toEqual([
      [1, undefined, 2],
      [2, '{}', 4],
    ]);
  });
});

describe('progress', () => {
  function draw(isTTY: boolean, bytesTotal: number | undefined): string {
    let text = '';
    let now = 0;
    const progress = createProgress(
      { isTTY, write: (more) => (text += more) },
      { noun: 'lines', bytesTotal, nowMs: () => now },
    );
    for (const items of [1000, 1500, 2000]) {
      now += 150;
      progress.update({ items, bytes: items * 10 });
    }
    progress.end();
    return text.replaceAll('\r\u001b[K', '|');
  }

  test('is a bar with rate and time left, not drawn at every step, and gone at the end', () => {
    expect(draw(true, 80_000)).toBe(
      '|[###.....................]  12 %  1 000 lines  6 667/s  2 s left|[######..................]  25 %  2 000 lines  4 444/s  2 s left|',
    );
  });

  test('of a pipe it knows no end, and says nothing where nobody looks', () => {
    expect(draw(true, undefined)).toBe('|1 000 lines  6 667/s|2 000 lines  4 444/s|');
    expect(draw(false, 80_000)).toBe('');
  });
});
