import { encode } from '../standards/forge.ts';
import type { Seed } from './corpus.ts';
import { encodeSomehow, nastyText, nastyValue } from './nasty.ts';
import type { Random } from './random.ts';
import type { WireRequest } from './wire.ts';

/** A request on its way to becoming wrong. Fields are still apart from their encoding. */
interface Draft {
  method: string;
  path: string;
  query: [string, string][];
  form: [string, string][] | undefined;
  json: string | undefined;
  headers: [string, string][];
  contentType: string | undefined;
  contentLength: string | undefined;
  body: Buffer | undefined;
  /** Odds that a value is not encoded as it should be. */
  sloppiness: number;
}

type Mutation = (draft: Draft, random: Random) => void;

const METHODS = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'LINK',
  'get',
  'X',
];

const TYPES = [
  'application/json',
  'application/x-www-form-urlencoded; charset=utf-7',
  'application/x-www-form-urlencoded; charset="utf-8',
  'APPLICATION/X-WWW-FORM-URLENCODED',
  'application/x-www-form-urlencoded;;;',
  'multipart/form-data; boundary=x',
  'text/plain',
  'application/xml',
  'application/jwt',
  '*/*',
  '',
  '/',
];

const HEADERS = [
  'Accept',
  'Accept-Language',
  'Accept-Encoding',
  'Access-Control-Request-Method',
  'Authorization',
  'Content-Encoding',
  'Cookie',
  'DPoP',
  'Expect',
  'Forwarded',
  'If-None-Match',
  'If-Modified-Since',
  'OAuth-Client-Attestation',
  'Origin',
  'Range',
  'Referer',
  'Sec-Fetch-Site',
  'User-Agent',
  'X-Forwarded-For',
  'X-Forwarded-Host',
  'X-HTTP-Method-Override',
  'X-Request-Id',
];

const ON_FIELDS: readonly Mutation[] = [
  function replaceValue(draft, random) {
    const field = pickField(draft, random);
    if (field) field[1] = nastyText(random);
  },
  function replaceName(draft, random) {
    const field = pickField(draft, random);
    if (field) field[0] = nastyText(random);
  },
  function repeat(draft, random) {
    const fields = pickList(draft, random);
    const field = pickField(draft, random);
    if (field) fields.push([field[0], random.chance(0.5) ? field[1] : nastyText(random)]);
  },
  function drop(draft, random) {
    const fields = pickList(draft, random);
    if (fields.length > 0) fields.splice(random.below(fields.length), 1);
  },
  function add(draft, random) {
    pickList(draft, random).push([nastyText(random), nastyText(random)]);
  },
  function asArray(draft, random) {
    const field = pickField(draft, random);
    if (field) field[0] += random.pick(['[]', '[0]', '[__proto__]', '.x', '%00', '\0']);
  },
  function encodeBadly(draft) {
    draft.sloppiness = 0.5;
  },
  function changeToken(draft, random) {
    const field = pickField(draft, random, ([, value]) => value.split('.').length === 3);
    if (field) field[1] = changedJwt(random, field[1]);
  },
  function swapBetweenQueryAndForm(draft) {
    [draft.query, draft.form] = [draft.form ?? [], draft.query];
  },
];

