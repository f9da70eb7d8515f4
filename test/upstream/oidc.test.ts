import { randomUUID } from 'node:crypto';

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import { findAccount, findAccountByIdentifier } from '../../src/accounts/store.ts';
import { createProvider, type NewProvider } from '../../src/upstream/create-provider.ts';
import { updateProvider } from '../../src/upstream/update-provider.ts';
import { findProvider } from '../../src/upstream/store.ts';
import { authorization, makeNotes, walkerFor, BEHIND_PROXY } from '../interactions/visit.ts';
import { confusedTokens, encode, listenForCalls, makeSigner } from '../standards/forge.ts';
import { refreshOf, type Page, type Walker } from '../support/browser-walker.ts';
import { makePerson } from '../support/factories.ts';
import { sendJson, startOpenIdProvider, type OpenIdProvider } from '../support/openid-provider.ts';
import { startTestServer, type TestServer } from '../support/server.ts';

let server: TestServer;
let theirs: OpenIdProvider;
let clientId: string;

beforeAll(async () => {
  [server, theirs] = await Promise.all([startTestServer({ env: BEHIND_PROXY }), startOpenIdProvider()]);
  ({ id: clientId } = await makeNotes(server, { firstParty: true }));
  await connect({ name: 'Theirs' });
});

afterEach(() => theirs.reset());

afterAll(async () => {
  await server.stop();
  await theirs.close();
});

function connect(input: Partial<NewProvider> & { name: string }) {
  return createProvider(server.services, {
    kind: 'oidc',
    settings: {
      issuer: theirs.url,
      clientId: theirs.clientId,
      authMethod: 'client_secret_basic',
      scopes: ['openid', 'profile', 'email'],
    },
    secrets: { clientSecret: theirs.clientSecret },
    actor: 'test',
    ...input,
  });
}

/** With a request of this browser's, as it stands in the address that the browser is led to. */
async function leave(
  walker: Walker,
  { slug = 'theirs', ...parameters }: Record<string, string> = {},
): Promise<URL> {
  const page = await walker.visit(authorization(clientId, parameters));
  const passing = await walker.submit(page, {}, { form: `/upstream/${slug}` });
  return refreshOf(passing) ?? new URL('about:blank');
}

/** There and back, whatever the provider says. */
async function comeThrough(
  changes: Readonly<Record<string, string | undefined>> = {},
  parameters: Record<string, string> = {},
): Promise<Page> {
  const walker = walkerFor(server);
  const request = await leave(walker, parameters);
  return walker.visit(theirs.answer(request, changes).href);
}

function isSignedIn({ leavesTo }: Page): boolean {
  return leavesTo?.searchParams.has('code') === true;
}

/** The sign-in page again, with what to do about it. */
function expectRefused(page: Page, status: number, words: RegExp): void {
  expect([page.status, page.heading, isSignedIn(page)]).toEqual([status, 'Sign in', false]);
  expect(page.text).toMatch(words);
}

const UNACCEPTABLE = /Theirs gave an answer that we cannot accept/;
const AWAY = /Theirs does not answer/;

async function accountOf(subject: string) {
  const row = await server.database.db
    .knex('identities')
    .first<{ account_id: string } | undefined>('account_id')
    .where({ subject });
  return row && findAccount(server.database.db.knex, row.account_id);
}

