import { decodeJwt } from 'jose';
import * as openid from 'openid-client';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import type { Account } from '../../src/accounts/account.ts';
import { ACR } from '../../src/authenticators/acr.ts';
import { updateClient } from '../../src/clients/update-client.ts';
import type { Requirement } from '../../src/config/requirement.ts';
import { updateApi } from '../../src/resources/update-api.ts';
import { createWalker, type Page, type Walker } from '../support/browser-walker.ts';
import { createTestClock, type TestClock } from '../support/clock.ts';
import { makeApi, makeClient, makePerson, ORDERS } from '../support/factories.ts';
import { appForSecret, giveTotp, givePasskey, passkeyOptions } from '../support/factors.ts';
import { findAll, textOf } from '../support/html.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { createSoftPasskey } from '../support/soft-passkey.ts';
import { signIn } from './visit.ts';

/** What is proved, what is asked for, and what the tokens say of it, as a client nobody here wrote reads them. */
const REDIRECT = 'https://notes.example/callback';
const ALL = Object.values(ACR);

let server: TestServer;
let clock: TestClock;
let apiId: string;
let clientId: string;
let config: openid.Configuration;
let walker: Walker;

beforeAll(async () => {
  // A client checks `iat` and `exp` by its own clock.
  clock = createTestClock(new Date());
  server = await startTestServer({ clock });
  ({ id: apiId } = await makeApi(server.services));
  const { id, secret } = await makeClient(server.services, 'web', {
    firstParty: true,
    apis: [{ audience: ORDERS, scopes: ['orders:read'] }],
    metadata: { redirect_uris: [REDIRECT], grant_types: ['authorization_code', 'refresh_token'] },
  });
  clientId = id;
  const http = { execute: [openid.allowInsecureRequests] };
  config = await openid.discovery(new URL(server.issuer), id, secret, undefined, http);
});

beforeEach(async () => {
  walker = createWalker({ origin: server.issuer });
  await demand('any');
  await demandOfApi('any');
});

afterAll(() => server.stop());

const verifier = openid.randomPKCECodeVerifier();

async function ask(parameters: Record<string, string> = {}): Promise<Page> {
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT,
    scope: 'openid',
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...parameters,
  });
  return walker.visit(url.href);
}

async function tokensOf(page: Page) {
  if (!page.leavesTo) throw new Error(`stuck at ${page.url.href}: ${page.text}`);
  return openid.authorizationCodeGrant(config, page.leavesTo, { pkceCodeVerifier: verifier });
}

async function claimsOf(page: Page) {
  const { acr, amr, auth_time }: Partial<openid.IDToken> = (await tokensOf(page)).claims() ?? {};
  return { acr, amr, auth_time };
}

const password = (page: Page, person: Account) => signIn(walker, page, person.email ?? '');
const code = (page: Page, text: string) => walker.submit(page, { code: text }, { form: '/second-factor' });
const stepOf = (page: Page) => page.url.pathname.split('/').at(-1);
const errorOf = (page: Page) => page.leavesTo?.searchParams.get('error');

/** Until every copy of the registry has heard of it. */
async function demand(requirement: Requirement): Promise<void> {
  const { clients } = server.services;
  await updateClient(server.services, clientId, { requirement }, 'test');
  await vi.waitFor(async () => expect((await clients.find(clientId))?.requirement).toBe(requirement));
}

async function demandOfApi(requirement: Requirement): Promise<void> {
  const { apis } = server.services;
  await updateApi(server.services, apiId, { requirement }, 'test');
  await vi.waitFor(async () => expect((await apis.findById(apiId))?.requirement).toBe(requirement));
}

