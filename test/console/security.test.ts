import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { record } from '../../src/audit/record.ts';
import { exportConfiguration } from '../../src/configuration/export.ts';
import { BEHIND_PROXY } from '../interactions/visit.ts';
import type { Page } from '../support/browser-walker.ts';
import { makeApi, makeClient, makePerson, ORDERS } from '../support/factories.ts';
import { findAll, textOf, type Element } from '../support/html.ts';
import { startOpenIdProvider, type OpenIdProvider } from '../support/openid-provider.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { openConsole, type Operator } from './visit.ts';

let server: TestServer;
let owner: Operator;
let elsewhere: OpenIdProvider;
let receiver: Server;
const received: string[] = [];

beforeAll(async () => {
  elsewhere = await startOpenIdProvider();
  receiver = createServer((req, res) => {
    received.push(String(req.headers['webhook-id']));
    res.writeHead(204).end();
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  server = await startTestServer({ env: { ...BEHIND_PROXY, GUICHET_EGRESS_ALLOW: '127.0.0.0/8' } });
  await makeApi(server.services);
  owner = await openConsole(server);
});

afterAll(async () => {
  await server.stop();
  await elsewhere.close();
  receiver.closeAllConnections();
  receiver.close();
});

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
    const blocking = await visit(link(page, /^Block203/));
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

describe('an identity provider', () => {
  test('is connected, checked, gives roles by its groups, is disabled and deleted', async () => {
    const form = await visit('/console/new-identity-provider');
    const wrong = await owner.walker.submit(
      form,
      { name: 'Contoso', issuer: 'nonsense', client_id: 'guichet', client_secret: 'a secret' },
      { form: '/create' },
    );
    expect([wrong.status, wrong.html.includes('a secret')]).toEqual([400, false]);
    const fields = {
      issuer: elsewhere.url,
      client_secret: elsewhere.clientSecret,
      domains: 'contoso.example',
    };
    const made = await owner.walker.submit(wrong, fields, { form: '/create' });
    expect([made.status, made.heading]).toEqual([200, 'Contoso']);
    expect(made.text).toContain(`Redirect URI${server.issuer}/`);
    expect(made.html).not.toContain(elsewhere.clientSecret);
    expect(boxes(made)[0]).toMatch(/^guichet identity-providers create oidc .* < secret.txt$/);
    const careless = await owner.walker.submit(made, {}, { form: '/check' });
    expect(careless.text).toContain('It cannot be used: it gave tokens for a code that nobody issued');
    elsewhere.faults.set('/token', (_, res) => {
      res.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}');
    });
    const checked = await owner.walker.submit(careless, {}, { form: '/check' });
    expect(checked.text).toContain('It answers as it should.');

    const role = await visit('/console/roles');
    const roleId =
      link(role, /^auditor$/)
        .split('/')
        .at(-1) ?? '';
    const mapped = await owner.walker.submit(
      checked,
      { group: 'CN=Sales', role: roleId },
      { form: '/map-group' },
    );
    expect(rows(mapped)).toEqual([expect.stringMatching(/^CN=Sales ?auditor of .*Take/)]);
    expect(boxes(mapped)[0]).toMatch(
      /^guichet identity-providers map-group contoso CN=Sales --api \S+ --role auditor$/,
    );
    const unmapped = await owner.walker.submit(mapped, {}, { form: '/unmap-group' });
    expect(unmapped.text).toContain('no group there gives a role here');

    const disabled = await owner.walker.submit(unmapped, {}, { form: '/disable' });
    expect(disabled.text).toContain('Nobody comes through it any more');
    const enabled = await owner.walker.submit(disabled, {}, { form: '/enable' });
    const gone = await owner.walker.submit(enabled, { confirmation: 'contoso' }, { form: '/delete' });
    expect([gone.url.pathname, gone.text.includes('None yet')]).toEqual([
      '/console/identity-providers',
      true,
    ]);
  });
});

describe('the security report', () => {
  test('is made, read and kept', async () => {
    const none = await visit('/console/report');
    expect(none.text).toContain('No report yet');
    const made = await owner.walker.submit(none, {}, { form: '/make' });
    expect(made.text).toMatch(/Grade [A-F]: \d+ high/);
    expect(made.text).toContain('Remedy:');
    const kept = await visit(link(made, /^\d+ \w+ \d{4}/));
    expect([kept.status, kept.text.includes('rules were held against')]).toEqual([200, true]);
    expect((await visit('/console/report?id=rep_none')).status).toBe(404);
  });
});

describe('settings', () => {
  test('are shown with their variables; of secrets that they are set', async () => {
    const page = await visit('/console/settings');
    const secret = rows(page).find((row) => row.startsWith('GUICHET_SECRET'));
    expect(secret).toMatch(/a secret, set/);
    expect(page.html).not.toContain(server.services.config.secrets.secret[0]);
    expect(rows(page).find((row) => row.startsWith('GUICHET_TRUSTED_PROXIES'))).toContain('127.0.0.1/32');
  });

  test('come as a file, which is the one of the command line', async () => {
    const page = await visit('/console/settings/guichet.yaml');
    expect(page.headers.get('content-disposition')).toBe('attachment; filename="guichet.yaml"');
    expect(page.html).toBe((await exportConfiguration(server.services)).text);
    expect(page.html).toContain(ORDERS);
  });
});

describe('a webhook', () => {
  test('is created with a secret that is shown once, tested, disabled and deleted', async () => {
    const { port } = receiver.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/hook`;
    const form = await visit('/console/webhooks');
    const made = await owner.walker.submit(form, { name: 'Pager', url, min_risk: '50' }, { form: '/create' });
    expect(boxes(made)[0]).toMatch(/^whsec_/);
    expect(boxes(made)[1]).toBe(
      `guichet webhooks create --name Pager --url ${url} --format jsonl --min-risk 50`,
    );
    const again = await visit('/console/webhooks');
    expect(again.html).not.toContain('whsec_');
    const tested = await owner.walker.submit(again, {}, { form: '/test' });
    expect([tested.text.includes('Pager took an event'), received.length]).toEqual([true, 1]);
    const refused = await owner.walker.submit(tested, { name: '', url, min_risk: 'x' }, { form: '/create' });
    expect(refused.status).toBe(400);
    const press = (page: Page, verb: string) => {
      const form = page.forms.find(({ action }) => action.pathname.endsWith('/test'));
      if (!form) throw new Error('there is no webhook');
      const action = new URL(`/console/webhooks/${verb}`, page.url);
      return owner.walker.submit({ ...page, forms: [{ ...form, action }] });
    };
    const disabled = await press(refused, 'disable');
    expect(disabled.text).toContain('Pager is sent nothing; once enabled');
    const enabled = await press(disabled, 'enable');
    const replayed = await owner.walker.submit(enabled, { since: '24h' }, { form: '/replay' });
    expect(boxes(replayed)[0]).toMatch(/^guichet webhooks replay whk_\S+ --since 24h$/);
    const unsaid = await owner.walker.submit(replayed, { since: '' }, { form: '/replay' });
    const kept = await owner.walker.submit(unsaid, { confirmation: 'x' }, { form: '/delete' });
    expect([unsaid.status, kept.status]).toEqual([400, 400]);
    const gone = await owner.walker.submit(kept, { confirmation: 'Pager' }, { form: '/delete' });
    expect(gone.text).toContain('Nobody is told');
  });
});

const SCREENS = [
  'audit',
  'explain',
  'blocks',
  'roles',
  'identity-providers',
  'report',
  'settings',
  'webhooks',
];

test('an auditor sees all of it, and can press nothing but what only looks', async () => {
  const { walker } = await openConsole(server, { role: 'auditor' });
  for (const path of SCREENS) {
    const page = await walker.visit(`/console/${path}`);
    expect(page.status, path).toBe(200);
    const posts = page.forms.filter(({ method }) => method === 'post').map(({ action }) => action.pathname);
    expect(new Set(posts), path).toEqual(
      new Set(['/console/sign-out', ...(path === 'audit' ? ['/console/audit/verify'] : [])]),
    );
  }
  expect((await walker.visit('/console/new-role')).status).toBe(403);
});
