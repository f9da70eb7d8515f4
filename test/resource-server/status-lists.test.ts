import { setTimeout as sleep } from 'node:timers/promises';
import { deflateSync } from 'node:zlib';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { VerifierEvent } from '../../src/resource-server/verifier.ts';
import { encode, makeSigner } from '../standards/forge.ts';
import {
  json,
  sendList,
  startScriptedIssuer,
  until,
  type ScriptedIssuer,
} from '../support/scripted-issuer.ts';
import { outcomeOf, refusalOf } from './refusals.ts';

let issuer: ScriptedIssuer;
let now: number;
beforeEach(async () => {
  issuer = await startScriptedIssuer();
  now = Date.now();
});
afterEach(() => issuer[Symbol.asyncDispose]());

const PATH = '/status-lists/a';
const clock = (): number => now;

function tokenAt(idx: number, id = 'a', claims = {}): string {
  const lives = { iat: Math.floor(now / 1000), exp: Math.floor(now / 1000) + 86_400 * 2 };
  return issuer.token({ ...lives, status: { status_list: { idx, uri: issuer.listUri(id) } }, ...claims });
}

test('a revoked token is refused, its neighbours are not', async () => {
  issuer.setBit('a', 9);
  const verifier = issuer.verifier();
  expect(await outcomeOf(verifier.verify(tokenAt(9)))).toBe('invalid_token/revoked');
  for (const idx of [0, 8, 10, 1023]) expect(await outcomeOf(verifier.verify(tokenAt(idx)))).toBe('valid');
});

test.each([2, 4, 8])('lists of %i bits: valid, invalid, suspended, and what we do not know', async (bits) => {
  const values = [0, 1, 2, 3, 0, 2];
  const bytes = Buffer.alloc(8);
  values.forEach((value, idx) => {
    const at = Math.floor((idx * bits) / 8);
    bytes[at] = (bytes[at] ?? 0) | (value << ((idx * bits) % 8));
  });
  issuer.lists.set('a', { bits, bytes, ttl: 30, body: undefined });
  const verifier = issuer.verifier();
  const outcomes = await Promise.all(values.map((_, idx) => outcomeOf(verifier.verify(tokenAt(idx)))));
  const [valid, revoked, suspended] = ['valid', 'invalid_token/revoked', 'invalid_token/suspended'];
  expect(outcomes).toEqual([valid, revoked, suspended, revoked, valid, suspended]);
});

test('TSL-07: an index out of bounds is refused; a list that grew meanwhile is fetched again', async () => {
  const verifier = issuer.verifier({ now: clock });
  expect(await outcomeOf(verifier.verify(tokenAt(1024)))).toBe('invalid_token/claims');
  expect(await outcomeOf(verifier.verify(tokenAt(2 ** 40)))).toBe('invalid_token/claims');
  expect(issuer.count(PATH)).toBe(1);
  issuer.lists.set('a', { bits: 1, bytes: Buffer.alloc(256), ttl: 30, body: undefined });
  now += 2_000;
  expect(await outcomeOf(verifier.verify(tokenAt(1024)))).toBe('valid');
});

test('a revocation is seen within the ttl; until half of it the list is not asked for again', async () => {
  const verifier = issuer.verifier({ now: clock });
  const token = tokenAt(5);
  expect(await outcomeOf(verifier.verify(token))).toBe('valid');
  issuer.setBit('a', 5);
  now += 14_000;
  expect(await outcomeOf(verifier.verify(token))).toBe('valid');
  expect(issuer.count(PATH)).toBe(1);
  now += 2_000;
  // Asked for behind, and nobody waits.
  expect(await outcomeOf(verifier.verify(token))).toBe('valid');
  await until(async () => (await outcomeOf(verifier.verify(token))) === 'invalid_token/revoked');
  expect(issuer.count(PATH)).toBe(2);
});

test('a list that is older than its ttl never answers', async () => {
  const verifier = issuer.verifier({ now: clock });
  const token = tokenAt(5);
  await verifier.verify(token);
  issuer.setBit('a', 5);
  now += 31_000;
  expect(await outcomeOf(verifier.verify(token))).toBe('invalid_token/revoked');
});

