/**
 * I4 of the consistency invariants for what people prove themselves with: two real processes, one database, and codes and
 * answers that may be used once used by several at the same instant.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Account } from '../../src/accounts/account.ts';
import { addPasskey, passkeyCreation, preparePasskey } from '../../src/authenticators/add-passkey.ts';
import { findFactors } from '../../src/authenticators/factor-store.ts';
import { beginTotp, confirmTotp, pendingTotp } from '../../src/authenticators/set-up-totp.ts';
import { authorizationPath, makeApp, type App } from '../support/app.ts';
import { createWalker, type Page, type Walker } from '../support/browser-walker.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { makePerson, PASSWORD } from '../support/factories.ts';
import {
  appFor,
  factorsOf,
  giveRecoveryCodes,
  givePasskey,
  giveTotp,
  passkeyOptions,
} from '../support/factors.ts';
import { createSoftPasskey } from '../support/soft-passkey.ts';

let cluster: Cluster;
let app: App;

beforeAll(async () => {
  cluster = await startCluster();
  app = await makeApp(cluster.services, { resource: null });
});
afterAll(() => cluster.stop());

const CONTESTANTS = 4;

interface Attempt {
  readonly walker: Walker;
  readonly page: Page;
}

/** Past the password, each in a browser of its own. */
function afterPassword(person: Account, many = CONTESTANTS): Promise<Attempt[]> {
  return Promise.all(
    Array.from({ length: many }, async () => {
      const walker = createWalker({ origin: cluster.issuer });
      const form = await walker.visit(authorizationPath(app));
      const fields = { identifier: person.email ?? '', password: PASSWORD };
      return { walker, page: await walker.submit(form, fields, { form: '/sign-in' }) };
    }),
  );
}

/** The form sent to one of the processes; true when the sign-in went through. */
async function send({ walker, page }: Attempt, fields: Record<string, string>, no: number): Promise<boolean> {
  const csrf = page.forms[0]?.fields['csrf'] ?? '';
  const answer = await cluster.nodes[no % 2 === 0 ? 0 : 1].call('POST', page.url.pathname, {
    headers: { cookie: walker.cookies.headerFor(page.url) },
    form: { csrf, ...fields },
  });
  return answer.status === 303 && answer.location?.pathname.startsWith('/auth/') === true;
}

const winners = (outcomes: readonly boolean[]) => outcomes.filter(Boolean).length;

test('of several who type one one-time code at once, on two processes, one gets in', async () => {
  const person = await makePerson(cluster.services);
  const phone = await giveTotp(cluster.services, person);
  const now = new Date();
  for (const step of [-1, 0, 1]) {
    const attempts = await afterPassword(person);
    const code = phone.code(now, step);
    const outcomes = await Promise.all(attempts.map((attempt, no) => send(attempt, { code }, no)));
    expect([step, winners(outcomes)]).toEqual([step, 1]);
  }
});

test('of several who type one recovery code at once, one gets in', async () => {
  const person = await makePerson(cluster.services);
  await giveTotp(cluster.services, person);
  for (const code of (await giveRecoveryCodes(cluster.services, person)).slice(0, 4)) {
    const attempts = await afterPassword(person);
    const outcomes = await Promise.all(attempts.map((attempt, no) => send(attempt, { code }, no)));
    expect(winners(outcomes)).toBe(1);
  }
});

test('an answer of a passkey that is sent several times at once lets somebody in once', async () => {
  const person = await makePerson(cluster.services);
  const passkey = await givePasskey(cluster.services, person, { usesCounter: false, isSynced: true });
  for (const attempt of await afterPassword(person)) {
    const response = passkey.answer(passkeyOptions(attempt.page));
    const outcomes = await Promise.all(Array.from({ length: 8 }, (_, no) => send(attempt, { response }, no)));
    expect(winners(outcomes)).toBe(1);
  }
});

test('of several who set up the first factor of an account at once, one does', async () => {
  const ctx = factorsOf(cluster.services);
  for (let round = 0; round < 5; round += 1) {
    const { id: accountId, email } = await makePerson(cluster.services);
    await preparePasskey(ctx, accountId);
    const attempts = await Promise.all(
      Array.from({ length: 4 }, async (_, no) => {
        const owner = {
          accountId,
          binding: `${round}-${no}`,
          onlyFirst: true,
          name: 'x',
          by: { actor: 'test' },
        };
        if (no % 2 === 0) {
          const shown = { ...owner, identifier: email ?? '', displayName: 'Ada' };
          const key = createSoftPasskey({ origin: cluster.issuer });
          const answer = key.register((await passkeyCreation(ctx, shown)) ?? '');
          return () => addPasskey(ctx, { ...owner, answer });
        }
        await beginTotp(ctx, owner);
        const pending = await pendingTotp(ctx, { ...owner, identifier: email ?? '' });
        const code = appFor(pending?.uri ?? '').code(new Date());
        return () => confirmTotp(ctx, { ...owner, code });
      }),
    );
    const outcomes = await Promise.all(attempts.map((attempt) => attempt()));
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
    const { passkeys, totp } = await findFactors(cluster.services.db.knex, accountId);
    expect(passkeys + Number(totp)).toBe(1);
  }
});

test('forty guesses at once on two processes are twenty, and then even the right code is refused on both', async () => {
  const person = await makePerson(cluster.services);
  const phone = await giveTotp(cluster.services, person);
  const attempts = await afterPassword(person, 4);
  const guesses = Array.from({ length: 40 }, (_, no) =>
    send(attempts[no % 4] ?? never(), { code: '000000' }, no),
  );
  expect(winners(await Promise.all(guesses))).toBe(0);
  const events: { type: string }[] = await cluster.database.db
    .knex('audit_events')
    .select('type')
    .where({ account_id: person.id })
    .whereLike('type', 'second-factor.%');
  expect(events.filter(({ type }) => type === 'second-factor.failed')).toHaveLength(20);
  expect(events.filter(({ type }) => type === 'second-factor.locked')).toHaveLength(1);
  const mails: unknown[] = await cluster.database.db
    .knex('mails')
    .where({ account_id: person.id, kind: 'second-factor-locked' });
  expect(mails).toHaveLength(1);
  const late = await afterPassword(person, 2);
  const outcomes = await Promise.all(
    late.map((attempt, no) => send(attempt, { code: phone.code(new Date()) }, no)),
  );
  expect(winners(outcomes)).toBe(0);
});

function never(): never {
  throw new Error('there is no such attempt');
}
