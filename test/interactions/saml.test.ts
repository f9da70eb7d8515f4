import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createProvider } from '../../src/upstream/create-provider.ts';
import { makeOwnKey } from '../../src/upstream/saml-certificate.ts';
import { NAME_ID } from '../../src/upstream/saml-settings.ts';
import { createWalker, type Page, type Walker } from '../support/browser-walker.ts';
import { hasChromium, launchChromium } from '../support/chromium.ts';
import { startCluster, type Cluster } from '../support/cluster.ts';
import { makeClient } from '../support/factories.ts';
import { findAll, parseHtml } from '../support/html.ts';
import type { Answer, Node } from '../support/node.ts';
import { startSamlProvider, type SamlProvider } from '../support/saml-provider.ts';
import { authorization, CALLBACK } from './visit.ts';

const PORTAL = 'https://portal.example/start';

let cluster: Cluster;
let nodes: readonly [Node, Node];
let idp: SamlProvider;
let clientId: string;

beforeAll(async () => {
  [cluster, idp] = await Promise.all([startCluster(), startSamlProvider()]);
  ({ nodes } = cluster);
  const metadata = { client_name: 'Atelier Notes', redirect_uris: [CALLBACK] };
  ({ id: clientId } = await makeClient(cluster.services, 'web', { firstParty: true, metadata }));
  await makeProvider('Theirs', null);
  await makeProvider('Open', PORTAL);
});

afterAll(async () => {
  await cluster.stop();
  await idp.stop();
});

async function makeProvider(name: string, startUrl: string | null, at = idp): Promise<void> {
  const { certificate, privateKey } = await makeOwnKey(name, new Date());
  await createProvider(cluster.services, {
    kind: 'saml',
    name,
    settings: {
      entityId: at.entityId,
      ssoUrl: at.ssoUrl,
      certificates: [at.key.certificate],
      subjectAttribute: null,
      nameIdFormat: NAME_ID.persistent,
      ownCertificate: certificate,
      signsRequests: false,
      startUrl,
    },
    secrets: { privateKey },
    // One person at two providers: of the other one, the address would be somebody's already.
    mapping: at === idp ? {} : { email: null },
    actor: 'test',
  });
}

/** What the provider's page would post, and where. */
interface Posted {
  readonly acs: string;
  readonly form: Readonly<Record<string, string>>;
}

/** To the provider, with a request of this browser's. */
async function leave(walker: Walker, parameters: Record<string, string> = {}): Promise<Posted> {
  const page = await walker.visit(authorization(clientId, parameters));
  const passing = await walker.submit(page, {}, { form: '/upstream/theirs' });
  const link = findAll(passing.document, 'a').find(({ attributes }) =>
    attributes['href']?.startsWith(idp.ssoUrl),
  );
  const response = await fetch(link?.attributes['href'] ?? '');
  const document = parseHtml(await response.text());
  const fields = findAll(document, 'input').map(({ attributes }) => [
    attributes['name'] ?? '',
    attributes['value'] ?? '',
  ]);
  return {
    acs: findAll(document, 'form')[0]?.attributes['action'] ?? '',
    form: Object.fromEntries(fields.filter(([name]) => name !== '')),
  };
}

/** From another site, so without cookies. */
function post({ acs, form }: Posted, node = nodes[0]): Promise<Answer> {
  return node.call('POST', new URL(acs).pathname, { form });
}

/** Where the page that answers leads the browser on to. */
function landing({ text }: Answer): string {
  return new URL(/content="0; url=([^"]+)"/.exec(text)?.[1] ?? '/nowhere', cluster.issuer).href;
}

function codeOf({ leavesTo }: Page): string | null | undefined {
  return leavesTo?.searchParams.get('code');
}

