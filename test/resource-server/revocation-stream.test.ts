import { setTimeout as sleep } from 'node:timers/promises';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Verifier, VerifierEvent, VerifierOptions } from '../../src/resource-server/verifier.ts';
import {
  CREDENTIALS,
  frame,
  json,
  sendList,
  startScriptedIssuer,
  until,
  type ScriptedIssuer,
} from '../support/scripted-issuer.ts';
import { outcomeOf } from './refusals.ts';

let issuer: ScriptedIssuer;
let events: VerifierEvent[];
beforeEach(async () => {
  issuer = await startScriptedIssuer();
  events = [];
});
afterEach(() => issuer[Symbol.asyncDispose]());

const PATH = '/status-lists/a';

function follow(options: Partial<VerifierOptions> = {}): Verifier {
  return issuer.verifier({ credentials: CREDENTIALS, onEvent: (event) => events.push(event), ...options });
}

async function following(options: Partial<VerifierOptions> = {}): Promise<Verifier> {
  const verifier = follow(options);
  await verifier.ready();
  return verifier;
}

function tokenAt(idx: number, id = 'a'): string {
  return issuer.token({ status: { status_list: { idx, uri: issuer.listUri(id) } } });
}

/** Revokes as a server does: the bit, the position, then the event. */
function revoke(idx: number, id = 'a'): void {
  issuer.setBit(id, idx);
  issuer.position = (issuer.position ?? 0) + 1;
  issuer.send('revoked', issuer.position, { lists: { [issuer.listUri(id)]: [idx] } });
}

const check = (verifier: Verifier, idx: number, id = 'a'): Promise<string> =>
  outcomeOf(verifier.verify(tokenAt(idx, id)));
const REVOKED = 'invalid_token/revoked';
const isRevoked = (verifier: Verifier, idx: number) => async () => (await check(verifier, idx)) === REVOKED;

/** Answers with the list as it is when the request comes, but only after `release`. */
function holdBack(times = 1): { asked: Promise<void>; release: () => void } {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  let left = times;
  issuer.faults.set(PATH, async (_, res) => {
    if (left <= 0) return sendList(issuer, PATH, res);
    left -= 1;
    const [list, position] = [issuer.lists.get('a'), issuer.position];
    const then = list && { ...list, bytes: Buffer.from(list.bytes) };
    ask();
    await released;
    const [present, presentPosition] = [issuer.lists.get('a'), issuer.position];
    if (then) issuer.lists.set('a', then);
    issuer.position = position;
    sendList(issuer, PATH, res);
    if (present) issuer.lists.set('a', present);
    issuer.position = presentPosition;
  });
  return { asked, release };
}

test('the credentials are form-encoded before they are joined (RFC 6749 §2.3.1)', async () => {
  await following();
  const [, basic = ''] = issuer.streamRequests[0]?.authorization?.split(' ') ?? [];
  expect(Buffer.from(basic, 'base64').toString()).toBe('orders+api:s3cret%3Awith%2Fsigns%2B%25');
  expect(issuer.streamRequests[0]?.['last-event-id']).toBeUndefined();
});

test('a revocation on the stream is seen at once, without a request', async () => {
  const verifier = await following();
  expect(await check(verifier, 7)).toBe('valid');
  revoke(7);
  await until(isRevoked(verifier, 7), 1_000);
  expect(await check(verifier, 8)).toBe('valid');
  expect(issuer.count(PATH)).toBe(1);
});

test('while the stream is live a list outlasts its ttl', async () => {
  const list = issuer.lists.get('a');
  if (list) list.ttl = 1;
  const verifier = await following();
  await check(verifier, 1);
  await sleep(1_600);
  expect(await check(verifier, 1)).toBe('valid');
  expect(issuer.count(PATH)).toBe(1);
});

