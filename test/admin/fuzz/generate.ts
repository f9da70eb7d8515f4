/** A part of JSON Schema (draft 2020-12), as the OpenAPI document holds it. */
export interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly contentEncoding?: string;
}

/** Numbers that are drawn alike from the same seed (mulberry32). */
export type Draw = () => number;

export function seeded(seed: number): Draw {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d_2b_79_f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(draw: Draw, from: readonly T[]): T {
  const chosen = from[Math.floor(draw() * from.length)];
  if (chosen === undefined) throw new RangeError('nothing to pick from');
  return chosen;
}

/** What nobody who is honest sends. Each has broken some server. */
const NASTY: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  -0,
  2 ** 53,
  2 ** 31,
  0.5,
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\udfff',
  '%00',
  '../../etc/passwd',
  '__proto__',
  'constructor',
  'toString',
  "'; DROP TABLE clients; --",
  '${7*7}',
  '<script>alert(1)</script>',
  '\u202e\u0007\r\nSet-Cookie: a=b',
  'é'.repeat(300),
  'x'.repeat(5000),
  'https://example.org/\ud83d\ude00',
  '1e999',
  'NaN',
  [],
  {},
  [[[[[[]]]]]],
  { __proto__: null, constructor: 1 },
  ['a', 1, null],
  Array.from({ length: 3000 }, () => 'a'),
  { toString: 'a', valueOf: 1, hasOwnProperty: null },
];

/** A value that the schema allows, mostly; `known` are ids and names that there are. */
export function valid(schema: Schema, draw: Draw, known: readonly string[]): unknown {
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return pick(draw, schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return valid(pick(draw, choices), draw, known);
  switch (schema.type) {
    case 'object':
      return validObject(schema, draw, known);
    case 'array':
      return Array.from({ length: Math.floor(draw() * 3) }, () => valid(schema.items ?? {}, draw, known));
    case 'integer':
    case 'number':
      return validNumber(schema, draw);
    case 'boolean':
      return draw() < 0.5;
    case 'null':
      return null;
    case 'string':
      return validString(schema, draw, known);
    default:
      return pick(draw, known);
  }
}

function validObject(schema: Schema, draw: Draw, known: readonly string[]): Record<string, unknown> {
  const members = Object.entries(schema.properties ?? {}).filter(
    ([name]) => schema.required?.includes(name) === true || draw() < 0.3,
  );
  const extra = typeof schema.additionalProperties === 'object' ? [[pick(draw, known), 'x'] as const] : [];
  return Object.fromEntries([
    ...extra,
    ...members.map(([name, member]) => [name, valid(member, draw, known)] as const),
  ]);
}

function validNumber({ minimum = 0, maximum = 1000 }: Schema, draw: Draw): number {
  const low = Math.max(minimum, -(2 ** 31));
  const high = Math.min(maximum, 2 ** 31);
  return pick(draw, [low, high, Math.floor(low + draw() * (high - low))]);
}

function validString(schema: Schema, draw: Draw, known: readonly string[]): string {
  if (schema.format === 'date-time') {
    return pick(draw, ['2026-01-31T12:00:00Z', '1970-01-01T00:00:00.001Z']);
  }
  if (schema.contentEncoding === 'base64' || schema.format === 'base64') return 'PHN2Zy8+';
  if (schema.pattern?.includes('0-9a-f') === true) return 'ab'.repeat(32);
  const { minLength = 0, maxLength = 40 } = schema;
  const edge = 'm'.repeat(Math.min(draw() < 0.02 ? maxLength : Math.max(1, minLength), 3000));
  return draw() < 0.85 ? pick(draw, known) : edge;
}

/** The value with something wrong in some place of it. */
export function mutated(value: unknown, draw: Draw): unknown {
  if (typeof value !== 'object' || value === null || draw() < 0.15) return pick(draw, NASTY);
  if (Array.isArray(value)) {
    const items: unknown[] = [...value];
    if (items.length === 0 || draw() < 0.3) return [...items, pick(draw, NASTY)];
    return items.with(Math.floor(draw() * items.length), mutated(items[0], draw));
  }
  const members = Object.entries(value);
  if (members.length === 0 || draw() < 0.25)
    return Object.fromEntries([...members, [pick(draw, NAMES), pick(draw, NASTY)]]);
  const [name, member] = pick(draw, members);
  const rest = members.filter(([other]) => other !== name);
  return Object.fromEntries(draw() < 0.25 ? rest : [...rest, [name, mutated(member, draw)]]);
}

const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'password',
  'id',
  '',
  '\ud800',
  'x'.repeat(500),
  'scope',
];

/** As JSON, or as something that is nearly JSON. */
export function toText(value: unknown, draw: Draw): string {
  const text = JSON.stringify(value) ?? 'undefined';
  const chance = draw();
  if (chance < 0.9) return text;
  return pick(draw, [
    text.slice(0, -1),
    `${text}${text}`,
    text.replace('{', '{"a":1,"a":2,'),
    '['.repeat(20_000),
    `\ufeff${text}`,
    text.replace(':', ':\\u0000'),
    '',
  ]);
}
