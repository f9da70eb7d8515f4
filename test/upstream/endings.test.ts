import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { findAccountByIdentifier } from '../../src/accounts/store.ts';
import { disableProvider } from '../../src/revocation/disable-provider.ts';
import { disconnectIdentity } from '../../src/revocation/disconnect-identity.ts';
import { createProvider } from '../../src/upstream/create-provider.ts';
import { setPassword } from '../../src/accounts/set-password.ts';
import { allow, BEHIND_PROXY, walkerFor } from '../interactions/visit.ts';
import {
  authorizationPath,
  makeApp,
  redeem,
  refresh,
  tokensOf,
  type App,
  type Tokens,
} from '../support/app.ts';
import { refreshOf, type Page, type Walker } from '../support/browser-walker.ts';
import { createCli, line } from '../support/cli.ts';
import { makeApi, PASSWORD } from '../support/factories.ts';
import { giveTotp } from '../support/factors.ts';
import { createNode, type Node } from '../support/node.ts';
import { startOpenIdProvider, type OpenIdProvider } from '../support/openid-provider.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

/** What a provider has vouched for lasts as long as its word. */
let server: TestServer;
let node: Node;
let theirs: OpenIdProvider;
let app: App;
let slug: string;
let providerId: string;

beforeAll(async () => {
  [server, theirs] = await Promise.all([startTestServer({ env: BEHIND_PROXY }), startOpenIdProvider()]);
  node = createNode(Number(new URL(server.issuer).port), server.issuer);
  await makeApi(server.services);
  app = await makeApp(server.services, { scope: 'openid orders:read offline_access' });
});
afterAll(async () => {
  node.close();
  await server.stop();
  await theirs.close();
});
beforeEach(async () => {
  theirs.reset();
  const name = `P${randomUUID().slice(0, 8)}`;
  slug = name.toLowerCase();
  const settings = {
    issuer: theirs.url,
    clientId: theirs.clientId,
    authMethod: 'client_secret_basic',
    scopes: ['openid'],
  };
  const secrets = { clientSecret: theirs.clientSecret };
  ({ id: providerId } = await createProvider(server.services, {
    kind: 'oidc',
    name,
    settings,
    secrets,
    actor: 'test',
  }));
});

/** To the provider, which sends the browser back to where the answer says. */
async function leave(walker: Walker, overrides: Record<string, string> = {}): Promise<URL> {
  const page = await walker.visit(authorizationPath(app, { prompt: 'consent', ...overrides }));
  const passing = await walker.submit(page, {}, { form: `/upstream/${slug}` });
  return theirs.answer(refreshOf(passing) ?? new URL('about:blank'));
}

async function signIn(
  subject: string,
  overrides: Record<string, string> = {},
): Promise<{ walker: Walker; page: Page }> {
  theirs.claims = { sub: subject, email: emailOf(subject) };
  const walker = walkerFor(server);
  const page = await walker.visit((await leave(walker, overrides)).href);
  return { walker, page: page.html.includes('name="decision"') ? await allow(walker, page) : page };
}

async function tokensFor(subject: string, overrides: Record<string, string> = {}): Promise<Tokens> {
  const { page } = await signIn(subject, overrides);
  const allowed = page.leavesTo?.searchParams.get('code') ?? '';
  return tokensOf(await redeem(node, app, allowed));
}

const emailOf = (subject: string) => `${subject}@example.org`;
const disable = () => disableProvider(server.services, providerId, 'test');
const refreshes = async ({ refresh: token }: Tokens) => (await refresh(node, app, token)).status === 200;

async function accountOf(subject: string) {
  const account = await findAccountByIdentifier(server.database.db.knex, emailOf(subject));
  if (!account) throw new Error('nobody came through');
  return account;
}

/** As if it had been over and forgotten for long; what was granted for the person's absence is all there is left. */
async function forgetSessions(subject: string): Promise<void> {
  const { id } = await accountOf(subject);
  await server.database.db.knex('sessions').where({ account_id: id }).delete();
}