describe('tokens say how somebody signed in', () => {
  test('with a password', async () => {
    const person = await makePerson(server.services);
    const now = Math.floor(clock.now().getTime() / 1000);
    expect(await claimsOf(await password(await ask(), person))).toEqual({
      acr: ACR.password,
      amr: ['pwd'],
      auth_time: now,
    });
  });

  test('with a password and a code, in the ID token, the access token and after a refresh', async () => {
    const person = await makePerson(server.services);
    const app = await giveTotp(server.services, person);
    const form = await ask({ resource: ORDERS, scope: 'openid orders:read' });
    const page = await code(await password(form, person), app.code(clock.now()));
    const tokens = await tokensOf(page);
    const expected = { acr: ACR.mfa, amr: ['pwd', 'otp', 'mfa'] };
    expect(tokens.claims()).toMatchObject(expected);
    expect(decodeJwt(tokens.access_token)).toMatchObject({ ...expected, aud: ORDERS });
    const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token ?? '');
    expect(decodeJwt(refreshed.access_token)).toMatchObject(expected);
    expect(refreshed.claims()).toMatchObject(expected);
  });

  test.each([
    [false, 'hwk'],
    [true, 'swk'],
  ])('with a passkey alone (synced: %s)', async (isSynced, word) => {
    const person = await makePerson(server.services);
    const passkey = await givePasskey(server.services, person, { isSynced });
    const page = await ask();
    const response = passkey.answer(passkeyOptions(page));
    const done = await walker.submit(page, { response }, { form: '/passkey' });
    expect(await claimsOf(done)).toMatchObject({ acr: ACR.phishingResistant, amr: [word, 'user', 'mfa'] });
  });

  test('with a password and a passkey that knew nobody', async () => {
    const person = await makePerson(server.services);
    const passkey = await givePasskey(server.services, person);
    const page = await password(await ask(), person);
    const response = passkey.answer(passkeyOptions(page), { userVerified: false });
    const done = await walker.submit(page, { response }, { form: '/second-factor' });
    expect(await claimsOf(done)).toMatchObject({
      acr: ACR.phishingResistant,
      amr: ['pwd', 'hwk', 'user', 'mfa'],
    });
  });

  test('on a device that is remembered: with the password alone', async () => {
    const person = await makePerson(server.services);
    const app = await giveTotp(server.services, person);
    const second = await password(await ask(), person);
    await walker.submit(
      second,
      { code: app.code(clock.now()), remember_device: 'yes' },
      { form: '/second-factor' },
    );
    walker.cookies.delete('guichet-session');
    expect(await claimsOf(await password(await ask(), person))).toMatchObject({
      acr: ACR.password,
      amr: ['pwd'],
    });
  });
});

describe('whoever is signed in and has to prove more', () => {
  /** Signed in with the password on a device that is remembered. */
  async function weakly() {
    const person = await makePerson(server.services);
    const app = await giveTotp(server.services, person);
    const second = await password(await ask(), person);
    await walker.submit(
      second,
      { code: app.code(clock.now()), remember_device: 'yes' },
      { form: '/second-factor' },
    );
    walker.cookies.delete('guichet-session');
    await password(await ask(), person);
    clock.advance(60);
    return { person, app, session: walker.cookies.get('guichet-session') };
  }

  test('is asked for the second factor alone, keeps the time of the first, and gets a new session id', async () => {
    const { app, session } = await weakly();
    const before = Math.floor(clock.now().getTime() / 1000) - 60;
    const page = await ask({ acr_values: `urn:unknown ${ACR.mfa}` });
    expect(stepOf(page)).toBe('second-factor');
    expect(await claimsOf(await code(page, app.code(clock.now())))).toEqual({
      acr: ACR.mfa,
      amr: ['pwd', 'otp', 'mfa'],
      auth_time: before,
    });
    expect(walker.cookies.get('guichet-session')).not.toBe(session);
    expect(await claimsOf(await ask({ acr_values: ACR.mfa }))).toMatchObject({ acr: ACR.mfa });
  });

  test.each([
    [
      'essential',
      () => ({ claims: JSON.stringify({ id_token: { acr: { essential: true, value: ACR.mfa } } }) }),
    ],
    ['of the client', async () => (await demand('mfa'), {})],
    [
      'of the API',
      async () => {
        await demandOfApi('mfa');
        return { resource: ORDERS, scope: 'openid orders:read' };
      },
    ],
  ])('where the demand is %s, also by the API’s own rules', async (_whose, setUp) => {
    const { app } = await weakly();
    const parameters = await setUp();
    expect(errorOf(await ask({ ...parameters, prompt: 'none' }))).toBe('login_required');
    const page = await ask(parameters);
    expect(stepOf(page)).toBe('second-factor');
    expect(await claimsOf(await code(page, app.code(clock.now())))).toMatchObject({ acr: ACR.mfa });
  });

  test('proves the password as well where the client asks to see them again', async () => {
    const { person, app } = await weakly();
    const parameters: Record<string, string>[] = [{ prompt: 'login' }, { max_age: '0' }];
    for (const parameter of parameters) {
      clock.advance(60);
      const page = await ask({ acr_values: ACR.mfa, ...parameter });
      expect(page.heading).toBe('Confirm it is you');
      const second = await password(page, person);
      const now = Math.floor(clock.now().getTime() / 1000);
      expect(await claimsOf(await code(second, app.code(clock.now())))).toMatchObject({
        acr: ACR.mfa,
        auth_time: now,
      });
    }
  });

  test('starts with the password again after five wrong codes', async () => {
    await weakly();
    let page = await ask({ acr_values: ACR.mfa });
    for (let attempt = 0; attempt < 5; attempt += 1) page = await code(page, '000000');
    expect(page.heading).toBe('Confirm it is you');
    expect((await ask({ prompt: 'none' })).leavesTo?.searchParams.has('code')).toBe(true);
  });
});

