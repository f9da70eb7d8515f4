import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { Account } from '../../src/accounts/account.ts';
import { createClient } from '../../src/clients/create-client.ts';
import { CLIENT_KINDS } from '../../src/clients/kinds.ts';
import { updateClient } from '../../src/clients/update-client.ts';
import { updateApi } from '../../src/resources/update-api.ts';
import { deleteAccount } from '../../src/revocation/delete-account.ts';
import { deleteClient } from '../../src/revocation/delete-client.ts';
import { listAccess } from '../../src/revocation/list-access.ts';
import { removeScopes } from '../../src/revocation/remove-scopes.ts';
import { withdrawConsent } from '../../src/revocation/withdraw-consent.ts';
import {
  authorizationPath,
  authorize,
  cookiesOf,
  introspect,
  makeApp,
  redeem,
  refresh,
  tokensOf,
  userinfo,
  type App,
  type Overrides,
} from '../support/app.ts';
import type { Page, Walker } from '../support/browser-walker.ts';
import { makeApi, makePerson, ORDERS } from '../support/factories.ts';
import { findAll, textOf } from '../support/html.ts';
import { createNode, type Node } from '../support/node.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { allow, BEHIND_PROXY, registerItself, signIn, walkerFor } from './visit.ts';

/** ASVS 5.0 V10.7: what was allowed once is not asked again, but of clients that anybody can pretend to be; and it can be taken back. */
let server: TestServer;
let node: Node;
let person: Account;
let notes: App;

beforeAll(async () => {
  server = await startTestServer({ env: BEHIND_PROXY });
  node = createNode(Number(new URL(server.issuer).port), server.issuer);
  await makeApi(server.services);
});
afterAll(async () => {
  node.close();
  await server.stop();
});
beforeEach(async () => {
  person = await makePerson(server.services);
  notes = await makeNotes();
});

function makeNotes(options: Parameters<typeof makeApp>[1] = {}): Promise<App> {
  const metadata = { client_name: 'Atelier Notes', ...options.metadata };
  return makeApp(server.services, {
    firstParty: false,
    scope: 'openid profile email orders:read',
    ...options,
    metadata,
  });
}

/** A browser in which nobody has signed in yet, and what comes after signing in there. */
async function newSession(
  app: App = notes,
  overrides: Overrides = {},
  who = person,
): Promise<{ walker: Walker; page: Page }> {
  const walker = walkerFor(server);
  const form = await walker.visit(authorizationPath(app, overrides));
  return { walker, page: await signIn(walker, form, who.email ?? '') };
}

/** Allowed in a session that is over; the tokens of that time. */
async function allowBefore(app: App = notes, overrides: Overrides = {}) {
  const { walker, page } = await newSession(app, overrides);
  const { leavesTo } = await allow(walker, page);
  const code = leavesTo?.searchParams.get('code') ?? '';
  return { walker, tokens: tokensOf(await redeem(node, app, code)) };
}

const isAsked = ({ page }: { page: Page }) => page.html.includes('name="decision"');
const items = (page: Page) => findAll(page.document, 'li').map(textOf);

