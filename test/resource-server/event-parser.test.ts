import { expect, test } from 'vitest';

import { createEventParser } from '../../src/resource-server/event-parser.ts';

function parse(pieces: readonly string[]): string[] {
  const seen: string[] = [];
  const push = createEventParser({
    event: ({ type, id, data }) => seen.push(`${type} ${id} ${data}`),
    comment: () => seen.push(':'),
    retry: (ms) => seen.push(`retry ${ms}`),
  });
  for (const piece of pieces) push(piece);
  return seen;
}

const TEXT =
  'retry: 250\n\n: hello\nevent: revoked\nid: 42\ndata: {"a":\ndata:1}\n\n:\n\nevent: ready\nid: 43\ndata: {}\n\n';
const SEEN = ['retry 250', ':', 'revoked 42 {"a":\n1}', ':', 'ready 43 {}'];

test.each(['\n', '\r', '\r\n'])('events are the same with any line end (%j) and cut anywhere', (end) => {
  const text = TEXT.replaceAll('\n', end);
  expect(parse([text])).toEqual(SEEN);
  expect(parse(text.split(''))).toEqual(SEEN);
  for (let at = 1; at < text.length; at += 1)
    expect(parse([text.slice(0, at), text.slice(at)])).toEqual(SEEN);
});

test('a byte order mark is skipped, an event without data is none, an unfinished one is not passed on', () => {
  expect(
    parse(['\uFEFFevent: ready\nid: 1\ndata: {}\n\nevent: x\nid: 2\n\nevent: revoked\nid: 3\ndata: {}\n']),
  ).toEqual(['ready 1 {}']);
});

test('a line or an event without end is refused', () => {
  expect(() => parse(Array.from({ length: 200 }, () => 'x'.repeat(10_000)))).toThrow('too long');
  expect(() => parse(Array.from({ length: 200 }, () => `data: ${'x'.repeat(10_000)}\n`))).toThrow('too long');
});
