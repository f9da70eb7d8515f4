import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createTestClock } from '../support/clock.ts';
import { makePerson } from '../support/factories.ts';
import { giveTotp } from '../support/factors.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { forge } from '../account/visit.ts';
import { BEHIND_PROXY, signIn, walkerFor } from '../interactions/visit.ts';
import { giveAdminRole, openConsole, takeRole } from './visit.ts';

const clock = createTestClock();
let server: TestServer;

beforeAll(async () => {
  server = await startTestServer({ env: BEHIND_PROXY, clock });
});

afterAll(() => server.stop());

describe('the door of the console', () => {
  test('signs an operator in with two factors, and leads to the screen they wanted', async () => {
    const { page, person } = await openConsole(server, { path: '/console/clients' });
    expect([page.status, page.url.pathname, page.heading]).toEqual([200, '/console/clients', 'Clients']);
    expect(page.text).toContain(person.email);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect(page.headers.get('cache-control')).toContain('no-store');
  });

  test('whoever has no second factor yet sets one up before they see anything', async () => {
    const person = await makePerson(server.services);
    await giveAdminRole(server, person, 'owner');
    const walker = walkerFor(server);
    const page = await signIn(walker, await walker.visit('/console'), person.email ?? '');
    expect(page.url.pathname).toMatch(/^\/interaction\/[^/]+\/enrol/);
  });

  test('a session with a password alone is asked for the second factor', async () => {
    const person = await makePerson(server.services);
    await giveAdminRole(server, person, 'auditor');
    const walker = walkerFor(server);
    await signIn(walker, await walker.visit('/account'), person.email ?? '');
    await giveTotp(server.services, person);
    const page = await walker.visit('/console');
    expect(page.url.pathname).toMatch(/^\/interaction\//);
    expect(page.text).not.toContain('Overview');
  });

  test('whoever has no role is told whom to ask, and sees nothing', async () => {
    const person = await makePerson(server.services);
    const walker = walkerFor(server);
    await signIn(walker, await walker.visit('/account'), person.email ?? '');
    const page = await walker.visit('/console/users');
    expect([page.status, page.heading]).toEqual([403, 'You are no administrator']);
    expect(page.text).toContain(`--user ${person.email}`);
  });

  test('a role that is taken ends with the next click', async () => {
    const { walker, person } = await openConsole(server);
    expect((await walker.visit('/console/users')).status).toBe(200);
    await takeRole(server, person, 'owner');
    expect((await walker.visit('/console/users')).status).toBe(403);
  });

  test('an auditor sees no button that changes something, and can press none', async () => {
    const { walker, page } = await openConsole(server, { role: 'auditor', path: '/console/users' });
    expect(page.text).not.toContain('Invite or add');
    expect((await walker.visit('/console/new-client')).status).toBe(403);
    const target = await makePerson(server.services);
    const refused = await forge(walker, page, `/console/users/${target.id}/disable`);
    expect([refused.status, refused.text.includes('admin:users:write')]).toEqual([403, true]);
    const user = await walker.visit(`/console/users/${target.id}`);
    expect(user.forms.map(({ action }) => action.pathname)).toEqual([
      '/console/sign-out',
      '/console/sign-out',
      `/console/users/${target.id}/save`,
    ]);
    expect(user.text).not.toContain('disabled');
  });

  test('what cannot be undone asks whoever signed in a while ago to do it again', async () => {
    const { walker, page } = await openConsole(server);
    const target = await makePerson(server.services);
    const seconds = server.services.config.authentication.reauthenticationSeconds + 1;
    clock.advance(seconds);
    const asked = await forge(walker, page, `/console/users/${target.id}/delete`, {
      confirmation: target.id,
    });
    expect(asked.url.pathname).toMatch(/^\/interaction\//);
    expect((await walker.visit(`/console/users/${target.id}`)).status).toBe(200);
    // What only protects does not wait.
    const disabled = await forge(walker, page, `/console/users/${target.id}/disable`);
    expect(disabled.text).toContain('disabled');
  });

  test('a form of another site, or of none, changes nothing', async () => {
    const { walker, page } = await openConsole(server);
    const target = await makePerson(server.services);
    const forged = await forge(walker, page, `/console/users/${target.id}/disable`, { csrf: 'x' });
    expect(forged.status).toBe(403);
    const response = await fetch(`${server.issuer}/console/users/${target.id}/disable`, {
      method: 'POST',
      body: new URLSearchParams(),
      redirect: 'manual',
    });
    expect(response.headers.get('location')).toMatch(/^\/auth\?/);
    expect((await walker.visit(`/console/users/${target.id}`)).text).not.toContain('was disabled');
  });

  test.each(['//evil.example', 'https://evil.example', '/account', '/console/../account', '', '/console//x'])(
    'comes back from the sign-in to a screen of its own, whatever the state says: %s',
    async (state) => {
      const query = new URLSearchParams({ state, code: 'x' }).toString();
      const response = await fetch(`${server.issuer}/console/callback?${query}`, { redirect: 'manual' });
      expect([response.status, response.headers.get('location')]).toEqual([303, '/console']);
    },
  );

  test('what is not there is 404', async () => {
    const { walker } = await openConsole(server);
    for (const path of ['nothing', 'users/usr_none', 'clients/none', 'apis/none', 'users/a/b/c']) {
      expect((await walker.visit(`/console/${path}`)).status, path).toBe(404);
    }
  });

  test('signing out ends the session', async () => {
    const { walker, page } = await openConsole(server);
    const out = await walker.submit(page, {}, { form: '/console/sign-out' });
    expect(out.heading).toBe('You are signed out');
    expect((await walker.visit('/console')).url.pathname).toMatch(/^\/interaction\//);
  });
});
