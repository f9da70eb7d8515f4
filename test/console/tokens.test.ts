import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { openAccount } from '../account/visit.ts';
import { issueToken } from '../admin/scene.ts';
import { BEHIND_PROXY } from '../interactions/visit.ts';
import { makeApi, makeClient, makePerson, ORDERS } from '../support/factories.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { openConsole, type Operator } from './visit.ts';

let server: TestServer;
let owner: Operator;

beforeAll(async () => {
  server = await startTestServer({ env: BEHIND_PROXY });
  await makeApi(server.services);
  owner = await openConsole(server);
});

afterAll(() => server.stop());

async function makeToken(): Promise<{ id: string; token: string }> {
  const scopes = ['orders:read'];
  const { id, secret = '' } = await makeClient(server.services, 'machine', {
    apis: [{ audience: ORDERS, scopes }],
  });
  const token = await issueToken(server.issuer, { id, secret, audience: ORDERS, scopes });
  return { id, token };
}

describe('access tokens', () => {
  test('are found by their client, revoked, and explained', async () => {
    const { id, token } = await makeToken();
    const list = await owner.walker.visit(`/console/tokens?client_id=${id}`);
    const alive = await owner.walker.submit(list, { token }, { form: '/inspect' });
    expect([alive.status, alive.text.includes('alive')]).toEqual([200, true]);
    expect(alive.html).not.toContain(token);

    const ended = await owner.walker.submit(list, {}, { form: '/tokens/end' });
    expect(ended.text).toContain('The token is revoked, and 1 access token of it is revoked');
    const dead = await owner.walker.submit(ended, { token }, { form: '/inspect' });
    expect(dead.text).toContain('dead');
    expect(dead.text).toContain(`account:${owner.person.id}`);
  });

  test.each(['nonsense', '', `${'a.'.repeat(5000)}b`, '\u0000'])(
    'that are none do no harm: %j',
    async (token) => {
      const page = await owner.walker.visit('/console/tokens');
      const { status } = await owner.walker.submit(page, { token }, { form: '/inspect' });
      expect(status).toBeLessThan(500);
    },
  );

  test.each(['state=wrong', 'after=x', 'client_id=%00', 'issued_from=x'])(
    'take whatever stands in the address: %s',
    async (query) => {
      expect((await owner.walker.visit(`/console/tokens?${query}`)).status).toBeLessThan(500);
    },
  );
});

test('a session is ended from the list of all', async () => {
  const person = await makePerson(server.services);
  const { walker } = await openAccount(server, person);
  const list = await owner.walker.visit(`/console/sessions?account_id=${person.id}`);
  const done = await owner.walker.submit(list, {}, { form: '/sessions/end' });
  expect(done.text).toContain('The session is over');
  expect((await walker.visit('/account')).url.pathname).toMatch(/^\/interaction\//);
});

test('keys are rotated, and revoked by whoever types which', async () => {
  const page = await owner.walker.visit('/console/keys');
  const rotated = await owner.walker.submit(page, { alg: 'ES256', now: 'on' }, { form: '/rotate' });
  expect(rotated.text).toContain('1 successor made');
  const form = rotated.forms.find(({ action }) => action.pathname.endsWith('/revoke'));
  const kid = form?.fields['kid'] ?? '';
  const refused = await owner.walker.submit(rotated, { kid, confirmation: 'x' }, { form: '/revoke' });
  expect(refused.status).toBe(400);
  const revoked = await owner.walker.submit(
    refused,
    { kid, confirmation: kid.slice(0, 6) },
    { form: '/revoke' },
  );
  expect(revoked.text).toContain('The key is revoked');
});
