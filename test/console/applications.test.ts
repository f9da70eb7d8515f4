import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createClient } from '../../src/clients/create-client.ts';
import { findClient } from '../../src/clients/store.ts';
import { updateClient } from '../../src/clients/update-client.ts';
import { BEHIND_PROXY } from '../interactions/visit.ts';
import { makeApi, makePerson, ORDERS } from '../support/factories.ts';
import { findAll, textOf } from '../support/html.ts';
import type { Page } from '../support/browser-walker.ts';
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

/** What stands in the boxes for copying. */
function boxes({ document }: Page): string[] {
  return findAll(document, 'pre').map((box) => textOf(box));
}

/** Registers a machine that may ask for orders:read, as its first screen shows it. */
async function registerMachine(name: string): Promise<Page> {
  const form = await owner.walker.visit('/console/new-client?kind=machine');
  const fields = { client_name: name, audience: ORDERS, scopes: 'orders:read' };
  return owner.walker.submit(form, fields, { text: 'Register' });
}

function idOf({ url }: Page): string {
  return url.pathname.split('/').at(-1) ?? '';
}

describe('a client', () => {
  test('is registered by its kind; its secret is shown this once, and works', async () => {
    const page = await registerMachine('Nightly');
    expect([page.status, page.heading]).toEqual([200, 'Nightly']);
    const secret = boxes(page).find((text) => text.startsWith('gcs_')) ?? '';
    const credentials = Buffer.from(`${idOf(page)}:${secret}`).toString('base64');
    const answer = await fetch(`${server.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${credentials}` },
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        resource: ORDERS,
        scope: 'orders:read',
      }),
    });
    expect(answer.status).toBe(200);
    expect(boxes(page)).toContain(
      `guichet clients create --kind machine --name Nightly --api ${ORDERS} --scopes orders:read --default-api ${ORDERS}`,
    );
    const again = await owner.walker.visit(page.url.pathname);
    expect(again.html).not.toContain(secret);
    expect(again.text).toContain('A token with curl');
  });

  test.each([
    ['web', 'https://app.example/callback', 'Web app'],
    ['spa', 'https://app.example/callback', 'Single-page app'],
    ['native', 'com.example.app:/callback', 'Native app'],
    ['mcp', 'http://127.0.0.1/callback', 'Native app'],
    ['device', '', 'Device'],
  ])('of the kind %s is what its name says', async (kind, redirect, what) => {
    const form = await owner.walker.visit(`/console/new-client?kind=${kind}`);
    const fields = { client_name: `A ${kind}`, ...(redirect === '' ? {} : { redirect_uris: redirect }) };
    const page = await owner.walker.submit(form, fields, { text: 'Register' });
    expect([page.heading, page.text.includes(`Kind${what}`)]).toEqual([`A ${kind}`, true]);
  });

  test('that will not do brings the form back with what was typed', async () => {
    const form = await owner.walker.visit('/console/new-client?kind=web');
    const fields = { client_name: 'Bad', redirect_uris: 'http://*.example/cb' };
    const page = await owner.walker.submit(form, fields, { text: 'Register' });
    expect(page.status).toBe(400);
    expect(page.text).toContain('redirect_uri');
    const back = page.forms.find(({ action }) => action.pathname.endsWith('/create'));
    expect(back?.fields).toMatchObject(fields);
  });

  test('that two people change at once loses nothing: the second is told what the first did', async () => {
    const page = await registerMachine('Twice');
    const id = idOf(page);
    const mine = await owner.walker.visit(`/console/clients/${id}`);
    await updateClient(server.services, id, { metadata: { client_name: 'Theirs' } }, 'test');
    const told = await owner.walker.submit(mine, { client_name: 'Mine' }, { form: '/save' });
    expect(told.status).toBe(412);
    expect(told.text).toContain('Somebody changed it meanwhile');
    expect(textOf(findAll(told.document, 'tbody')[0] ?? told.document)).toBe('NameMineTheirs');
    const stored = await findClient(server.services.db.knex, id);
    expect(stored?.metadata['client_name']).toBe('Theirs');
    // Sent once more, it is meant.
    const saved = await owner.walker.submit(told, {}, { form: '/save' });
    expect([saved.status, saved.heading]).toEqual([200, 'Mine']);
  });

  test('gets access to APIs, scope by scope, and loses it', async () => {
    const id = idOf(await registerMachine('Access'));
    const accessOf = async () => (await findClient(server.services.db.knex, id))?.apis;
    let page = await owner.walker.visit(`/console/clients/${id}`);
    page = await owner.walker.submit(page, { 'scope:orders:write': 'on' }, { form: '/access' });
    expect(await accessOf()).toMatchObject([{ audience: ORDERS, scopes: ['orders:read', 'orders:write'] }]);
    const form = page.forms.find(({ action }) => action.pathname.endsWith('/access'));
    const removal = { ...form, action: new URL(`/console/clients/${id}/remove-access`, page.url) };
    await owner.walker.submit({ ...page, forms: [removal as (typeof page.forms)[number]] });
    expect(await accessOf()).toEqual([]);
  });

  test('gets another secret beside the first, or in its place', async () => {
    const first = await registerMachine('Rotated');
    const page = await owner.walker.submit(first, { overlap_hours: '0' }, { form: '/rotate-secret' });
    const secret = boxes(page).find((text) => text.startsWith('gcs_'));
    expect(secret).toMatch(/^gcs_/);
    expect(boxes(first)).not.toContain(secret);
    expect((await findClient(server.services.db.knex, idOf(first)))?.secrets).toHaveLength(1);
  });

  test('is disabled, enabled and, by its name alone, deleted', async () => {
    const page = await registerMachine('Ended');
    const disabled = await owner.walker.submit(page, {}, { form: '/disable' });
    expect(disabled.text).toContain('The client is disabled, and no access token of it was alive.');
    const enabled = await owner.walker.submit(disabled, {}, { form: '/enable' });
    const kept = await owner.walker.submit(enabled, { confirmation: 'Ended' }, { form: '/delete' });
    expect([kept.status, kept.text.includes('type its client_id')]).toEqual([400, true]);
    const gone = await owner.walker.submit(kept, { confirmation: idOf(page) }, { form: '/delete' });
    expect([gone.status, gone.url.pathname]).toEqual([200, '/console/clients']);
    expect(await findClient(server.services.db.knex, idOf(page))).toBeUndefined();
  });
});

