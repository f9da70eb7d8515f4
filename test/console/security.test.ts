import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { record } from '../../src/audit/record.ts';
import { BEHIND_PROXY } from '../interactions/visit.ts';
import type { Page } from '../support/browser-walker.ts';
import { makeApi, makeClient, makePerson, ORDERS } from '../support/factories.ts';
import { findAll, textOf, type Element } from '../support/html.ts';
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

const visit = (path: string) => owner.walker.visit(path);

/** Rows of the tables, as people read them. */
function rows({ document }: Page): string[] {
  return findAll(document, 'tbody').flatMap((body) => findAll(body, 'tr').map(textOf));
}

function link({ document }: Page, text: RegExp): string {
  const found = findAll(document, 'a').find((element: Element) => text.test(textOf(element)));
  return found?.attributes['href'] ?? '';
}

function boxes({ document }: Page): string[] {
  return findAll(document, 'pre').map((box) => textOf(box));
}

/** A refused request, as an application sees it: its id is in the answer. */
async function refusedRequest(): Promise<{ requestId: string; clientId: string }> {
  const { id: clientId } = await makeClient(server.services, 'machine');
  const response = await fetch(`${server.issuer}/token`, {
    method: 'POST',
    headers: { 'X-Forwarded-For': '203.0.113.77' },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: clientId,
      client_secret: 'wrong',
    }),
  });
  expect(response.status).toBe(401);
  return { requestId: response.headers.get('x-request-id') ?? '', clientId };
}

describe('the audit log', () => {
  test('is read in words, searched, and leads to the explanation and to a block', async () => {
    const { requestId, clientId } = await refusedRequest();
    const page = await visit(`/console/audit?client_id=${clientId}&min_risk=10&since=1h`);
    expect([page.status, page.heading]).toEqual([200, 'Audit log']);
    expect(rows(page)).toHaveLength(1);
    expect(rows(page)[0]).toMatch(
      /A client failed to authenticate.*203\.0\.113\.77.*20 a wrong client secret/,
    );
    expect(boxes(page).at(-1)).toBe(`guichet audit list --client ${clientId} --since 1h --min-risk 10`);
    const leadsTo = link(page, /^req_/);
    await expect.poll(async () => (await visit(leadsTo)).text).toContain(`Request${requestId}`);
    const blocking = await visit(link(page, /^Block/));
    expect(findAll(blocking.document, 'input').map(({ attributes }) => attributes['value'])).toContain(
      '203.0.113.77',
    );
    const none = await visit('/console/audit?type=account.&until=2020-01-01');
    expect(none.text).toContain('Nothing of the kind happened');
  });

  test('has pages', async () => {
    const { db, clock } = server.services;
    await db.transaction(async (tx) => {
      for (let index = 0; index < 53; index += 1) {
        const detail = { index };
        await record(tx, { occurredAt: clock.now(), type: 'paged.made', actor: 'system', detail });
      }
    });
    const first = await visit('/console/audit?type=paged.');
    const second = await visit(link(first, /^Next page$/));
    expect([rows(first).length, rows(second).length]).toEqual([50, 3]);
    expect(rows(first)[0]).toContain('index52');
  });

  test('is verified from the console, all of it and a part', async () => {
    const page = await visit('/console/audit');
    const whole = await owner.walker.submit(page, { last: 'all' }, { form: '/verify' });
    expect(whole.text).toMatch(/The log is whole.*The whole log is as it was written: \d+ events read/);
    const part = await owner.walker.submit(page, { last: '10000' }, { form: '/verify' });
    expect(part.text).toContain('The log is whole');
    const forged = await owner.walker.submit(page, { last: '-1' }, { form: '/verify' });
    expect(forged.status).toBe(400);
  });

  test.each(['address=nonsense', 'since=yesterday', 'min_risk=1000', 'after=x', 'until=24'])(
    'says what it does not understand: %s',
    async (query) => {
      const page = await visit(`/console/audit?${query}`);
      expect([page.status, page.heading]).toEqual([400, 'Audit log']);
      expect(page.text).toContain('invalid_request');
    },
  );
});