describe('an answer that is in order', () => {
  test('signs in; the request had PKCE, state and nonce, and the client proved itself', async () => {
    const walker = walkerFor(server);
    const request = await leave(walker, { login_hint: 'ada', ui_locales: 'fr' });
    const asked = Object.fromEntries(request.searchParams);
    expect(asked).toMatchObject({
      response_type: 'code',
      client_id: 'guichet',
      scope: 'openid profile email',
      code_challenge_method: 'S256',
      redirect_uri: `${server.issuer}/upstream/theirs/callback`,
      login_hint: 'ada',
      ui_locales: 'fr',
    });
    expect(asked['state']).toMatch(/^[\w-]{43}$/);
    expect(asked['nonce']).toMatch(/^[\w-]{43}$/);
    expect(isSignedIn(await walker.visit(theirs.answer(request).href))).toBe(true);
    const sent = theirs.tokenRequests.at(-1);
    expect(sent?.form.get('code_verifier')).toMatch(/^[\w-]{43}$/);
    const [id, secret] = Buffer.from(sent?.authorization?.slice(6) ?? '', 'base64')
      .toString()
      .split(':');
    expect([id, new URLSearchParams(`secret=${secret ?? ''}`).get('secret')]).toEqual([
      'guichet',
      theirs.clientSecret,
    ]);
  });

  test('fills the account with what keeps our rules, and leaves the rest out', async () => {
    const subject = randomUUID();
    theirs.claims = { sub: subject, name: 'Ada', email: `${subject}@example.org`, email_verified: true };
    theirs.userinfo = {
      given_name: 'A'.repeat(5000),
      family_name: 'Love\0lace',
      website: 'javascript:alert(1)',
      picture: { not: 'a url' },
      zoneinfo: 'Europe/London',
      locale: '<b>',
      preferred_username: "' OR 1=1--",
      birthdate: '1815-12-10',
      address: { country: 'GB', planet: 'Earth' },
      is_admin: true,
    };
    expect(isSignedIn(await comeThrough())).toBe(true);
    expect(await accountOf(subject)).toMatchObject({
      username: null,
      email: `${subject}@example.org`,
      // Nobody said that this provider's word on addresses counts.
      emailVerified: false,
      profile: { name: 'Ada', zoneinfo: 'Europe/London', birthdate: '1815-12-10' },
      hasPassword: false,
    });
  });

  test('brings the profile up to date each time, never the names people sign in with', async () => {
    const subject = randomUUID();
    theirs.claims = { sub: subject, email: `${subject}@example.org`, email_verified: true, name: 'Ada B.' };
    await comeThrough();
    const provider = await findProvider(server.database.db.knex, 'theirs');
    await updateProvider(server.services, provider?.id ?? '', { trustsEmail: true }, 'test');
    theirs.claims = { ...theirs.claims, name: 'Ada Lovelace', nickname: 'Ada' };
    await comeThrough();
    const verified = { email: `${subject}@example.org`, emailVerified: true };
    expect(await accountOf(subject)).toMatchObject({
      ...verified,
      profile: { name: 'Ada Lovelace', nickname: 'Ada' },
    });
    theirs.claims = { sub: subject, email: 'other@example.org', email_verified: false };
    await comeThrough();
    expect(await accountOf(subject)).toMatchObject({
      ...verified,
      profile: { name: 'Ada Lovelace', nickname: 'Ada' },
    });
    await updateProvider(server.services, provider?.id ?? '', { trustsEmail: false }, 'test');
  });

  test('makes an account of somebody who has no name, and of one whose name is taken', async () => {
    const person = await makePerson(server.services, { username: `ada${Date.now()}` });
    const subjects = [randomUUID(), randomUUID()];
    theirs.claims = { sub: subjects[0] };
    expect(isSignedIn(await comeThrough())).toBe(true);
    theirs.claims = { sub: subjects[1], preferred_username: person.username?.toUpperCase() };
    expect(isSignedIn(await comeThrough())).toBe(true);
    for (const subject of subjects) {
      expect((await accountOf(subject))?.username).toMatch(/^theirs\.[a-z0-9]{10}$/);
    }
  });

  test.each([
    [true, 'urn:guichet:acr:mfa'],
    [false, 'urn:guichet:acr:federated'],
  ])('with two factors there counts here only where that is trusted (%s)', async (trustsMfa, acr) => {
    const slug = trustsMfa ? 'trusted' : 'untrusted';
    await connect({ name: slug, trustsMfa });
    const subject = randomUUID();
    theirs.claims = { sub: subject, amr: ['pwd', 'otp', 'mfa', 'hwk'] };
    expect(isSignedIn(await comeThrough({}, { slug }))).toBe(true);
    const account = await accountOf(subject);
    const [event] = await server.database.db
      .knex('audit_events')
      .select<{ detail: { amr: string[] } }[]>('detail')
      .where({ type: 'account.signed-in', account_id: account?.id });
    expect(event?.detail.amr).toEqual(trustsMfa ? ['fed', 'mfa'] : ['fed']);
    expect(acr).toContain(trustsMfa ? 'mfa' : 'federated');
  });

  test('may come from a public client', async () => {
    await connect({
      name: 'Public',
      settings: { issuer: theirs.url, clientId: 'public', authMethod: 'none', scopes: ['openid'] },
      secrets: {},
    });
    theirs.claims = { sub: randomUUID(), aud: 'public' };
    expect(isSignedIn(await comeThrough({}, { slug: 'public' }))).toBe(true);
    expect(theirs.tokenRequests.at(-1)).toMatchObject({ authorization: undefined });
  });

  test('may be signed with a key that was published a moment ago, and not with one that was taken back', async () => {
    const next = makeSigner('key-2');
    theirs.jwks = [...theirs.jwks, next.jwk];
    const before = theirs.signer;
    theirs.signer = next;
    expect(isSignedIn(await comeThrough())).toBe(true);
    theirs.jwks = [next.jwk];
    theirs.signer = before;
    expectRefused(await comeThrough(), 502, UNACCEPTABLE);
  });
});