const ON_REST: readonly Mutation[] = [
  function changeMethod(draft, random) {
    draft.method = random.pick(METHODS);
  },
  function changePath(draft, random) {
    draft.path = changedPath(random, draft.path);
  },
  function changeType(draft, random) {
    draft.contentType = random.pick(TYPES);
  },
  function addHeader(draft, random) {
    draft.headers.push([random.pick(HEADERS), headerText(random)]);
  },
  function changeHeader(draft, random) {
    const header = draft.headers.length > 0 ? random.pick(draft.headers) : undefined;
    if (header) header[1] = changedHeader(random, header[1]);
  },
  function repeatHeader(draft, random) {
    if (draft.headers.length > 0) draft.headers.push([...random.pick(draft.headers)]);
  },
  function manyHeaders(draft, random) {
    for (let index = random.below(120); index > 0; index -= 1)
      draft.headers.push([`X-Many-${index}`, 'x'.repeat(random.below(300))]);
  },
  function otherBody(draft, random) {
    draft.body = Buffer.from(
      random.pick([nastyText(random), JSON.stringify(nastyValue(random)), '\u001f\u008b\0\0']),
    );
  },
  function bytes(draft, random) {
    draft.body = Buffer.from(Array.from({ length: random.below(200) }, () => random.below(256)));
  },
  function large(draft, random) {
    if (random.chance(0.2))
      draft.body = Buffer.alloc(
        random.pick([57_344, 57_345, 70_000]),
        random.pick(['x', '&', '=', '%', '{']),
      );
  },
  function wrongLength(draft, random) {
    draft.contentLength = random.pick(['0', '1', '-1', '1e3', '99999999999', '5, 5', 'x', '0x10', '+1']);
  },
  function chunked(draft, random) {
    const body = bodyOf(draft, random);
    draft.headers.push([
      'Transfer-Encoding',
      random.pick(['chunked', 'chunked, chunked', 'gzip, chunked', 'identity', 'xchunked']),
    ]);
    draft.contentLength = random.chance(0.2) ? String(body.length) : '';
    draft.body = Buffer.from(
      `${body.length.toString(16)}\r\n${body.toString('latin1')}\r\n0\r\n\r\n`,
      'latin1',
    );
  },
  function changeJson(draft, random) {
    if (draft.json !== undefined) draft.json = changedJson(random, draft.json);
  },
];

/** A wrong request for a number: the same one for the same number and seeds of the same shape. */
export function mutate(random: Random, seed: Seed, host: string): WireRequest {
  const draft: Draft = {
    method: seed.method,
    path: seed.path,
    query: (seed.query ?? []).map(([name, value]) => [name, value]),
    form: seed.form?.map(([name, value]) => [name, value]),
    json: seed.json && JSON.stringify(seed.json),
    headers: (seed.headers ?? []).map(([name, value]) => [name, value]),
    contentType: seed.form ? 'application/x-www-form-urlencoded' : seed.json ? 'application/json' : undefined,
    contentLength: undefined,
    body: undefined,
    sloppiness: 0,
  };
  for (let turn = 1 + random.below(3); turn > 0; turn -= 1) {
    if (seed.json && random.chance(0.6)) draft.json = changedJson(random, draft.json ?? '');
    else random.pick(random.chance(0.6) ? ON_FIELDS : ON_REST)(draft, random);
  }
  return finish(draft, random, host);
}

function finish(draft: Draft, random: Random, host: string): WireRequest {
  const body = draft.body ?? bodyOf(draft, random);
  const query = encodeFields(draft.query, random, draft.sloppiness);
  const path = (draft.path + (query ? `?${query}` : '')).replaceAll(/[\s\0]/g, '');
  const hosts: [string, string][] = random.chance(0.01)
    ? [
        ['Host', host],
        ['Host', 'evil.example'],
      ]
    : [['Host', host]];
  const headers: [string, string][] = [...hosts, ['X-Forwarded-For', addressOf(random)]];
  if (draft.contentType !== undefined) headers.push(['Content-Type', draft.contentType]);
  headers.push(...draft.headers.map(([name, value]): [string, string] => [name, lineOf(value)]));
  // An empty text stands for no such header.
  const contentLength = draft.contentLength ?? (body.length > 0 ? String(body.length) : undefined);
  return {
    method: draft.method,
    path,
    headers,
    body,
    contentLength: contentLength === '' ? undefined : contentLength,
  };
}

function bodyOf(draft: Draft, random: Random): Buffer {
  if (draft.json !== undefined) return Buffer.from(draft.json);
  return Buffer.from(encodeFields(draft.form ?? [], random, draft.sloppiness), 'latin1');
}

function encodeFields(fields: readonly [string, string][], random: Random, sloppiness: number): string {
  const one = (text: string) =>
    random.chance(sloppiness) ? encodeSomehow(random, text) : encodeURIComponent(text.toWellFormed());
  return fields.map(([name, value]) => `${one(name)}=${one(value)}`).join('&');
}

