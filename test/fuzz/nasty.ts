import type { Random } from './random.ts';

/** Where a header line would begin, if anybody let it. */
export const INJECTED = 'X-Injected';
export const MARKUP = '<script>fuzz()</script>';

const PROTOTYPE = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '__defineGetter__',
];

const TEXTS = [
  ...PROTOTYPE,
  '',
  ' ',
  '\0',
  'a\0b',
  '\ud800',
  '\udfff\ud800',
  '\ufeff',
  '\u202e',
  '\u2028',
  '\r\n',
  `x\r\n${INJECTED}: 1`,
  `x\n${INJECTED}: 1\n\n${MARKUP}`,
  MARKUP,
  `"'>${MARKUP}`,
  "' OR 1=1--",
  '"; DROP TABLE clients; --',
  '${7*7}{{7*7}}<%= 7*7 %>',
  '../../../../etc/passwd',
  '%s%n%x',
  '%',
  '%zz',
  '%00',
  '%25%30%30',
  '\\u0000',
  '\\',
  'null',
  'undefined',
  'true',
  '[object Object]',
  'NaN',
  '-1',
  '0',
  '1e999',
  '99999999999999999999',
  '-9007199254740993',
  'https://evil.example/',
  '//evil.example',
  'javascript:alert(1)',
  'http://127.0.0.1:1/',
  '{}',
  '[]',
  '{"a":',
  '{"__proto__":{"a":1}}',
  '{"id_token":{"sub":1}}',
  '{"userinfo":{"email":[]},"id_token":0}',
  'é'.normalize('NFD'),
  '😀',
  'openid openid openid',
  'e30.e30.e30',
  'a.b.c',
  '..',
  'urn:ietf:params:oauth:request_uri:x',
];

export function nastyText(random: Random): string {
  if (random.chance(0.05))
    return random.pick(['x', 'é', '%', ' ', '{"a":', '[', '.']).repeat(random.below(3000));
  const text = random.pick(TEXTS);
  return random.chance(0.1) ? text + random.pick(TEXTS) : text;
}

/** For JSON: types where others are expected, and depth. */
export function nastyValue(random: Random, depth = 0): unknown {
  const kind = random.below(depth > 4 ? 6 : 9);
  if (kind < 3) return nastyText(random);
  if (kind === 3) return random.pick([null, true, false]);
  if (kind === 4) return random.pick([0, -1, 1.5, 1e308, Number.MAX_SAFE_INTEGER, -0]);
  if (kind === 5) return [];
  if (kind === 6) return Array.from({ length: random.below(6) }, () => nastyValue(random, depth + 1));
  if (kind === 7) return { [nastyText(random)]: nastyValue(random, depth + 1) };
  let nested: unknown = 1;
  for (let level = 0; level < random.below(400); level += 1)
    nested = random.chance(0.5) ? [nested] : { a: nested };
  return nested;
}

/** The bytes of a form or query value: encoded well, badly, twice, or not at all. */
export function encodeSomehow(random: Random, text: string): string {
  const how = random.below(10);
  if (how < 5) return encodeURIComponent(text.toWellFormed());
  if (how === 5) return encodeURIComponent(encodeURIComponent(text.toWellFormed()));
  if (how === 6)
    return random.pick(['%', '%0', '%zz', '%u0041', '%c0%af', '%ed%a0%80', '%ff', '%00', '%f8%88%80%80%80']);
  if (how === 7) return text.replaceAll(/[^\x21-\x7e]/g, '').replaceAll('&', '%26');
  if (how === 8)
    return Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
  return Buffer.from(text).toString('latin1');
}