describe('a sign-in that the client wants anew', () => {
  test('is wanted anew of the provider, and the moment it tells is looked at', async () => {
    const now = () => Math.floor(Date.now() / 1000);
    theirs.claims = { auth_time: now() };
    const walker = walkerFor(server);
    const request = await leave(walker, { prompt: 'login' });
    expect(Object.fromEntries(request.searchParams)).toMatchObject({ prompt: 'login', max_age: '0' });
    expect(isSignedIn(await walker.visit(theirs.answer(request).href))).toBe(true);
    theirs.claims = { auth_time: now() - 3600 };
    expectRefused(await comeThrough({}, { prompt: 'login' }), 403, /did not ask you again/);
    expectRefused(await comeThrough({}, { max_age: '600' }), 403, /did not ask you again/);
    expect(isSignedIn(await comeThrough({}, { max_age: '7200' }))).toBe(true);
    theirs.claims = {};
    expectRefused(await comeThrough({}, { prompt: 'login' }), 403, /did not ask you again/);
    expect(isSignedIn(await comeThrough())).toBe(true);
  });
});

describe('an answer that cannot be believed signs nobody in', () => {
  const now = Math.floor(Date.now() / 1000);

  test.each<[string, () => void]>([
    ['another nonce', () => (theirs.claims = { nonce: 'another' })],
    ['no nonce', () => (theirs.claims = { nonce: undefined })],
    ['another audience', () => (theirs.claims = { aud: 'somebody-else' })],
    ['two audiences and no azp', () => (theirs.claims = { aud: ['guichet', 'somebody-else'] })],
    ['issued to another client', () => (theirs.claims = { azp: 'somebody-else' })],
    ['another issuer', () => (theirs.claims = { iss: 'https://evil.example' })],
    ['expired', () => (theirs.claims = { iat: now - 7200, exp: now - 3600 })],
    ['no expiry', () => (theirs.claims = { exp: undefined })],
    ['an expiry that is no number', () => (theirs.claims = { exp: '9e99' })],
    ['not valid yet', () => (theirs.claims = { nbf: now + 3600 })],
    ['no subject', () => (theirs.claims = { sub: undefined })],
    ['an empty subject', () => (theirs.claims = { sub: '' })],
    ['a subject that is too long', () => (theirs.claims = { sub: 'x'.repeat(256) })],
    ['a subject with NUL', () => (theirs.claims = { sub: 'a\0b' })],
    ['a subject that is none', () => (theirs.claims = { sub: { $ne: null } })],
    ['a key nobody knows', () => (theirs.signer = makeSigner('key-1'))],
    ['a key id nobody knows', () => (theirs.header = { kid: '../../dev/null' })],
    ['alg none', () => (theirs.forge = (claims) => `${encode({ alg: 'none' })}.${encode(claims)}.`)],
    ['alg NoNe', () => (theirs.forge = (claims) => `${encode({ alg: 'NoNe' })}.${encode(claims)}.`)],
    ['no dots', () => (theirs.forge = () => 'garbage')],
    ['another kind of key', () => (theirs.header = { alg: 'RS256' })],
    ['a critical header', () => (theirs.header = { crit: ['exp'], exp: 1 })],
    ['userinfo of somebody else', () => (theirs.userinfo = { sub: 'somebody-else' })],
    ['userinfo of nobody', () => (theirs.userinfo = { sub: undefined })],
  ])('%s', async (_what, tell) => {
    tell();
    expectRefused(await comeThrough(), 502, UNACCEPTABLE);
  });

  test('HS256 with what everybody knows as the key', async () => {
    for (const index of [0, 1, 2, 3, 4]) {
      theirs.forge = (claims) => confusedTokens(theirs.signer.jwk, claims)[index] ?? '';
      expectRefused(await comeThrough(), 502, UNACCEPTABLE);
    }
  });

  test('keys that the token brings along or points to; nobody asks for them', async () => {
    await using listener = await listenForCalls();
    const own = makeSigner('key-1');
    for (const header of [{ jwk: own.jwk }, { jku: listener.url }, { x5u: listener.url }]) {
      theirs.signer = own;
      theirs.header = header;
      expectRefused(await comeThrough(), 502, UNACCEPTABLE);
    }
    expect(listener.connections).toBe(0);
  });

  test.each<[string, Record<string, string | undefined>, number, RegExp]>([
    ['the person said no', { code: undefined, error: 'access_denied' }, 403, /Theirs did not sign you in/],
    ['they are in trouble', { code: undefined, error: 'temporarily_unavailable' }, 502, AWAY],
    ['they want something first', { code: undefined, error: 'login_required' }, 403, /was not finished/],
    ['an error of no standard', { code: undefined, error: '<script>' }, 502, UNACCEPTABLE],
    ['no code', { code: undefined }, 502, UNACCEPTABLE],
    ['the issuer of another (RFC 9207)', { iss: 'https://evil.example' }, 502, UNACCEPTABLE],
    ['no issuer, although they promise one', { iss: undefined }, 502, UNACCEPTABLE],
  ])('in its address: %s', async (_what, changes, status, words) => {
    const page = await comeThrough(changes);
    expectRefused(page, status, words);
    expect(page.html).not.toContain('<script>');
  });

  test.each<[string, string, Parameters<OpenIdProvider['faults']['set']>[1], RegExp]>([
    ['a refusal', '/token', (_req, res) => sendJson(res, { error: 'invalid_grant' }, 400), UNACCEPTABLE],
    ['a failure', '/token', (_req, res) => sendJson(res, { error: 'x' }, 500), UNACCEPTABLE],
    ['a page', '/token', (_req, res) => void res.writeHead(200).end('<h1>Hello</h1>'), UNACCEPTABLE],
    [
      'no ID token',
      '/token',
      (_req, res) => sendJson(res, { access_token: 'a', token_type: 'bearer' }),
      UNACCEPTABLE,
    ],
    [
      'a redirect',
      '/token',
      (_req, res) => void res.writeHead(307, { location: '/jwks' }).end(),
      UNACCEPTABLE,
    ],
    [
      'more than anybody reads',
      '/me',
      (_req, res) => void res.writeHead(200, { 'content-type': 'application/json' }).end('x'.repeat(300_000)),
      AWAY,
    ],
    ['a hang-up', '/me', (req) => void req.socket.destroy(), AWAY],
    ['silence', '/jwks', () => undefined, AWAY],
    ['no keys', '/jwks', (_req, res) => sendJson(res, { keys: [] }), UNACCEPTABLE],
  ])('%s instead of an answer at %s', async (_what, path, fault, words) => {
    theirs.faults.set(path, fault);
    expectRefused(await comeThrough(), 502, words);
  });

  test('is written down for operators: which provider, what was wrong, nothing secret', async () => {
    theirs.claims = { nonce: 'another' };
    await comeThrough();
    const [event] = await server.database.db
      .knex('audit_events')
      .select<{ detail: Record<string, unknown> }[]>('detail')
      .where({ type: 'account.sign-in-failed' })
      .orderBy('id', 'desc')
      .limit(1);
    expect(event?.detail).toEqual({
      reason: 'upstream-wrong',
      provider: 'theirs',
      cause: expect.any(String),
    });
  });
});