function pickList(draft: Draft, random: Random): [string, string][] {
  if (draft.form && (draft.query.length === 0 || random.chance(0.8))) return draft.form;
  return draft.query;
}

function pickField(
  draft: Draft,
  random: Random,
  fits: (field: [string, string]) => boolean = () => true,
): [string, string] | undefined {
  const fields = [...draft.query, ...(draft.form ?? [])].filter(fits);
  return fields.length > 0 ? random.pick(fields) : undefined;
}

function changedPath(random: Random, path: string): string {
  const how = random.below(9);
  if (how === 0) return path.toUpperCase();
  if (how === 1) return `${path}/`;
  if (how === 2) return `/${path}`;
  if (how === 3)
    return `${path}${random.pick(['/..', '/.', ';x', '%2f', '%00', '#x', '%', '//', '\\', '/%2e%2e/token', '~'])}`;
  if (how === 4) return `${path}/${encodeSomehow(random, nastyText(random))}`;
  if (how === 5) return path.replace(/[^/]*$/, encodeSomehow(random, nastyText(random)));
  if (how === 6)
    return random.pick(['*', 'token', 'http://evil.example/token', '//evil.example/token', '/?', '/%']);
  if (how === 7) return path.replace(/\w/, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
  return `${path}?${encodeSomehow(random, nastyText(random))}`;
}

function changedHeader(random: Random, value: string): string {
  const [scheme = '', credentials = ''] = value.split(' ');
  const how = random.below(6);
  if (how === 0) return headerText(random);
  if (how === 1) return `${scheme} ${headerText(random)}`;
  if (how === 2) return `${random.pick(['Basic', 'Bearer', 'DPoP', 'Digest', 'basic', ''])} ${credentials}`;
  if (how === 3)
    return `${scheme} ${Buffer.from(`${nastyText(random)}:${nastyText(random)}`).toString('base64')}`;
  if (how === 4) return value.slice(0, random.below(value.length + 1));
  return value.split('.').length === 3 ? changedJwt(random, value) : value + headerText(random);
}

/** With other claims or another header, and the signature of before. */
function changedJwt(random: Random, jwt: string): string {
  const parts = jwt.split('.');
  const index = random.below(parts.length);
  if (index === 2 || random.chance(0.2)) {
    parts[index] = random.pick([
      '',
      'A',
      '=',
      Buffer.alloc(64).toString('base64url'),
      encode(nastyText(random)),
    ]);
    return parts.join('.');
  }
  const text = Buffer.from(parts[index] ?? '', 'base64url').toString();
  parts[index] = encode(changedJson(random, text));
  return parts.join('.');
}

function changedJson(random: Random, text: string): string {
  const how = random.below(8);
  if (how === 0) return text.slice(0, random.below(text.length + 1));
  if (how === 1) return JSON.stringify(nastyValue(random));
  if (how === 2) return text.replace(/"([^"]*)"/, () => JSON.stringify(nastyText(random)));
  const object = parseObject(text);
  const names = Object.keys(object);
  const name = names.length > 0 && random.chance(0.7) ? random.pick(names) : nastyText(random);
  const changed = JSON.stringify({ ...object, [name]: nastyValue(random) });
  // A member that is there twice cannot be made otherwise.
  return how === 3
    ? changed.replace(/\}$/, `,${JSON.stringify(name)}:${JSON.stringify(nastyValue(random))}}`)
    : changed;
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function headerText(random: Random): string {
  if (random.chance(0.05)) return 'x'.repeat(random.pick([1000, 7000, 17_000]));
  return random.chance(0.3) ? encodeSomehow(random, nastyText(random)) : nastyText(random);
}

/** Bytes of one line: a parser that is worth the name refuses more, and then nothing behind it is tested. */
function lineOf(value: string): string {
  return Buffer.from(value)
    .toString('latin1')
    .replaceAll(/[\r\n\0]/g, ' ');
}

/** Failures are counted by address, and everything should be tried, not only the first twenty. */
function addressOf(random: Random): string {
  return `100.${64 + random.below(64)}.${random.below(256)}.${random.below(256)}`;
}
