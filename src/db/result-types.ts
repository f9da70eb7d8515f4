import { types } from 'pg';

/**
 * How columns arrive. `int8` is a number (counts, ids, epoch seconds: all far below 2^53, and one that is not throws rather
 * than lose digits); `timestamptz` is a Date; `date` stays text, as a day has no time zone to be shifted by. `numeric` stays
 * text too, as everywhere in pg.
 */
export const resultTypes = {
  getTypeParser(oid: number, format?: string) {
    if (format === 'binary') return types.getTypeParser(oid, 'binary');
    return parsers.get(oid) ?? types.getTypeParser(oid, 'text');
  },
};

const parsers = new Map<number, (text: string) => unknown>([
  [types.builtins.INT8, safeInteger],
  [types.builtins.DATE, (text) => text],
]);

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint ${text} does not fit a JavaScript number`);
  return value;
}