describe('a provider', () => {
  test.each<[string, Record<string, unknown>]>([
    ['of another issuer', { issuer: 'https://evil.example' }],
    ['without an address for tokens', { token_endpoint: undefined }],
    ['whose page is a script', { authorization_endpoint: 'javascript:alert(1)' }],
  ])('%s is asked nothing', async (what, metadata) => {
    const odd = await startOpenIdProvider();
    odd.metadata = metadata;
    const name = what.slice(0, 40);
    const settings = { issuer: odd.url, clientId: 'a', authMethod: 'none', scopes: ['openid'] };
    const { slug } = await connect({ name, settings, secrets: {} });
    const walker = walkerFor(server);
    const page = await walker.visit(authorization(clientId));
    const refused = await walker.submit(page, {}, { form: `/upstream/${slug}` });
    expect([refused.status, refused.heading]).toEqual([502, 'Sign in']);
    await odd.close();
  });

  test('in our own network is not reached, nor one that speaks http elsewhere', async () => {
    const settings = { clientId: 'a', authMethod: 'none', scopes: ['openid'] };
    const inside = { ...settings, issuer: 'https://10.0.0.1' };
    const { slug } = await connect({ name: 'Inside', settings: inside, secrets: {} });
    const walker = walkerFor(server);
    const page = await walker.visit(authorization(clientId));
    expect((await walker.submit(page, {}, { form: `/upstream/${slug}` })).status).toBe(502);
    const plain = { ...settings, issuer: 'http://idp.example' };
    await expect(connect({ name: 'Plain', settings: plain, secrets: {} })).rejects.toMatchObject({
      code: 'invalid_identity_provider',
    });
  });

  test('whose secret a database holds cannot be read there', async () => {
    const { rows } = await server.database.db.pool.query<{ row: string }>(
      'SELECT identity_providers::text AS row FROM identity_providers',
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { row } of rows) {
      expect(row).not.toContain(theirs.clientSecret);
      expect(row).not.toContain(Buffer.from(theirs.clientSecret).toString('hex'));
    }
  });

  test('has no domain that another has', async () => {
    await connect({ name: 'First', domains: ['First.Example', 'münchen.example'] });
    await expect(connect({ name: 'Second', domains: ['first.example'] })).rejects.toMatchObject({
      code: 'domain_taken',
    });
    await expect(connect({ name: 'Third', domains: ['xn--mnchen-3ya.example'] })).rejects.toMatchObject({
      code: 'domain_taken',
    });
    await expect(connect({ name: 'First' })).rejects.toMatchObject({ code: 'slug_taken' });
  });
});