describe('signing in by SAML', () => {
  test('leads to the provider and back to the client, with an account from then on', async () => {
    for (let visit = 0; visit < 2; visit += 1) {
      const walker = createWalker({ origin: cluster.issuer });
      const place = landing(await post(await leave(walker)));
      expect(codeOf(await walker.visit(place))).toBeTruthy();
    }
    const accounts = await cluster.database.db
      .knex('accounts')
      .select('profile')
      .where({ email: 'ada@saml.example' });
    expect(accounts).toEqual([{ profile: { given_name: 'Ada', family_name: 'Lovelace' } }]);
  });

  test('is done anew where the client wants that', async () => {
    const walker = createWalker({ origin: cluster.issuer });
    const place = landing(await post(await leave(walker, { prompt: 'login' })));
    expect(idp.lastRequest()).toMatchObject({
      forceAuthn: 'true',
      issuer: `${cluster.issuer}/upstream/theirs/metadata`,
    });
    expect(codeOf(await walker.visit(place))).toBeTruthy();
  });

  test('takes a response once, of two that come to two processes at once', async () => {
    const walker = createWalker({ origin: cluster.issuer });
    const posted = await leave(walker);
    const answers = await Promise.all([
      post(posted, nodes[0]),
      post(posted, nodes[1]),
      post(posted, nodes[0]),
    ]);
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 400, 400]);
    const taken = answers.find(({ status }) => status === 200);
    const target = taken ? new URL(landing(taken)).pathname : '';
    const cookie = walker.cookies.headerFor(new URL(cluster.issuer + target));
    const arrivals = await Promise.all(
      [...nodes, ...nodes].map((node) =>
        node.call('GET', target, { headers: { cookie, accept: 'text/html' } }),
      ),
    );
    expect(arrivals.filter(({ status }) => status === 303)).toHaveLength(1);
    expect(arrivals.filter(({ status }) => status === 400)).toHaveLength(3);
  });

  test('is for the browser that began it: somebody else’s response signs nobody in', async () => {
    const attacker = createWalker({ origin: cluster.issuer });
    const place = landing(await post(await leave(attacker)));
    const victim = createWalker({ origin: cluster.issuer });
    await victim.visit(authorization(clientId));
    const page = await victim.visit(place);
    expect([page.status, codeOf(page)]).toEqual([400, undefined]);
    expect(codeOf(await attacker.visit(place))).toBeTruthy();
  });

  test('shows what went wrong on the sign-in page, from which there is another way', async () => {
    const walker = createWalker({ origin: cluster.issuer });
    const posted = await leave(walker);
    const tampered = Buffer.from(posted.form['SAMLResponse'] ?? '', 'base64')
      .toString()
      .replaceAll('person-4711', 'admin');
    const form = { ...posted.form, SAMLResponse: Buffer.from(tampered).toString('base64') };
    const page = await walker.visit(landing(await post({ ...posted, form })));
    expect([page.status, page.heading]).toEqual([502, 'Sign in']);
    const again = landing(await post(await leave(walker)));
    expect(codeOf(await walker.visit(again))).toBeTruthy();
  });
});

describe.skipIf(!hasChromium)('in Chromium', () => {
  test('the way leads to another site and back by its post, with JavaScript and without', async () => {
    const far = await startSamlProvider({ hostname: '127.0.0.1' });
    await makeProvider('Far', null, far);
    const browser = await launchChromium();
    for (const javaScriptEnabled of [true, false]) {
      const page = await (await browser.newContext({ javaScriptEnabled, locale: 'en' })).newPage();
      const back = page.waitForRequest((request) => request.url().startsWith(`${CALLBACK}?code=`));
      await page.goto(cluster.issuer + authorization(clientId));
      await page.getByRole('button', { name: 'Far' }).click();
      if (!javaScriptEnabled) await page.getByRole('button', { name: 'Submit' }).click();
      await back;
    }
    await browser.close();
    await far.stop();
  });
});

describe('the assertion consumer service', () => {
  const form = { SAMLResponse: Buffer.from('<Response/>').toString('base64') };
  const at = (slug: string, sent: Readonly<Record<string, string>>) =>
    nodes[0].call('POST', `/upstream/${slug}/acs`, { form: sent, headers: { accept: 'text/html' } });

  test('does not take what nobody asked for', async () => {
    expect((await at('theirs', form)).status).toBe(400);
    expect((await at('theirs', { ...form, RelayState: 'A'.repeat(43) })).status).toBe(400);
    expect((await at('theirs', { ...form, RelayState: 'https://evil.example' })).status).toBe(400);
    expect((await at('theirs', { RelayState: 'A'.repeat(43) })).status).toBe(400);
    expect((await at('nobody', form)).status).toBe(404);
  });

  test('leads who begins at the provider to where a sign-in begins, and believes nothing', async () => {
    const answer = await at('open', { ...form, RelayState: 'https://evil.example' });
    expect([answer.status, landing(answer)]).toEqual([200, PORTAL]);
    expect(answer.headers['set-cookie']).toBeUndefined();
  });

  test('takes no response of another provider for its own', async () => {
    const posted = await leave(createWalker({ origin: cluster.issuer }));
    expect((await post({ ...posted, acs: posted.acs.replace('/theirs/', '/open/') })).status).toBe(400);
  });

  test('takes nothing that is larger than any honest response', async () => {
    expect((await at('theirs', { ...form, SAMLResponse: 'A'.repeat(60_000) })).status).toBe(413);
  });

  test('is named by the metadata, with a certificate and the wish for signatures', async () => {
    const { status, text, headers } = await nodes[0].call('GET', '/upstream/theirs/metadata');
    expect([status, headers['content-type']]).toEqual([200, 'application/samlmetadata+xml']);
    expect(text).toContain(`entityID="${cluster.issuer}/upstream/theirs/metadata"`);
    expect(text).toContain(`Location="${cluster.issuer}/upstream/theirs/acs"`);
    expect(text).toContain('WantAssertionsSigned="true"');
    expect(text).toMatch(/<ds:X509Certificate>MII/);
    expect((await nodes[0].call('POST', '/upstream/theirs/metadata')).status).toBe(405);
    expect((await nodes[0].call('GET', '/upstream/theirs/acs')).status).toBe(405);
  });
});
