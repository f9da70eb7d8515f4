import { setTimeout as sleep } from 'node:timers/promises';

import { expect, test } from 'vitest';

import { systemClock } from '../../src/clock.ts';
import { createIssuer, LEDGER_LOCK, type Issue } from '../../src/revocation/issue.ts';
import { createTestDatabase } from '../support/database.ts';

/** Of a client that does not exist: it would be answered with `ended`. */
const ISSUE: Issue = {
  spends: null,
  clientId: 'cli_nobody',
  grantId: null,
  sessionUid: null,
  accountId: null,
  artifacts: [],
  token: null,
  answer: null,
};

test(
  'nothing is issued that waited too long for a revocation to look for it',
  { timeout: 30_000 },
  async () => {
    const database = await createTestDatabase();
    const holder = await database.db.pool.connect();
    try {
      const issue = createIssuer({ pool: database.db.pool, clock: systemClock });
      expect(await issue(ISSUE)).toBe('ended');
      await holder.query('SELECT pg_advisory_lock($1)', [LEDGER_LOCK]);
      // Two runs of 128 at a time give up after five seconds: the last ones are looked at after ten.
      const outcomes = Promise.allSettled(Array.from({ length: 4 * 128 + 1 }, () => issue(ISSUE)));
      await sleep(10_500);
      await holder.query('SELECT pg_advisory_unlock($1)', [LEDGER_LOCK]);
      const all = await outcomes;
      expect(all[0]).toMatchObject({ status: 'rejected' });
      expect(all.at(-1)).toMatchObject({ status: 'rejected', reason: { code: 'overloaded', status: 503 } });
      expect(await issue(ISSUE)).toBe('ended');
    } finally {
      holder.release(true);
      await database.drop();
    }
  },
);