describe('what was allowed before', () => {
  test('is not asked again in another session, and no more of it is granted than is asked for', async () => {
    await allowBefore();
    const { page } = await newSession(notes, { scope: 'openid profile', resource: undefined });
    const code = page.leavesTo?.searchParams.get('code') ?? '';
    const { access } = tokensOf(await redeem(node, notes, code));
    const { json } = await userinfo(node, access);
    expect(json).toMatchObject({ name: 'Ada Lovelace' });
    expect(json).not.toHaveProperty('email');
    const grants = await server.services.db
      .knex('grants')
      .select<{ payload: Record<string, unknown> }[]>('payload')
      .where({ account_id: person.id, client_id: notes.id })
      .orderBy('created_at', 'desc');
    expect(grants).toHaveLength(2);
    expect(grants[0]?.payload).toMatchObject({ openid: { scope: 'openid profile' } });
    expect(grants[0]?.payload).not.toHaveProperty('resources');
  });

  test('holds without a page as well', async () => {
    await allowBefore();
    const known = await makeApp(server.services);
    const { walker } = await newSession(known);
    const silent = await authorize(node, notes, cookiesOf(walker, server.issuer), { prompt: 'none' });
    expect(silent.location?.searchParams.has('code')).toBe(true);
    const wider = await authorize(node, notes, cookiesOf(walker, server.issuer), {
      prompt: 'none',
      scope: 'openid phone',
    });
    expect(wider.location?.searchParams.get('error')).toBe('consent_required');
  });

  test('stays allowed when more is asked for, which is shown alone', async () => {
    await allowBefore(notes, { scope: 'openid profile orders:read' });
    const more = { scope: 'openid profile email orders:read orders:write' };
    const asked = await newSession(notes, more);
    expect(asked.page.heading).toBe('Allow Atelier Notes to do more?');
    expect(items(asked.page)).toEqual(['See your e-mail address', 'Place orders']);
    const denied = await asked.walker.submit(asked.page, {}, { value: 'deny' });
    expect(denied.leavesTo?.searchParams.get('error')).toBe('access_denied');

    // No is no answer for ever, and takes nothing back.
    expect(isAsked(await newSession(notes, { scope: 'openid profile orders:read' }))).toBe(false);
    const again = await newSession(notes, more);
    expect(items(again.page)).toEqual(['See your e-mail address', 'Place orders']);
    await allow(again.walker, again.page);
    expect(isAsked(await newSession(notes, more))).toBe(false);
  });

  test('is asked all the same when the client wants it so, and in full', async () => {
    await allowBefore();
    const { page } = await newSession(notes, { prompt: 'consent' });
    expect(items(page)).toEqual(
      expect.arrayContaining(['See your name and the rest of your profile', 'Read your orders']),
    );
  });

  test('of access while the person is away is asked every time (OIDC Core §11)', async () => {
    const scope = 'openid offline_access';
    await allowBefore(notes, { scope, prompt: 'consent', resource: undefined });
    const again = await newSession(notes, { scope, prompt: 'consent', resource: undefined });
    expect(items(again.page)).toContain('Keep this access for up to 30 days without asking again');
    const unasked = await newSession(notes, { scope, resource: undefined });
    const code = unasked.page.leavesTo?.searchParams.get('code') ?? '';
    expect((await redeem(node, notes, code)).json['scope']).toBe('openid');
  });

  test('was allowed by one person, and holds for nobody else', async () => {
    await allowBefore();
    expect(isAsked(await newSession(notes, {}, await makePerson(server.services)))).toBe(true);
  });

  test('was allowed to a client as it was then', async () => {
    await allowBefore();
    await updateClient(server.services, notes.id, { metadata: { contacts: ['notes@example.org'] } }, 'test');
    expect(isAsked(await newSession())).toBe(false);
    const redirect_uris = ['https://elsewhere.example/callback', notes.redirectUri];
    await updateClient(server.services, notes.id, { metadata: { redirect_uris } }, 'test');
    const asked = await newSession();
    expect(asked.page.heading).toBe('Allow Atelier Notes to use your account?');
    await allow(asked.walker, asked.page);
    expect(isAsked(await newSession())).toBe(false);
  });

  test('of an API is gone with its scope, under whatever name it returns', async () => {
    const audience = 'https://api.example/archive';
    const api = await makeApi(server.services, { audience, name: 'Archive' });
    const app = await makeNotes({ resource: audience, scope: 'openid orders:read orders:write' });
    await allowBefore(app);
    await removeScopes(server.services, api.id, ['orders:read'], 'test');
    const scopes = [{ name: 'orders:read', description: 'Read everything' }];
    await updateApi(server.services, api.id, { scopes }, 'test');
    const access = [{ audience, scopes: ['orders:read', 'orders:write'] }];
    await updateClient(server.services, app.id, { apis: access }, 'test');
    expect(items((await newSession(app)).page)).toEqual(['Read everything']);
  });

  test('is forgotten with the client or the person', async () => {
    const rows = () =>
      server.services.db.knex('consents').pluck('client_id').where({ account_id: person.id });
    const other = await makeNotes();
    await allowBefore();
    await allowBefore(other);
    await deleteClient(server.services, other.id, 'test');
    expect(await rows()).toEqual([notes.id]);
    await deleteAccount(server.services, person.id, 'test');
    expect(await rows()).toEqual([]);
  });
});