test('lists that are named to be fetched again are, also when nobody asks, and one time only', async () => {
  const verifier = await following();
  await check(verifier, 7);
  issuer.setBit('a', 7);
  issuer.position = 2;
  issuer.send('revoked', 2, { refetch: [issuer.listUri('a'), issuer.listUri('unknown')] });
  await until(() => issuer.count(PATH) === 2);
  await until(isRevoked(verifier, 7));
  expect(issuer.count(PATH)).toBe(2);
  expect(issuer.count('/status-lists/unknown')).toBe(0);
});

describe('races between a list and the stream', () => {
  test('an event that arrives while the list is fetched is applied to it', async () => {
    const verifier = await following();
    const { asked, release } = holdBack();
    const outcome = check(verifier, 7);
    await asked;
    revoke(7);
    await sleep(50);
    release();
    expect(await outcome).toBe(REVOKED);
    expect(issuer.count(PATH)).toBe(1);
  });

  test('a list that is to be fetched again while it is fetched is fetched again', async () => {
    const verifier = await following();
    const { asked, release } = holdBack();
    const outcome = check(verifier, 7);
    await asked;
    issuer.setBit('a', 7);
    issuer.position = 2;
    issuer.send('revoked', 2, { refetch: [issuer.listUri('a')] });
    await sleep(50);
    release();
    expect(await outcome).toBe(REVOKED);
    expect(issuer.count(PATH)).toBe(2);
  });

  test('a list that was on its way when the stream opened is fetched again when it is older', async () => {
    const ready = Promise.withResolvers<void>();
    issuer.onStream = (res) => void ready.promise.then(() => res.write(frame('ready', issuer.position ?? 0)));
    const verifier = follow();
    await until(() => issuer.streams.size === 1);
    const { asked, release } = holdBack();
    const outcome = check(verifier, 7);
    await asked;
    // Before the stream says its first word: nobody will ever name this one.
    issuer.setBit('a', 7);
    issuer.position = 2;
    ready.resolve();
    await verifier.ready();
    release();
    expect(await outcome).toBe(REVOKED);
  });

  test('a list that was here before the stream opened is fetched again when it is older', async () => {
    const ready = Promise.withResolvers<void>();
    issuer.onStream = (res) => void ready.promise.then(() => res.write(frame('ready', issuer.position ?? 0)));
    const verifier = follow();
    expect(await check(verifier, 7)).toBe('valid');
    issuer.setBit('a', 7);
    issuer.position = 2;
    ready.resolve();
    await verifier.ready();
    expect(await check(verifier, 7)).toBe(REVOKED);
  });

  test('a list from a process that is behind the stream is asked for again', async () => {
    const verifier = await following();
    await check(verifier, 1);
    issuer.lists.set('b', { bits: 1, bytes: Buffer.alloc(128), ttl: 30, body: undefined });
    revoke(7, 'a');
    await until(isRevoked(verifier, 7));
    // List b is now fetched from a process that has not heard of position 2, nor of a bit there.
    issuer.setBit('b', 3);
    let isBehind = true;
    issuer.faults.set('/status-lists/b', (_, res) => {
      if (!isBehind) return sendList(issuer, '/status-lists/b', res);
      issuer.position = 1;
      const list = issuer.lists.get('b');
      issuer.lists.set('b', { bits: 1, bytes: Buffer.alloc(128), ttl: 30, body: undefined });
      sendList(issuer, '/status-lists/b', res);
      issuer.position = 2;
      if (list) issuer.lists.set('b', list);
    });
    setTimeout(() => (isBehind = false), 120);
    expect(await check(verifier, 3, 'b')).toBe(REVOKED);
    isBehind = true;
    issuer.lists.set('c', { bits: 1, bytes: Buffer.alloc(128), ttl: 30, body: undefined });
    issuer.position = 1;
    // One that stays behind is not used at all.
    expect(await check(verifier, 3, 'c')).toBe('status_unavailable');
  });
});