describe('acr_values', () => {
  test('that nobody can fulfil are no reason to ask, and the answer is honest', async () => {
    const person = await makePerson(server.services);
    const page = await password(await ask({ acr_values: `urn:unknown ${ACR.mfa}` }), person);
    expect(await claimsOf(page)).toMatchObject({ acr: ACR.password });
    for (const values of ['urn:unknown', ACR.phishingResistant, ALL.join(' ')]) {
      expect(await claimsOf(await ask({ acr_values: values }))).toMatchObject({ acr: ACR.password });
    }
  });

  test('that are essential and unknown come back as an error, with and without a page', async () => {
    const claims = (acr: unknown) => ({ claims: JSON.stringify({ id_token: { acr } }) });
    const unknown = claims({ essential: true, values: ['urn:unknown', 'urn:other'] });
    expect(errorOf(await ask(unknown))).toBe('unmet_authentication_requirements');
    expect(errorOf(await ask({ ...unknown, prompt: 'none' }))).toBe('unmet_authentication_requirements');
    for (const broken of [
      { essential: true, values: 'x' },
      { essential: true, value: 7 },
      { values: [{}] },
    ]) {
      expect(errorOf(await ask(claims(broken)))).toBe('invalid_request');
    }
    for (const fine of [null, {}, { values: ['urn:unknown'] }, { essential: true }]) {
      expect((await ask(claims(fine))).heading).toBe('Sign in');
    }
  });
});