describe('a logout token', () => {
  const now = () => Math.floor(Date.now() / 1000);
  const post = (token: string, slug = 'theirs') =>
    fetch(`${server.issuer}/upstream/${slug}/backchannel-logout`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: token }),
    });

  async function signedIn(subject: string, sid?: string) {
    theirs.claims = { sub: subject, ...(sid === undefined ? {} : { sid }), email: `${subject}@example.org` };
    const page = await comeThrough();
    expect(isSignedIn(page)).toBe(true);
    const account = await findAccountByIdentifier(server.database.db.knex, `${subject}@example.org`);
    return () =>
      server.database.db
        .knex('sessions')
        .where({ account_id: account?.id })
        .whereNull('ended_at')
        .pluck('upstream_sid');
  }

  test('ends the one session it names, or all of the person', async () => {
    const subject = randomUUID();
    await signedIn(subject, 'one');
    const live = await signedIn(subject, 'two');
    expect((await live()).toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual(['one', 'two']);
    expect((await post(theirs.logoutToken({ sub: subject, sid: 'one' }))).status).toBe(200);
    expect(await live()).toEqual(['two']);
    expect((await post(theirs.logoutToken({ sid: 'two' }))).status).toBe(200);
    expect(await live()).toEqual([]);
    await signedIn(subject, 'three');
    expect((await post(theirs.logoutToken({ sub: subject }))).status).toBe(200);
    expect(await live()).toEqual([]);
  });

  test('counts once: a repetition ends nothing that came later', async () => {
    const subject = randomUUID();
    const live = await signedIn(subject, 'one');
    const token = theirs.logoutToken({ sub: subject });
    const answers = await Promise.all(Array.from({ length: 8 }, () => post(token)));
    expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect(await live()).toEqual([]);
    await signedIn(subject, 'one');
    expect((await post(token)).status).toBe(200);
    expect(await live()).toEqual(['one']);
  });

  test('of another, or that is none, ends nothing', async () => {
    const subject = randomUUID();
    const live = await signedIn(subject, 'one');
    const event = 'http://schemas.openid.net/event/backchannel-logout';
    const own = makeSigner('key-1');
    const tokens = [
      theirs.logoutToken({ sub: subject, iss: 'https://evil.example' }),
      theirs.logoutToken({ sub: subject, aud: 'somebody-else' }),
      theirs.logoutToken({ sub: subject, nonce: 'n' }),
      theirs.logoutToken({ sub: subject, events: undefined }),
      theirs.logoutToken({ sub: subject, events: { other: {} } }),
      theirs.logoutToken({ sub: subject, events: { [event]: 'yes' } }),
      theirs.logoutToken({ sub: subject, events: [event] }),
      theirs.logoutToken({ sub: subject, jti: undefined }),
      theirs.logoutToken({ sub: subject, iat: undefined }),
      theirs.logoutToken({ sub: subject, exp: undefined }),
      theirs.logoutToken({ sub: subject, exp: now() - 60 }),
      theirs.logoutToken({ sub: subject, iat: now() - 3600, exp: now() + 3600 }),
      theirs.logoutToken({ sub: subject, iat: now() + 3600, exp: now() + 7200 }),
      theirs.logoutToken({}),
      theirs.logoutToken({ sub: { a: 1 } }),
      theirs.logoutToken({ sub: subject, sid: 'x'.repeat(256) }),
      theirs.logoutToken({ sub: subject }, { typ: 'at+jwt' }),
      own.sign({ alg: 'ES256', kid: 'key-1', typ: 'logout+jwt' }, { iss: theirs.url, sub: subject }),
      `${encode({ alg: 'none', typ: 'logout+jwt' })}.${encode({ iss: theirs.url, sub: subject })}.`,
      ...confusedTokens(theirs.signer.jwk, { iss: theirs.url, sub: subject }),
      'garbage',
      'a'.repeat(20_000),
      '',
    ];
    for (const [index, token] of tokens.entries()) {
      const answer = await post(token);
      expect([index, answer.status]).toEqual([index, 400]);
      expect(await answer.json()).toMatchObject({ error: 'invalid_request' });
    }
    expect((await post(theirs.logoutToken({ sub: subject }), 'nobody')).status).toBe(404);
    expect(await live()).toEqual(['one']);
  });

  test('does not make us call the provider each time somebody posts one', async () => {
    const before = theirs.count('/jwks');
    const odd = Array.from({ length: 20 }, () => theirs.logoutToken({ sub: 'x' }, { kid: randomUUID() }));
    await Promise.all(odd.map((token) => post(token)));
    expect(theirs.count('/jwks') - before).toBeLessThanOrEqual(1);
  });
});