describe('a stream that is cut', () => {
  test('is taken up where it was left, and what was missed is applied', async () => {
    const verifier = await following();
    await check(verifier, 7);
    issuer.onStream = (res, last) => {
      expect(last).toBe('1');
      res.write(frame('revoked', 2, { lists: { [issuer.listUri('a')]: [7] } }));
      res.write(frame('ready', 2));
    };
    issuer.setBit('a', 7);
    issuer.position = 2;
    issuer.cutStreams();
    await until(isRevoked(verifier, 7), 2_000);
    expect(issuer.count(PATH)).toBe(1);
    await until(() => events.filter(({ type }) => type === 'stream-open').length === 2);
    expect(events.map(({ type }) => type)).toEqual(['stream-open', 'stream-closed', 'stream-open']);
  });

  test('counts as live again only when it is complete', async () => {
    const list = issuer.lists.get('a');
    if (list) list.ttl = 1;
    const verifier = await following();
    await check(verifier, 7);
    issuer.onStream = () => undefined;
    issuer.setBit('a', 7);
    issuer.position = 2;
    issuer.cutStreams();
    await sleep(1_200);
    // By its ttl, although heartbeats come.
    expect(await check(verifier, 7)).toBe(REVOKED);
  });

  test('falls back to the ttl, counted from the last word of the stream', async () => {
    let now = Date.now();
    const verifier = await following({ now: () => now });
    await check(verifier, 1);
    now += 2_000;
    issuer.isBeating = true;
    await sleep(700);
    issuer.faults.set('/revocations', (_, res) => json(res, {}, 503));
    issuer.cutStreams();
    await until(() => events.some(({ type }) => type === 'stream-closed'));
    now += 29_000;
    expect(await check(verifier, 1)).toBe('valid');
    issuer.faults.set(PATH, (_, res) => json(res, {}, 503));
    now += 2_000;
    expect(await check(verifier, 1)).toBe('status_unavailable');
  });

  test('silence is the same as a cut', async () => {
    const verifier = await following();
    await check(verifier, 7);
    issuer.isBeating = false;
    await until(() => events.some(({ type }) => type === 'stream-closed'), 5_000);
    issuer.isBeating = true;
    await until(() => issuer.streamRequests.length === 2);
    expect(issuer.streamRequests[1]?.['last-event-id']).toBe('1');
  });

  test('after a pause of the whole machine old heartbeats are no news', async () => {
    let now = Date.now();
    const verifier = await following({ now: () => now });
    expect(await check(verifier, 7)).toBe('valid');
    issuer.isBeating = false;
    issuer.setBit('a', 7);
    issuer.position = 2;
    // No timer has noticed: they stood still as well.
    now += 60_000;
    for (const res of issuer.streams) res.write(':\n\n');
    await sleep(50);
    expect(await check(verifier, 7)).toBe(REVOKED);
    await until(() => issuer.streamRequests.length === 2, 1_000);
  });

  test('many cuts lose nothing', async () => {
    const verifier = await following();
    await check(verifier, 0);
    const log: { id: number; idx: number }[] = [];
    issuer.onStream = (res, last) => {
      for (const { id, idx } of log.filter(({ id }) => id > Number(last))) {
        res.write(frame('revoked', id, { lists: { [issuer.listUri('a')]: [idx] } }));
      }
      res.write(frame('ready', issuer.position ?? 0));
    };
    for (let idx = 1; idx <= 40; idx += 1) {
      if (idx % 5 === 0) issuer.cutStreams();
      log.push({ id: (issuer.position ?? 0) + 1, idx });
      revoke(idx);
      await sleep(20);
    }
    await until(() => issuer.streams.size === 1);
    for (let idx = 1; idx <= 40; idx += 1) await until(isRevoked(verifier, idx), 2_000);
    expect(issuer.count(PATH)).toBe(1);
  });
});