test('a hostile name is harmless to look at', async () => {
  const name = '"><img src=x onerror=alert(1)>';
  const person = await makePerson(server.services, { profile: { name } });
  for (const path of [`/console/users?search=${person.email}`, `/console/users/${person.id}`]) {
    const page = await owner.walker.visit(path);
    expect(page.text).toContain(name);
    expect(findAll(page.document, 'img')).toEqual([]);
  }
});

describe('a list', () => {
  test('has pages, and finds by a part of a name', async () => {
    for (let index = 0; index < 55; index += 1) {
      const metadata = {
        client_name: `Paged ${index}`,
        grant_types: ['client_credentials'],
        response_types: [],
      };
      await createClient(server.services, { metadata, actor: 'test' });
    }
    const first = await owner.walker.visit('/console/clients?search=paged');
    const next = findAll(first.document, 'a').find((link) => textOf(link) === 'Next page');
    const second = await owner.walker.visit(next?.attributes['href'] ?? '');
    const rows = (page: Page) => findAll(page.document, 'tbody').flatMap((body) => findAll(body, 'tr'));
    expect([rows(first).length, rows(second).length]).toEqual([50, 5]);
    expect(textOf(findAll(second.document, 'nav').at(-1) ?? second.document)).toBe('First page');
    const none = await owner.walker.visit('/console/clients?search=there-is-none');
    expect(none.text).toContain('Nothing is called that');
  });

  test.each([
    '?after=nothing',
    '?search=%00',
    '?search=a&search=b',
    `?search=${'x'.repeat(5000)}`,
    '?after[]=1',
  ])('takes whatever stands in its address: %s', async (query) => {
    const { status } = await owner.walker.visit(`/console/clients${query}`);
    expect(status).toBeLessThan(500);
  });
});

describe('an API', () => {
  test('is registered with its scopes, changed, and deleted by its audience', async () => {
    const audience = 'https://api.example/console';
    const form = await owner.walker.visit('/console/new-api');
    const fields = { audience, name: 'Console', scopes: 'a:read See it\r\na:write' };
    const made = await owner.walker.submit(form, fields, { text: 'Register' });
    expect([made.heading, made.text.includes('a:read See it')]).toEqual(['Console', true]);
    const saved = await owner.walker.submit(made, { scopes: 'a:read See all of it' }, { form: '/save' });
    expect(saved.text).toContain('a:read See all of it');
    expect(boxes(saved)[0]).toBe(
      `guichet apis update ${audience} --scope 'a:read=See all of it' --remove-scope a:write`,
    );
    const gone = await owner.walker.submit(saved, { confirmation: audience }, { form: '/delete' });
    expect(gone.text).toContain(`The API ${audience} is deleted`);
  });

  test('that is a part of the server can be looked at and not changed', async () => {
    const page = await owner.walker.visit('/console/apis/guichet-admin');
    expect(page.text).toContain('admin:clients:read');
    expect(page.forms.map(({ action }) => action.pathname)).not.toContain('/console/apis/guichet-admin/save');
  });
});

describe('the overview', () => {
  test('counts what there is, and what was issued lately', async () => {
    const page = await owner.walker.visit('/console');
    expect(page.heading).toBe('Overview');
    expect(page.text).toMatch(/[1-9]\d* access tokens? in the last hour/);
    expect(page.text).toMatch(/1 sign-in and 0 failures in the last day/);
    expect(
      findAll(page.document, 'svg').filter(({ attributes }) => attributes['role'] === 'img'),
    ).toHaveLength(3);
  });
});