test('an unchanged list is confirmed without being sent', async () => {
  let unchanged = 0;
  issuer.faults.set(PATH, (req, res) => {
    res.setHeader('ETag', '"v1"');
    if (req.headers['if-none-match'] !== '"v1"') return sendList(issuer, PATH, res);
    unchanged += 1;
    res.writeHead(304).end();
  });
  const verifier = issuer.verifier({ now: clock });
  for (let time = 0; time < 3; time += 1) {
    expect(await outcomeOf(verifier.verify(tokenAt(1)))).toBe('valid');
    now += 31_000;
  }
  expect(unchanged).toBe(2);
});

describe('a list is refused, and with it the token,', () => {
  const good = { typ: 'statuslist+jwt', alg: 'ES256', kid: 'key-1' };
  type Forge = (usual: Record<string, unknown>) => string;
  const signed =
    (change: Record<string, unknown>, header = {}): Forge =>
    (usual) =>
      issuer.signer.sign({ ...good, ...header }, { ...usual, ...change });
  const bits = (bytes: Buffer): string => deflateSync(bytes).toString('base64url');
  test.each<[string, Forge]>([
    ['of another type', signed({}, { typ: 'JWT' })],
    ['that is an access token', signed({}, { typ: 'at+jwt' })],
    ['signed by somebody else', (usual) => makeSigner('key-1').sign(good, usual)],
    ['not signed', (usual) => `${encode({ ...good, alg: 'none' })}.${encode(usual)}.`],
    ['of another address', (usual) => signed({ sub: `${String(usual['sub'])}b` })(usual)],
    ['of another issuer', signed({ iss: 'https://evil.example' })],
    ['that has expired', signed({ exp: Math.floor(Date.now() / 1000) - 60 })],
    ['of the future', signed({ iat: Math.floor(Date.now() / 1000) + 60 })],
    ['without time', signed({ iat: undefined })],
    ['of three bits', signed({ status_list: { bits: 3, lst: bits(Buffer.alloc(8)) } })],
    ['without bits', signed({ status_list: { lst: bits(Buffer.alloc(8)) } })],
    ['without statuses', signed({ status_list: { bits: 1 } })],
    ['that is not compressed', signed({ status_list: { bits: 1, lst: 'AAAA' } })],
    [
      'that inflates without end',
      signed({ status_list: { bits: 1, lst: bits(Buffer.alloc(64 * 1024 * 1024)) } }),
    ],
    ['with a ttl of text', signed({ ttl: '30' })],
    ['that is no JWT', () => 'null'],
  ])('%s', async (_, body) => {
    const list = issuer.lists.get('a');
    if (list) list.body = body;
    const refusal = await refusalOf(issuer.verifier().verify(tokenAt(1)));
    expect(refusal).toMatchObject({
      code: 'status_unavailable',
      status: 503,
      headers: { 'Retry-After': '1' },
    });
    expect(refusal.headers['WWW-Authenticate']).toBeUndefined();
  });
});

describe('when nobody can say', () => {
  const broken = (): void => void issuer.faults.set(PATH, (_, res) => json(res, {}, 503));

  test('the token is refused, unless told otherwise', async () => {
    const events: VerifierEvent[] = [];
    const verifier = issuer.verifier({ now: clock, onEvent: (event) => events.push(event) });
    await verifier.verify(tokenAt(1));
    broken();
    now += 31_000;
    expect(await outcomeOf(verifier.verify(tokenAt(1)))).toBe('status_unavailable');
    expect(events).toContainEqual({
      type: 'status-unavailable',
      reason: expect.stringContaining('503') as string,
    });
    issuer.faults.clear();
    now += 1_000;
    await until(async () => (await outcomeOf(verifier.verify(tokenAt(1)))) === 'valid');
  });

  test('with allow-until the last good answer counts until the bound, and what was revoked stays so', async () => {
    issuer.setBit('a', 2);
    const verifier = issuer.verifier({
      now: clock,
      onStatusUnavailable: 'allow-until',
      allowUntilSeconds: 120,
    });
    await verifier.verify(tokenAt(1));
    broken();
    now += 119_000;
    expect(await outcomeOf(verifier.verify(tokenAt(1)))).toBe('valid');
    expect(await outcomeOf(verifier.verify(tokenAt(2)))).toBe('invalid_token/revoked');
    now += 2_000;
    expect(await outcomeOf(verifier.verify(tokenAt(1)))).toBe('status_unavailable');
  });

  test('with allow-until a list that was never seen allows nothing', async () => {
    broken();
    const verifier = issuer.verifier({ onStatusUnavailable: 'allow-until', allowUntilSeconds: 120 });
    expect(await outcomeOf(verifier.verify(tokenAt(1)))).toBe('status_unavailable');
  });

  test('an issuer that does not answer keeps one request waiting, not all of them', async () => {
    issuer.faults.set(PATH, () => undefined);
    const verifier = issuer.verifier();
    expect(await outcomeOf(verifier.verify(tokenAt(1)))).toBe('status_unavailable');
    const begun = performance.now();
    for (let n = 0; n < 50; n += 1)
      expect(await outcomeOf(verifier.verify(tokenAt(n)))).toBe('status_unavailable');
    expect(performance.now() - begun).toBeLessThan(1_000);
  });
});

