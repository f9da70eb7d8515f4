import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { findAccount } from '../../src/accounts/store.ts';
import { toYaml } from '../../src/console/equivalents.ts';
import { openAccount } from '../account/visit.ts';
import { BEHIND_PROXY } from '../interactions/visit.ts';
import { makePerson } from '../support/factories.ts';
import { giveTotp } from '../support/factors.ts';
import { findAll, textOf } from '../support/html.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { openConsole, type Operator } from './visit.ts';

let server: TestServer;
let owner: Operator;

beforeAll(async () => {
  server = await startTestServer({ env: BEHIND_PROXY });
  owner = await openConsole(server);
});

afterAll(() => server.stop());

describe('a person', () => {
  test('is invited, and the link is shown for whoever hands it on', async () => {
    const form = await owner.walker.visit('/console/new-user');
    const email = 'invited@example.org';
    const page = await owner.walker.submit(form, { email, name: 'New' }, { form: '/invite' });
    const link = findAll(page.document, 'pre')
      .map((box) => textOf(box))
      .find((text) => text.startsWith(server.issuer));
    expect(link).toContain('/registration?token=');
  });

  test('is added, changed and deleted', async () => {
    const form = await owner.walker.visit('/console/new-user');
    const made = await owner.walker.submit(form, { username: 'grace', name: 'Grace' }, { form: '/create' });
    expect(made.heading).toBe('Grace');
    const saved = await owner.walker.submit(made, { zoneinfo: 'Europe/Paris' }, { form: '/save' });
    const id = saved.url.pathname.split('/').at(-1) ?? '';
    expect((await findAccount(server.services.db.knex, id))?.profile).toEqual({
      name: 'Grace',
      zoneinfo: 'Europe/Paris',
    });
    const refused = await owner.walker.submit(saved, { email: 'nonsense' }, { form: '/save' });
    expect(refused.status).toBe(400);
    const gone = await owner.walker.submit(saved, { confirmation: id }, { form: '/delete' });
    expect(gone.url.pathname).toBe('/console/users');
    expect(await findAccount(server.services.db.knex, id)).toBeUndefined();
  });

  test('is signed out of one browser, or of all, and disabled', async () => {
    const person = await makePerson(server.services);
    const browsers = await Promise.all([1, 2, 3].map(() => openAccount(server, person)));
    const alive = async () => {
      const pages = await Promise.all(browsers.map(({ walker }) => walker.visit('/account')));
      return pages.filter(({ url }) => url.pathname === '/account').length;
    };
    let page = await owner.walker.visit(`/console/users/${person.id}`);
    page = await owner.walker.submit(page, {}, { form: '/end-session' });
    expect([page.text.includes('The session is over'), await alive()]).toEqual([true, 2]);
    page = await owner.walker.submit(page, {}, { form: `/users/${person.id}/sign-out` });
    expect(await alive()).toBe(0);
    page = await owner.walker.submit(page, {}, { form: '/disable' });
    expect(page.text).toContain('disabled');
    page = await owner.walker.submit(page, {}, { form: '/enable' });
    expect(page.text).toContain('The person may sign in again.');
  });

  test('loses their second factors when they are reset', async () => {
    const person = await makePerson(server.services);
    await giveTotp(server.services, person);
    const page = await owner.walker.visit(`/console/users/${person.id}`);
    expect(page.text).toContain('authenticator app');
    const kept = await owner.walker.submit(page, {}, { form: '/reset-factors' });
    expect([
      kept.status,
      kept.text.includes('1 passkey') || kept.text.includes('no authenticator app'),
    ]).toEqual([400, false]);
    const reset = await owner.walker.submit(kept, { confirmation: 'on' }, { form: '/reset-factors' });
    expect(reset.text).toContain('no authenticator app');
  });

  test('does not disable themselves by mistake', async () => {
    const page = await owner.walker.visit(`/console/users/${owner.person.id}`);
    const refused = await owner.walker.submit(page, {}, { form: '/disable' });
    expect([refused.status, refused.text.includes('This is you')]).toEqual([400, true]);
  });
});

test('configuration is YAML that reads back as what it says', () => {
  const document = {
    name: 'On: "call"',
    empty: [],
    none: null,
    no: 'no',
    count: 3,
    list: [{ a: 'x y', b: ['1', '2026-01-01'] }, { a: '- #' }],
  };
  expect(toYaml({ clients: [document] })).toBe(
    `clients:
  - name: "On: \\"call\\""
    empty: []
    none: null
    "no": "no"
    count: 3
    list:
      - a: x y
        b:
          - "1"
          - "2026-01-01"
      - a: "- #"`,
  );
});