describe('blocked addresses', () => {
  const block = async (fields: Record<string, string>) =>
    owner.walker.submit(await visit('/console/blocks'), fields, { form: '/block' });

  test('are shut out, for a while or until somebody lets them in again', async () => {
    const ask = () => fetch(`${server.issuer}/jwks`, { headers: { 'X-Forwarded-For': '203.0.113.99' } });
    const page = await block({ network: '203.0.113.99', reason: 'Ticket 4711', until: '2h' });
    expect(page.text).toContain('203.0.113.99/32 is answered with nothing but 403');
    expect(boxes(page)).toContain("guichet blocks add 203.0.113.99/32 --reason 'Ticket 4711' --for 120m");
    expect(rows(page)[0]).toMatch(/^203\.0\.113\.99\/32.*Ticket 4711.*Lift/);
    await expect.poll(async () => (await ask()).status).toBe(403);
    const lifted = await owner.walker.submit(page, {}, { form: '/lift' });
    expect(lifted.text).toContain('203.0.113.99/32 is let in again.');
    await expect.poll(async () => (await ask()).status).toBe(200);
    expect(rows(await visit('/console/blocks?all=true'))[0]).toContain('lifted');
  });

  test('are never the operator’s own, nor nonsense; what was typed comes back', async () => {
    const own = /You are at (\S+):/.exec((await visit('/console/blocks')).text)?.[1] ?? '';
    const refused = await block({ network: own, reason: 'Me' });
    expect([refused.status, refused.text.includes('You are in this network yourself')]).toEqual([400, true]);
    for (const wrong of [{ network: 'x' }, { reason: '' }, { until: '1999-01-01' }, { until: 'soon' }]) {
      const page = await block({ network: '198.51.100.1', reason: 'r', until: '1h', ...wrong });
      expect(page.status, JSON.stringify(wrong)).toBe(400);
      expect(page.forms.find(({ action }) => action.pathname.endsWith('/block'))?.fields).toMatchObject(
        wrong,
      );
    }
  });
});

describe('an explanation', () => {
  test('is found by the id in what people paste, and among the latest', async () => {
    const { requestId, clientId } = await refusedRequest();
    const pasted = encodeURIComponent(`The client could not be authenticated. (${requestId})`);
    await expect
      .poll(async () => (await visit(`/console/explain?request=${pasted}`)).text)
      .toContain('/token answered 401 invalid_client');
    const latest = await visit(`/console/explain?client_id=${clientId}`);
    expect(rows(latest)).toHaveLength(1);
    const page = await visit(link(latest, /^invalid_client/));
    expect(findAll(page.document, 'ol').map(textOf).join()).toMatch(/client authentication refused/);
    const none = await visit('/console/explain?request=req_none');
    expect([none.status, none.text.includes('Nothing is kept under this id')]).toEqual([200, true]);
  });
});

describe('a role', () => {
  test('is made, changed, given, taken and deleted', async () => {
    const person = await makePerson(server.services);
    const machine = await makeClient(server.services, 'machine');
    const form = await visit(`/console/new-role?api=${encodeURIComponent(ORDERS)}`);
    const fields = { name: 'clerk', description: 'Takes orders', 'scope:orders:read': 'on' };
    const made = await owner.walker.submit(form, fields, { form: '/create' });
    expect([made.status, made.heading]).toEqual([200, 'clerk']);
    expect(boxes(made)).toContain(
      `guichet roles create clerk --api ${ORDERS} --scope orders:read --description 'Takes orders'`,
    );
    const saved = await owner.walker.submit(made, { 'scope:orders:write': 'on' }, { form: '/save' });
    expect(boxes(saved)[0]).toContain('--scope orders:read --scope orders:write');
    let page = await owner.walker.submit(saved, { who: person.email ?? '' }, { form: '/give' });
    page = await owner.walker.submit(page, { who: machine.id }, { form: '/give' });
    expect(rows(page)).toHaveLength(2);
    expect(page.text).toContain(person.email);
    const unknown = await owner.walker.submit(page, { who: 'nobody@example.org' }, { form: '/give' });
    expect([unknown.status, unknown.text.includes('There is nobody')]).toEqual([400, true]);
    page = await owner.walker.submit(page, {}, { form: '/take' });
    page = await owner.walker.submit(page, {}, { form: '/take' });
    expect(page.text).toContain('Nobody.');
    const kept = await owner.walker.submit(page, { confirmation: 'x' }, { form: '/delete' });
    expect(kept.status).toBe(400);
    const gone = await owner.walker.submit(kept, { confirmation: 'clerk' }, { form: '/delete' });
    expect([gone.url.pathname, gone.text.includes('The role clerk is deleted')]).toEqual([
      '/console/roles',
      true,
    ]);
  });

  test('that is a part of the server is only given and taken', async () => {
    const list = await visit('/console/roles');
    const page = await visit(link(list, /^auditor$/));
    const actions = page.forms.map(({ action }) => action.pathname.split('/').at(-1));
    expect(actions).toContain('give');
    expect(actions).not.toContain('save');
    expect(actions).not.toContain('delete');
  });
});

test('an auditor sees all of it, and can press nothing but what only looks', async () => {
  const { walker } = await openConsole(server, { role: 'auditor' });
  for (const path of ['audit', 'explain', 'blocks', 'roles']) {
    const page = await walker.visit(`/console/${path}`);
    expect(page.status, path).toBe(200);
    const posts = page.forms.filter(({ method }) => method === 'post').map(({ action }) => action.pathname);
    expect(new Set(posts), path).toEqual(
      new Set(['/console/sign-out', ...(path === 'audit' ? ['/console/audit/verify'] : [])]),
    );
  }
  expect((await walker.visit('/console/new-role')).status).toBe(403);
});