describe('a client that anybody can pretend to be', () => {
  const LOOPBACK = 'http://127.0.0.1/callback';
  const SCHEME = 'com.example.notes:/callback';

  test.each([
    ['an app with a scheme of its own', 'native', SCHEME],
    ['an app on a loopback address', 'native', LOOPBACK],
    ['a page without https', 'spa', 'http://localhost:3999/callback'],
  ] as const)('is asked about in every session: %s', async (_what, kind, redirectUri) => {
    const { client } = await createClient(server.services, {
      apis: [],
      metadata: { client_name: 'Atelier Notes', ...CLIENT_KINDS[kind], redirect_uris: [redirectUri] },
      actor: 'test',
    });
    const app: App = { id: client.id, secret: undefined, redirectUri, scope: 'openid', resource: undefined };
    const { walker, page } = await newSession(app);
    expect(page.text).toContain('You will be asked again the next time');
    await allow(walker, page);
    expect(isAsked(await newSession(app))).toBe(true);
  });

  test('is asked about in every session when it registered itself', async () => {
    const redirectUri = 'https://itself.example/callback';
    const id = await registerItself(server, { client_name: 'Itself', redirect_uris: [redirectUri] });
    const app: App = { id, secret: undefined, redirectUri, scope: 'openid', resource: undefined };
    const { walker, page } = await newSession(app);
    await allow(walker, page);
    expect(isAsked(await newSession(app))).toBe(true);
    expect(isAsked({ page: await walker.visit(authorizationPath(app)) })).toBe(false);
  });

  test('is none where only its owner gets the answer', async () => {
    const page = await makeNotes({ kind: 'spa' });
    await allowBefore(page);
    expect(isAsked(await newSession(page))).toBe(false);
  });
});

describe('what a person takes back', () => {
  const withdraw = (app: App = notes) =>
    withdrawConsent(server.services, { accountId: person.id, clientId: app.id }, { actor: 'test' });

  test('ends at once in every session, and the person stays signed in', async () => {
    const opaque = { scope: 'openid profile', resource: undefined };
    const first = await allowBefore();
    const second = await allowBefore(notes, { ...opaque, prompt: 'consent' });
    const other = await makeApp(server.services);
    const kept = await newSession(other);
    const otherCode = kept.page.leavesTo?.searchParams.get('code') ?? '';
    const otherTokens = tokensOf(await redeem(node, other, otherCode));

    expect(await withdraw()).toMatchObject({ tokens: 1 });
    expect((await introspect(node, notes, first.tokens.access)).json).toEqual({ active: false });
    expect((await userinfo(node, second.tokens.access)).status).toBe(401);
    for (const { tokens } of [first, second]) {
      expect((await refresh(node, notes, tokens.refresh)).json).toMatchObject({ error: 'invalid_grant' });
    }
    expect((await introspect(node, other, otherTokens.access)).json).toMatchObject({ active: true });

    const { walker } = first;
    const cookie = cookiesOf(walker, server.issuer);
    const elsewhere = await authorize(node, other, cookie, { prompt: 'none' });
    expect(elsewhere.location?.searchParams.has('code')).toBe(true);
    const page = await walker.visit(authorizationPath(notes));
    expect(page.heading).toBe('Allow Atelier Notes to use your account?');
    expect(await withdraw()).toBeUndefined();
  });

  test('may be something that nobody uses any more', async () => {
    const { walker } = await allowBefore();
    const confirm = await walker.visit('/session/end');
    await walker.submit(confirm, {}, { name: 'logout' });
    const access = () =>
      listAccess(server.services.db.knex, { accountId: person.id, now: server.services.clock.now() });
    expect(await access()).toMatchObject([
      { clientId: notes.id, grantIds: [], scopes: ['openid', 'profile', 'email'] },
    ]);
    expect((await access())[0]?.resources).toEqual({ [ORDERS]: ['orders:read'] });
    expect(await withdraw()).toMatchObject({ tokens: 0 });
    expect(await access()).toEqual([]);
    expect(isAsked(await newSession())).toBe(true);
  });

  test('is given anew by a page that was open all the while, and then for what it showed', async () => {
    await allowBefore(notes, { scope: 'openid profile' });
    const { walker, page } = await newSession(notes, { scope: 'openid profile email' });
    await withdraw();
    const next = await allow(walker, page);
    // What had been allowed before is asked again.
    expect(items(next)).toContain('See your name and the rest of your profile');
    expect((await allow(walker, next)).leavesTo?.searchParams.has('code')).toBe(true);
  });

  test('of a client of ours is what it holds now, since it is not asked about', async () => {
    const ours = await makeApp(server.services);
    const { page } = await newSession(ours);
    const { access } = tokensOf(await redeem(node, ours, page.leavesTo?.searchParams.get('code') ?? ''));
    expect(await withdraw(ours)).toMatchObject({ tokens: 1 });
    expect((await introspect(node, ours, access)).json).toEqual({ active: false });
  });
});
