import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { enableAccount } from '../../src/accounts/enable-account.ts';
import { savePasswordWithin } from '../../src/accounts/set-password.ts';
import { lockAccount } from '../../src/accounts/store.ts';
import { disableAccount } from '../../src/revocation/disable-account.ts';
import { endSessions } from '../../src/revocation/end-sessions.ts';
import { resetFactors } from '../../src/revocation/reset-factors.ts';
import { resetPassword } from '../../src/revocation/reset-password.ts';
import { revoke } from '../../src/revocation/revoke.ts';
import { makePerson, PASSWORD } from '../support/factories.ts';
import { until } from '../support/scripted-issuer.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { allow, authorization, BEHIND_PROXY, makeNotes, walkerFor } from './visit.ts';

let server: TestServer;
let clientId: string;

beforeAll(async () => {
  server = await startTestServer({ env: BEHIND_PROXY });
  ({ id: clientId } = await makeNotes(server));
});

afterAll(() => server.stop());

/** Everything is proved, and the browser does not follow: where it was sent, to be gone to at leisure. */
async function proveAndWait(identifier: string) {
  const walker = walkerFor(server);
  const { url, forms } = await walker.visit(authorization(clientId));
  const form = forms.find(({ action }) => action.pathname.endsWith('/sign-in'));
  const response = await fetch(form?.action ?? url, {
    method: 'POST',
    redirect: 'manual',
    headers: { Cookie: walker.cookies.headerFor(form?.action ?? url) ?? '' },
    body: new URLSearchParams({ ...form?.fields, identifier, password: PASSWORD }),
  });
  walker.cookies.store(response.headers.getSetCookie(), url);
  return { walker, way: response.headers.get('Location') ?? '' };
}

const HAND = { actor: 'test' };

const ENDS: Readonly<Record<string, (id: string) => Promise<unknown>>> = {
  'the password is reset': (id) =>
    resetPassword(server.services, id, 'marble lantern orbit thistle', HAND.actor),
  'the second factors are reset': (id) => resetFactors(server.services, id, HAND.actor),
  'the account is disabled, and enabled again': async (id) => {
    await disableAccount(server.services, id, HAND.actor);
    await enableAccount(server.services, id, HAND.actor);
  },
  'everything of the person is revoked': (id) => revoke(server.services, { account: id }, HAND.actor),
  'the person signs out everywhere': (id) => endSessions(server.services, { accountId: id }, HAND),
};

describe('a sign-in that was proved and not yet taken back to the client is over', () => {
  test.each(Object.keys(ENDS))('when %s', async (name) => {
    const person = await makePerson(server.services);
    const { walker, way } = await proveAndWait(person.email ?? '');
    expect(way).toContain('/auth/');
    await ENDS[name]?.(person.id);
    expect((await walker.visit(way)).status).toBe(400);
    expect((await walker.visit('/account')).heading).toBe('Sign in');
  });

  test('when the password is changed while it is checked', async () => {
    const { knex } = server.services.db;
    const { id, email } = await makePerson(server.services);
    const passwordHash = await server.services.passwords.hash('marble lantern orbit thistle');
    const change = await knex.transaction();
    await lockAccount(change, id);
    await savePasswordWithin(change, { id, passwordHash, now: new Date(), ...HAND });
    const proving = proveAndWait(email ?? '');
    await until(async () => {
      const { rows } = await knex.raw<{ rows: unknown[] }>(`SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'`);
      return rows.length > 0;
    });
    await change.commit();
    expect((await proving).way).toContain('/interaction/');
  });

  test('and goes on where nothing of that happened', async () => {
    const person = await makePerson(server.services);
    const { walker, way } = await proveAndWait(person.email ?? '');
    const consent = await walker.visit(way);
    expect(consent.heading).toContain('Allow');
    // Whoever thinks for a while about what to allow has signed in all the same.
    await server.services.db.knex('sign_ins').where({ account_id: person.id }).delete();
    expect((await allow(walker, consent)).leavesTo?.searchParams.has('code')).toBe(true);
  });
});
