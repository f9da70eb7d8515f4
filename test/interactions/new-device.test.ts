import { afterAll, beforeAll, expect, test } from 'vitest';

import type { Account } from '../../src/accounts/account.ts';
import type { Walker } from '../support/browser-walker.ts';
import { makePerson } from '../support/factories.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { authorization, BEHIND_PROXY, makeNotes, signIn, walkerFor } from './visit.ts';

/** ASVS 5.0 V6.3.5: whoever signs in where nobody of that name has signed in before is asked by mail whether it was them. */
let server: TestServer;
let clientId: string;

const EDGE =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36 Edg/150.0.0.0';

beforeAll(async () => {
  server = await startTestServer({ env: BEHIND_PROXY });
  ({ id: clientId } = await makeNotes(server, { firstParty: true }));
});
afterAll(() => server.stop());

async function signInWith(walker: Walker, person: Account, parameters: Record<string, string> = {}) {
  const form = await walker.visit(authorization(clientId, { prompt: 'login', ...parameters }));
  const page = await signIn(walker, form, person.email ?? person.username ?? '');
  expect(page.leavesTo?.searchParams.has('code')).toBe(true);
}

function mailsTo(person: Account): Promise<unknown[]> {
  return server.services.db
    .knex('mails')
    .select('kind', 'recipient', 'language', 'detail')
    .where({ account_id: person.id })
    .orderBy('created_at');
}

test('the first sign-in of an account is no surprise, wherever it is', async () => {
  const person = await makePerson(server.services);
  const walker = walkerFor(server);
  await signInWith(walker, person);
  await signInWith(walker, person);
  expect(await mailsTo(person)).toEqual([]);
});

test('the next one in another browser is told with what the person needs to know it by, and told once', async () => {
  const person = await makePerson(server.services);
  await signInWith(walkerFor(server), person);
  const elsewhere = walkerFor(server, {
    'user-agent': EDGE,
    'X-Forwarded-For': '2001:db8:1:2::3',
    'Accept-Language': 'fr-CA,en;q=0.5',
  });
  await signInWith(elsewhere, person);
  await signInWith(elsewhere, person);
  expect(await mailsTo(person)).toEqual([
    {
      kind: 'new-device',
      recipient: person.email,
      language: 'fr',
      detail: {
        name: 'Ada Lovelace',
        device: 'Edge, Windows',
        address: '2001:db8:1:2::3',
        client: 'Atelier Notes',
      },
    },
  ]);
});

test('a browser that other people use is new to whoever has not signed in there', async () => {
  const [one, two] = [await makePerson(server.services), await makePerson(server.services)];
  const [home, shared] = [walkerFor(server), walkerFor(server)];
  await signInWith(home, two);
  await signInWith(shared, one);
  shared.cookies.delete('guichet-session');
  await signInWith(shared, two);
  expect(await mailsTo(one)).toEqual([]);
  expect(await mailsTo(two)).toHaveLength(1);
});

test('nothing is sent to an address that nobody has confirmed, or to none', async () => {
  const people = [
    await makePerson(server.services, { emailVerified: false }),
    await makePerson(server.services, { email: undefined, username: 'only.a.name' }),
  ];
  for (const person of people) {
    await signInWith(walkerFor(server), person);
    await signInWith(walkerFor(server), person);
    expect(await mailsTo(person)).toEqual([]);
  }
});

test('the audit log has each sign-in once, with what was proved and where', async () => {
  const person = await makePerson(server.services);
  await signInWith(walkerFor(server), person);
  await signInWith(walkerFor(server, { 'user-agent': EDGE }), person);
  const events = await server.services.db
    .knex('audit_events')
    .select('client_id', 'detail')
    .where({ account_id: person.id, type: 'account.signed-in' })
    .orderBy('id');
  expect(events).toEqual([
    { client_id: clientId, detail: { amr: ['pwd'], device: '' } },
    { client_id: clientId, detail: { amr: ['pwd'], device: 'Edge, Windows', newDevice: true } },
  ]);
});
