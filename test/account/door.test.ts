import { afterAll, beforeAll, expect, test } from 'vitest';

import { makePerson } from '../support/factories.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { BEHIND_PROXY, signIn, walkerFor } from '../interactions/visit.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ env: BEHIND_PROXY });
});

afterAll(() => server.stop());

test('who is not signed in signs in and arrives at the page', async () => {
  const person = await makePerson(server.services);
  const walker = walkerFor(server);
  const form = await walker.visit('/account');
  expect(form.url.pathname).toMatch(/^\/interaction\//);
  const page = await signIn(walker, form, person.email ?? '');
  expect([page.url.pathname, page.url.search, page.status]).toEqual(['/account', '', 200]);
  expect(page.text).toContain(person.email);
  const out = await walker.submit(page, {}, { form: '/account/sign-out' });
  expect(out.heading).toBe('You are signed out');
  expect((await walker.visit('/account')).url.pathname).toMatch(/^\/interaction\//);
});
