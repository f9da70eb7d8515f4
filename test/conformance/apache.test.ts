/** A client that nobody here wrote: Apache with mod_auth_openidc, as Debian ships it, and as the documentation sets it up. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Account } from '../../src/accounts/account.ts';
import { makeApp, signIn, type App } from '../support/app.ts';
import { hasApache, prepareApache, type Apache } from '../support/apache.ts';
import { createWalker, type Walker } from '../support/browser-walker.ts';
import { createCli } from '../support/cli.ts';
import { createCookieJar } from '../support/cookie-jar.ts';
import { makePerson, PASSWORD } from '../support/factories.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

describe.skipIf(!hasApache)('mod_auth_openidc', () => {
  let server: TestServer;
  let apache: Apache;
  let other: App;
  let person: Account;

  beforeAll(async () => {
    server = await startTestServer();
    apache = await prepareApache();
    const cli = createCli({ GUICHET_DATABASE_URL: server.database.url, GUICHET_ISSUER: server.issuer });
    const { client_secret } = await cli.json(apache.registration);
    await apache.start({ issuer: server.issuer, secret: String(client_secret) });
    other = await makeApp(server.services, { resource: null });
    person = await makePerson(server.services);
  });
  afterAll(async () => {
    await apache.stop();
    await server.stop();
  });

  /** One browser, which keeps the cookies of the two apart by their names. */
  function openBrowser(): { at: Walker; here: Walker } {
    const cookies = createCookieJar();
    return {
      at: createWalker({ origin: apache.origin, cookies }),
      here: createWalker({ origin: server.issuer, cookies }),
    };
  }

  /** Apache sends the browser here, and it comes back with a code. */
  async function enter({ at, here }: ReturnType<typeof openBrowser>) {
    const away = await at.visit(apache.page);
    let page = await here.visit(away.leavesTo?.href ?? '');
    if (!page.leavesTo) {
      page = await here.submit(
        page,
        { identifier: person.email ?? '', password: PASSWORD },
        { form: '/sign-in' },
      );
    }
    return at.visit(page.leavesTo?.href ?? '');
  }

  test('shows its page to whoever has signed in, until they sign out there', async () => {
    const browser = openBrowser();
    const page = await enter(browser);
    expect(page.text).toContain(`You are Ada Lovelace, ${person.email}`);

    const bye = encodeURIComponent(`${apache.origin}/bye.html`);
    const away = await browser.at.visit(`${apache.redirectUri}?logout=${bye}`);
    expect(away.leavesTo?.pathname).toBe('/session/end');
    const confirm = await browser.here.visit(away.leavesTo?.href ?? '');
    expect(confirm.text).toContain('Intranet');
    const back = await browser.here.submit(confirm, {}, { name: 'logout' });
    expect(back.leavesTo?.href).toBe(`${apache.origin}/bye.html`);
    expect((await browser.at.visit(apache.page)).leavesTo?.pathname).toBe('/auth');
  });

  test('ends its session when the person signs out elsewhere, by back-channel', async () => {
    const browser = openBrowser();
    await signIn(browser.here, other, person);
    // Signed in once for both.
    const page = await enter(browser);
    expect(page.text).toContain('You are Ada Lovelace');
    expect((await browser.at.visit(apache.page)).text).toContain('You are Ada Lovelace');

    await browser.here.submit(await browser.here.visit('/session/end'), {}, { name: 'logout' });
    await delivered();
    expect((await browser.at.visit(apache.page)).leavesTo?.pathname).toBe('/auth');
  });

  async function delivered(): Promise<void> {
    const deadline = performance.now() + 15_000;
    for (;;) {
      const open: unknown[] = await server.services.db
        .knex('logout_deliveries')
        .select('id', 'last_error')
        .whereNull('delivered_at');
      if (open.length === 0) return;
      if (performance.now() > deadline) throw new Error(`not delivered: ${JSON.stringify(open)}`);
    }
  }
});