describe('a clock that is set back', () => {
  test('makes no list good for longer', async () => {
    let now = Date.now();
    const verifier = issuer.verifier({ now: () => now });
    expect(await outcomeOf(verifier.verify(tokenAt(5)))).toBe('valid');
    issuer.setBit('a', 5);
    now -= 3_000;
    expect(await outcomeOf(verifier.verify(tokenAt(5)))).toBe('invalid_token/revoked');
  });

  test('makes no outage longer', async () => {
    let now = Date.now();
    const verifier = issuer.verifier({ now: () => now });
    await verifier.ready();
    issuer.faults.set('/status-lists/a', (_, res) => void res.writeHead(500).end());
    expect(await outcomeOf(verifier.verify(tokenAt(5)))).toBe('status_unavailable');
    issuer.faults.clear();
    now -= 3_000;
    expect(await outcomeOf(verifier.verify(tokenAt(5)))).toBe('valid');
  });

  test('does not take the keys away', async () => {
    let now = Date.now();
    const verifier = issuer.verifier({ now: () => now, status: 'none' });
    expect(await outcomeOf(verifier.verify(tokenAt(5)))).toBe('valid');
    issuer.faults.set('/jwks', (_, res) => void res.writeHead(500).end());
    now -= 3_000;
    expect(await outcomeOf(verifier.verify(tokenAt(5)))).toBe('valid');
  });
});

test('a list that came while the process stood still is fetched again', async () => {
  let now = Date.now();
  const verifier = issuer.verifier({ now: () => now });
  await verifier.ready();
  issuer.faults.set('/status-lists/a', (_, res) => {
    issuer.faults.clear();
    sendList(issuer, '/status-lists/a', res);
    issuer.setBit('a', 5);
    now += 60_000;
  });
  expect(await outcomeOf(verifier.verify(tokenAt(5)))).toBe('invalid_token/revoked');
});

test('requireStatus refuses tokens that cannot be revoked', async () => {
  expect(await outcomeOf(issuer.verifier().verify(issuer.token()))).toBe('valid');
  expect(await outcomeOf(issuer.verifier({ requireStatus: true }).verify(issuer.token()))).toBe(
    'invalid_token/claims',
  );
});

test('with status "none" no list is asked for', async () => {
  issuer.setBit('a', 1);
  expect(await outcomeOf(issuer.verifier({ status: 'none' }).verify(tokenAt(1)))).toBe('valid');
  expect(issuer.count(PATH)).toBe(0);
});

test('without a stream a list from a process that is behind is asked for again', async () => {
  issuer.position = 5;
  issuer.setBit('a', 1);
  const verifier = issuer.verifier({ now: clock });
  expect(await outcomeOf(verifier.verify(tokenAt(1)))).toBe('invalid_token/revoked');
  // The next answer is from before the revocation.
  let stale = 2;
  issuer.faults.set(PATH, (_, res) => {
    stale -= 1;
    if (stale < 0) return sendList(issuer, PATH, res);
    const [list, position] = [issuer.lists.get('a'), issuer.position];
    issuer.lists.set('a', { bits: 1, bytes: Buffer.alloc(128), ttl: 30, body: undefined });
    issuer.position = 4;
    sendList(issuer, PATH, res);
    issuer.position = position;
    if (list) issuer.lists.set('a', list);
  });
  now += 31_000;
  expect(await outcomeOf(verifier.verify(tokenAt(1)))).toBe('invalid_token/revoked');
  await sleep(10);
  expect(stale).toBeLessThan(0);
});