describe('disabling a provider', () => {
  test('ends what clients hold for the absence of a person whose session is long over', async () => {
    const subject = randomUUID();
    const tokens = await tokensFor(subject);
    await forgetSessions(subject);
    expect(await refreshes(tokens)).toBe(true);
    const [again] = [await tokensFor(randomUUID())];
    await disable();
    expect(await refreshes(again)).toBe(false);
    expect(await refreshes(tokens)).toBe(false);
  });

  test('ends a sign-in that waits for its second factor', async () => {
    const subject = randomUUID();
    await tokensFor(subject);
    const account = await accountOf(subject);
    const authenticator = await giveTotp(server.services, account);
    const { walker, page } = await signIn(subject);
    expect(page.heading).toBe('One more step');
    await disable();
    const next = await walker.submit(page, { code: authenticator.code(server.services.clock.now()) }, {});
    expect([next.status, next.heading]).toEqual([404, 'Sign in']);
  });

  test('ends a sign-in that is on its way back to the client', async () => {
    const subject = randomUUID();
    theirs.claims = { sub: subject, email: emailOf(subject) };
    const walker = walkerFor(server);
    const back = await leave(walker);
    const get = (place: URL) => {
      const cookie = walker.cookies.headerFor(place) ?? '';
      return node.call('GET', place.pathname + place.search, { headers: { cookie, accept: 'text/html' } });
    };
    const passing = /url=([^"]+)"/.exec((await get(back)).text)?.[1] ?? '';
    const arrived = await get(new URL(passing, server.issuer));
    const resume = arrived.location;
    expect(resume?.pathname).toMatch(/^\/auth\//);
    await disable();
    const page = await walker.visit(resume?.href ?? '');
    expect(page.leavesTo?.searchParams.get('code') ?? null).toBeNull();
    const { id } = await accountOf(subject);
    expect(await server.database.db.knex('sessions').where({ account_id: id })).toEqual([]);
  });

  test('races with sign-ins: whoever came in before is out, and nobody comes in after', async () => {
    const subjects = Array.from({ length: 8 }, () => randomUUID());
    for (const subject of subjects) await tokensFor(subject);
    const racing = subjects.map(async (subject) => {
      // Whoever is late finds no button any more.
      const came = await signIn(subject).catch(() => undefined);
      const code = came?.page.leavesTo?.searchParams.get('code');
      return code ? tokensOf(await redeem(node, app, code)) : undefined;
    });
    await sleep(60);
    await disable();
    for (const tokens of await Promise.all(racing)) {
      if (tokens?.refresh) expect(await refreshes(tokens)).toBe(false);
    }
    const { rows } = await server.database.db.pool.query(
      `SELECT s.uid FROM sessions s JOIN identities i ON i.id = s.identity_id
       WHERE i.provider_id = $1 AND s.ended_at IS NULL`,
      [providerId],
    );
    expect(rows).toEqual([]);
  });

  test('is what tokens inspect gives as the reason', async () => {
    const { access } = await tokensFor(randomUUID());
    await disable();
    const { config } = server.services;
    const cli = createCli({
      GUICHET_DATABASE_URL: server.database.url,
      GUICHET_DATA_DIR: config.dataDir,
      GUICHET_ISSUER: config.issuer,
    });
    const { stdout } = await cli(line`tokens inspect`, access);
    expect(stdout).toContain(
      `everybody who came through identity provider ${providerId}, when the provider was disabled`,
    );
  });
});

describe('signing out there', () => {
  const post = (claims: Record<string, unknown>) =>
    fetch(`${server.issuer}/upstream/${slug}/backchannel-logout`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: theirs.logoutToken(claims) }),
    });

  test('ends tokens that hang on the session, and leaves what is for the absence of the person', async () => {
    const subject = randomUUID();
    const offline = await tokensFor(subject);
    const bound = await tokensFor(subject, { scope: 'openid orders:read' });
    expect((await post({ sub: subject })).status).toBe(200);
    const { rows } = await server.database.db.pool.query<{ is_dead: boolean }>(
      `SELECT t.revoked_at IS NOT NULL AS is_dead FROM tokens t WHERE t.account_id = $1 ORDER BY t.issued_at`,
      [(await accountOf(subject)).id],
    );
    expect(bound.access).not.toBe('');
    expect(rows.map(({ is_dead: isDead }) => isDead)).toEqual([false, true]);
    expect(await refreshes(offline)).toBe(true);
  });
});

describe('disconnecting an identity', () => {
  test('ends what came of it, and refuses whoever is on the way back with it', async () => {
    const subject = randomUUID();
    const tokens = await tokensFor(subject);
    const account = await accountOf(subject);
    const [identity] = await server.database.db.knex('identities').where({ account_id: account.id });
    const { id: identityId } = identity as { id: string };
    const only = await disconnectIdentity(server.services, {
      account,
      identityId,
      language: 'en',
      actor: 'test',
    });
    expect(only).toMatchObject({ ok: false, reason: 'last' });
    expect(await refreshes(tokens)).toBe(true);
    const kept = await tokensFor(subject);
    await setPassword(server.services, account.id, PASSWORD, 'test');
    const withPassword = await accountOf(subject);
    await disconnectIdentity(server.services, {
      account: withPassword,
      identityId,
      language: 'en',
      actor: 'test',
    });
    expect(await refreshes(kept)).toBe(false);
  });
});