describe('reset', () => {
  test('fetches every list again', async () => {
    const verifier = await following();
    await check(verifier, 7);
    issuer.setBit('a', 7);
    issuer.position = 60;
    issuer.send('reset', 60);
    issuer.send('ready', 60);
    await until(isRevoked(verifier, 7), 1_000);
    expect(issuer.count(PATH)).toBe(2);
  });

  test('a list that was on its way is fetched again', async () => {
    const verifier = await following();
    issuer.position = 100;
    const { asked, release } = holdBack();
    const outcome = check(verifier, 7);
    await asked;
    // The database was put back: smaller positions, other bits.
    issuer.position = 41;
    issuer.setBit('a', 7);
    issuer.send('reset', 41);
    await sleep(50);
    release();
    expect(await outcome).toBe(REVOKED);
    revoke(8);
    await until(isRevoked(verifier, 8), 1_000);
  });

  test('a position that goes backwards is a reset, said or not', async () => {
    issuer.position = 100;
    const verifier = await following();
    await check(verifier, 7);
    issuer.position = 41;
    issuer.setBit('a', 7);
    issuer.cutStreams();
    await until(isRevoked(verifier, 7), 2_000);
    expect(issuer.count(PATH)).toBe(2);
    revoke(8);
    await until(isRevoked(verifier, 8), 1_000);
  });

  test.each([
    ['data that is no JSON', 'event: revoked\nid: 2\ndata: {\n\n'],
    ['an event without position', 'event: revoked\ndata: {}\n\n'],
    ['indexes that are none', `event: revoked\nid: 2\ndata: {"lists":{"x":["7"]}}\n\n`],
    ['a line without end', `data: ${'x'.repeat(1_200_000)}\n\n`],
  ])('%s: nothing that was heard is built on any more', async (_, text) => {
    const verifier = await following();
    await check(verifier, 7);
    issuer.setBit('a', 7);
    issuer.position = 2;
    for (const res of issuer.streams) res.write(text);
    await until(() => issuer.streamRequests.length === 2);
    expect(issuer.streamRequests[1]?.['last-event-id']).toBeUndefined();
    await until(isRevoked(verifier, 7), 2_000);
  });

  test('events of a kind that we do not know are skipped', async () => {
    const verifier = await following();
    await check(verifier, 7);
    issuer.send('news', 2, { anything: true });
    revoke(7);
    await until(isRevoked(verifier, 7), 1_000);
    expect(issuer.streamRequests.length).toBe(1);
  });
});

test('an issuer that does not let us in is not asked again soon; lists go on by their ttl', async () => {
  issuer.faults.set('/revocations', (_, res) => json(res, { error: 'invalid_client' }, 401));
  const verifier = follow();
  await until(() => events.length === 1);
  await sleep(700);
  expect(issuer.count('/revocations')).toBe(1);
  expect(events).toEqual([{ type: 'stream-closed', reason: 'the stream was answered with 401' }]);
  expect(await check(verifier, 1)).toBe('valid');
  await expect(verifier.ready(50)).rejects.toThrow('the stream of revocations');
});

test('credentials are not sent on to where a redirect points', async () => {
  issuer.faults.set(
    '/revocations',
    (_, res) => void res.writeHead(307, { Location: `${issuer.url}/other` }).end(),
  );
  follow();
  await until(() => events.length === 1);
  expect(issuer.count('/other')).toBe(0);
});

test('an attempt that fails is followed by others, less and less often', async () => {
  issuer.faults.set('/revocations', (_, res) => json(res, {}, 500));
  follow();
  await sleep(2_000);
  expect(issuer.count('/revocations')).toBeGreaterThanOrEqual(3);
  expect(issuer.count('/revocations')).toBeLessThanOrEqual(7);
  // One event, not one per attempt.
  expect(events.length).toBe(1);
});

test('waiting for a stream that does not let us in ends with the reason', async () => {
  issuer.faults.set('/revocations', (_, res) => json(res, {}, 401));
  await expect(follow().ready(500)).rejects.toThrow(
    'not ready after 500 ms: the stream of revocations (the stream was answered with 401)',
  );
});

test('closing ends the stream', async () => {
  const verifier = await following();
  verifier.close();
  await until(() => issuer.streams.size === 0);
  await sleep(400);
  expect(issuer.streamRequests.length).toBe(1);
});
