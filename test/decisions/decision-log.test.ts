import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { createDecisionLog } from '../../src/decisions/decision-log.ts';
import type { Decision } from '../../src/decisions/decision.ts';
import { findDecision } from '../../src/decisions/store.ts';
import { openRooms, type Rooms } from '../support/rooms.ts';

let rooms: Rooms;

beforeAll(async () => {
  rooms = await openRooms();
});

afterAll(() => rooms[Symbol.asyncDispose]());

function openLog() {
  return createDecisionLog({ pool: rooms.db.pool, clock: rooms.clock, log: pino({ level: 'silent' }) });
}

function decision(requestId: string, more: Partial<Omit<Decision, 'lines'>> = {}): Omit<Decision, 'lines'> {
  const parties = { clientId: null, accountId: null, address: '192.0.2.1' };
  const outcome = { endpoint: '/token', status: 400, outcome: 'invalid_grant' };
  return { requestId, decidedAt: rooms.clock.now(), ...outcome, ...parties, ...more };
}

const LINE = { step: 'code', verdict: 'refused', words: 'it expired' } as const;

const find = (requestId: string) => findDecision(rooms.db.knex, { requestId, now: rooms.clock.now() });

test('what waits when the process stops is written, with what is yet to be worked out', async () => {
  const log = openLog();
  log.add(decision('req_stop'), { lines: [LINE], later: [async () => [{ ...LINE, words: 'and more' }]] });
  await log.close();
  expect(await find('req_stop')).toEqual({
    ...decision('req_stop'),
    lines: [LINE, { ...LINE, words: 'and more' }],
  });
});

test('one explanation that fails takes no other with it', async () => {
  const log = openLog();
  log.add(decision('req_bad'), { lines: [LINE], later: [() => Promise.reject(new Error('broken'))] });
  log.add(decision('req_good'), { lines: [LINE], later: [] });
  await log.flush();
  expect((await find('req_bad'))?.lines).toEqual([LINE]);
  expect((await find('req_good'))?.lines).toEqual([LINE]);
});

test('text from outside is cut and made printable, and what looks like a secret is left out', async () => {
  const log = openLog();
  const secret = 'x'.repeat(43);
  const words = `a\0b\u001b[31m\ud800 ${secret} eyJhbGciOiJFUzI1NiJ9${secret}.eyJzdWIiOiJhIn0.c2ln ${'long '.repeat(500)}`;
  log.add(decision('req_odd', { clientId: `a\0b${secret}` }), { lines: [{ ...LINE, words }], later: [] });
  await log.flush();
  const kept = await find('req_odd');
  expect(kept?.clientId).toBe('a\ufffd(44 characters)');
  expect(kept?.lines[0]?.words).toMatch(
    /^a\ufffdb\ufffd\[31m\ufffd \(43 characters\) \(84 characters\) long /,
  );
  expect(kept?.lines[0]?.words.length).toBeLessThanOrEqual(601);
});

test('neither one address nor all of them fill the disk', async () => {
  rooms.clock.advance(60);
  const log = openLog();
  const add = (index: number, address: string) =>
    log.add(decision(`req_${address}_${index}`, { address }), { lines: [LINE], later: [] });
  for (let index = 0; index < 500; index += 1) add(index, '192.0.2.7');
  for (let index = 0; index < 500; index += 1) add(index, `2001:db8::${index.toString(16)}`);
  for (let index = 0; index < 1000; index += 1) add(index, `198.51.${index >> 8}.${index & 255}`);
  await log.flush();
  const count = async (prefix: string) => {
    const { rows } = await rooms.db.pool.query<{ count: number }>(
      'SELECT count(*)::int AS count FROM decisions WHERE request_id LIKE $1',
      [`req_${prefix}%`],
    );
    return rows[0]?.count;
  };
  expect(await count('192.0.2.7')).toBe(120);
  expect(await count('2001')).toBe(120);
  expect(await count('198.51')).toBe(360);
  rooms.clock.advance(60);
  add(9999, '192.0.2.7');
  await log.flush();
  expect(await find('req_192.0.2.7_9999')).toBeDefined();
});