describe('whoever has no second factor where one is demanded', () => {
  async function enrolTotp(page: Page) {
    const setUp = await walker.submit(page, {}, { value: 'totp' });
    const key = findAll(setUp.document, 'p').find(({ attributes }) => attributes['class'] === 'key');
    if (!key) throw new Error(setUp.text);
    return { setUp, app: appForSecret(textOf(key)) };
  }

  const confirm = (page: Page, text: string) => walker.submit(page, { code: text }, { form: '/enrol-totp' });

  test('sets up an app and keeps recovery codes, and is signed in with two factors', async () => {
    await demand('mfa');
    const person = await makePerson(server.services);
    const page = await password(await ask(), person);
    expect([stepOf(page), page.heading]).toEqual(['enrol', 'Protect your account']);
    const { setUp, app } = await enrolTotp(page);
    expect(findAll(setUp.document, 'path').at(-1)?.attributes['d']).toMatch(/^M4 4h7M/);
    expect((await confirm(setUp, '0'.repeat(50_000))).status).toBe(422);
    const wrong = await confirm(setUp, '000000');
    expect([wrong.status, wrong.text.includes('not right')]).toEqual([422, true]);
    const used = app.code(clock.now());
    const codes = await confirm(wrong, used);
    expect(codes.heading).toBe('Your recovery codes');
    const shown = findAll(codes.document, 'code').map(textOf);
    expect(new Set(shown).size).toBe(10);
    const notYet = await walker.submit(codes, {}, { form: '/recovery-codes' });
    expect([notYet.status, stepOf(notYet)]).toEqual([422, 'recovery-codes']);
    expect(findAll((await walker.visit(codes.url.href)).document, 'code').map(textOf)).toEqual(shown);
    const done = await walker.submit(notYet, { kept: 'yes' }, { form: '/recovery-codes' });
    expect(await claimsOf(done)).toMatchObject({ acr: ACR.mfa, amr: ['pwd', 'otp', 'mfa'] });

    walker.cookies.delete('guichet-session');
    const next = await password(await ask(), person);
    expect((await code(next, used)).status).toBe(422);
    const recovered = await code(next, shown[3] ?? '');
    expect(await claimsOf(recovered)).toMatchObject({ acr: ACR.mfa });
    const rows: { message?: unknown; kind: string }[] = await server.database.db
      .knex('mails')
      .where({ account_id: person.id });
    expect(rows.map(({ kind }) => kind).sort()).toEqual([
      'authenticator-added',
      'recovery-code-used',
      'recovery-codes-made',
    ]);
  });

  test('sets up a passkey', async () => {
    await demand('phishing-resistant');
    const person = await makePerson(server.services);
    const page = await password(await ask(), person);
    expect(page.text).not.toContain('One-time codes');
    const setUp = await walker.submit(page, {}, { value: 'passkey' });
    const passkey = createSoftPasskey({ origin: server.issuer });
    const make = (lies = {}, name = 'Blue key') =>
      walker.submit(
        setUp,
        { name, response: passkey.register(passkeyOptions(setUp), lies) },
        { form: '/enrol-passkey' },
      );
    for (const lies of [
      { origin: 'https://evil.example' },
      { rpId: 'evil.example' },
      { format: 'packed-x' },
    ]) {
      expect((await make(lies)).status).toBe(422);
    }
    expect((await make({}, ' ')).text).toContain('Give the passkey a name');
    const codes = await make();
    expect(codes.heading).toBe('Your recovery codes');
    const done = await walker.submit(codes, { kept: 'yes' }, { form: '/recovery-codes' });
    expect(await claimsOf(done)).toMatchObject({
      acr: ACR.phishingResistant,
      amr: ['pwd', 'hwk', 'user', 'mfa'],
    });
  });

  test('and whose sign-in is old proves the password before', async () => {
    const person = await makePerson(server.services);
    await password(await ask(), person);
    await demand('mfa');
    expect(stepOf(await ask())).toBe('enrol');
    clock.advance(server.services.config.authentication.reauthenticationSeconds + 1);
    const page = await ask();
    expect(page.heading).toBe('Confirm it is you');
    const at = page.url.href;
    expect((await walker.visit(`${at}/enrol`)).heading).toBe('Confirm it is you');
    expect(stepOf(await password(page, person))).toBe('enrol');
  });

  test('is one of two who know the password: the first to set something up wins', async () => {
    await demand('mfa');
    const person = await makePerson(server.services);
    const mine = await enrolTotp(await password(await ask(), person));
    const other = createWalker({ origin: server.issuer });
    walker = other;
    const theirs = await enrolTotp(await password(await ask(), person));
    const first = await other.submit(
      theirs.setUp,
      { code: theirs.app.code(clock.now()) },
      { form: '/enrol-totp' },
    );
    expect(first.heading).toBe('Your recovery codes');
    const late = await confirm(mine.setUp, mine.app.code(clock.now()));
    expect(late.heading).not.toBe('Your recovery codes');
    expect(late.leavesTo).toBeUndefined();
  });

  test('but has an app where only a passkey will do, proves it and then makes one', async () => {
    await demand('phishing-resistant');
    const person = await makePerson(server.services);
    const app = await giveTotp(server.services, person);
    const second = await password(await ask(), person);
    expect(stepOf(second)).toBe('second-factor');
    expect(stepOf(await walker.visit(second.url.href.replace('second-factor', 'enrol')))).toBe(
      'second-factor',
    );
    const page = await code(second, app.code(clock.now()));
    expect(stepOf(page)).toBe('enrol');
    const setUp = await walker.submit(page, {}, { value: 'passkey' });
    const response = createSoftPasskey({ origin: server.issuer }).register(passkeyOptions(setUp));
    const codes = await walker.submit(setUp, { name: 'Key', response }, { form: '/enrol-passkey' });
    const done = await walker.submit(codes, { kept: 'yes' }, { form: '/recovery-codes' });
    expect(await claimsOf(done)).toMatchObject({ acr: ACR.phishingResistant });
  });
});

test('an API that asks for more later gets no token from a weaker sign-in, and the refresh token stays', async () => {
  const person = await makePerson(server.services);
  const page = await password(await ask({ resource: ORDERS, scope: 'openid orders:read' }), person);
  const { refresh_token: token = '' } = await tokensOf(page);
  await demandOfApi('mfa');
  await expect(openid.refreshTokenGrant(config, token)).rejects.toMatchObject({
    error: 'invalid_grant',
    error_description: expect.stringContaining('insufficient_user_authentication'),
  });
  await demandOfApi('any');
  expect((await openid.refreshTokenGrant(config, token)).access_token).not.toBe('');
});
