import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Account } from '../../src/accounts/account.ts';
import { updateClient } from '../../src/clients/update-client.ts';
import { resetPassword } from '../../src/revocation/reset-password.ts';
import type { Page, Walker } from '../support/browser-walker.ts';
import { createTestClock, type TestClock } from '../support/clock.ts';
import { makePerson } from '../support/factories.ts';
import { giveRecoveryCodes, givePasskey, giveTotp, passkeyOptions } from '../support/factors.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { authorization, BEHIND_PROXY, makeNotes, signIn, walkerFor } from './visit.ts';

let server: TestServer;
let clock: TestClock;
let clientId: string;

beforeAll(async () => {
  clock = createTestClock(new Date());
  server = await startTestServer({ clock, env: BEHIND_PROXY });
  ({ id: clientId } = await makeNotes(server, { firstParty: true }));
});

afterAll(() => server.stop());

const DAY = 24 * 3600;

/** Past the password, in a browser of its own unless one is given. */
async function afterPassword(person: Account, walker = walkerFor(server), parameters = {}) {
  const form = await walker.visit(authorization(clientId, parameters));
  return { walker, page: await signIn(walker, form, person.email ?? '') };
}

function enter(walker: Walker, page: Page, code: string, fields = {}): Promise<Page> {
  return walker.submit(page, { code, ...fields }, { form: '/second-factor' });
}

const hasLeft = (page: Page) => page.leavesTo?.searchParams.has('code') === true;

async function mailsTo(person: Account): Promise<string[]> {
  const rows: { kind: string }[] = await server.database.db
    .knex('mails')
    .select('kind')
    .where({ account_id: person.id })
    .orderBy('created_at');
  return rows.map(({ kind }) => kind);
}

describe('whoever has an authenticator app', () => {
  test('is asked for a code after the password, and each code is good once', async () => {
    const person = await makePerson(server.services);
    const app = await giveTotp(server.services, person);
    const { walker, page } = await afterPassword(person);
    expect([page.url.pathname.split('/').at(-1), page.heading]).toEqual(['second-factor', 'One more step']);
    const code = app.code(clock.now());
    expect((await enter(walker, page, '')).text).toContain('Enter the code');
    expect(hasLeft(await enter(walker, page, `${code.slice(0, 3)} ${code.slice(3)}`))).toBe(true);

    const again = await afterPassword(person);
    expect((await enter(again.walker, again.page, '1'.repeat(50_000))).status).toBe(422);
    const refused = await enter(again.walker, again.page, code);
    expect([refused.status, refused.text.includes('used already')]).toEqual([422, true]);
    expect(hasLeft(await enter(again.walker, refused, app.code(clock.now(), 1)))).toBe(true);
    // The step of now lies before the one that was used.
    const third = await afterPassword(person);
    expect((await enter(third.walker, third.page, app.code(clock.now()))).status).toBe(422);
    clock.advance(120);
  });

  test('finds no way around it: restart, back, another tab, another interaction, an empty or a foreign form', async () => {
    const person = await makePerson(server.services);
    await giveTotp(server.services, person);
    const { walker, page } = await afterPassword(person);
    const at = page.url.href.replace('/second-factor', '');
    for (const path of ['', '/second-factor', '/enrol', '/enrol-totp', '/enrol-passkey', '/recovery-codes']) {
      expect((await walker.visit(at + path)).url.pathname).toMatch(/second-factor$/);
    }
    const csrf = page.forms[0]?.fields['csrf'] ?? '';
    const post = async (path: string, fields = {}) => {
      const headers = { Cookie: walker.cookies.headerFor(page.url) };
      const body = new URLSearchParams({ csrf, ...fields });
      const answer = await fetch(at + path, { method: 'POST', body, headers, redirect: 'manual' });
      return answer.headers.get('Location') ?? String(answer.status);
    };
    expect(await post('/second-factor')).toBe('422');
    expect(await post('/second-factor', { code: '', response: '{}' })).toBe('422');
    expect(await post('/enrol', { method: 'totp' })).toBe(new URL(at).pathname);
    expect(await post('/enrol-totp', { code: '123456' })).toBe(new URL(at).pathname);
    expect(await post('/enrol-passkey', { name: 'x', response: '{}' })).toBe(new URL(at).pathname);
    expect(await post('/recovery-codes', { kept: 'yes' })).toBe(new URL(at).pathname);
    expect(await post('/second-factor', { code: '123456', csrf: 'made up' })).toBe('403');
    // Another tab begins with the password, and has no session to share.
    const other = await walker.visit(authorization(clientId));
    expect(other.heading).toBe('Sign in');
    expect(
      (await walker.visit(authorization(clientId, { prompt: 'none' }))).leavesTo?.searchParams.get('error'),
    ).toBe('login_required');
    expect((await walker.visit(`${other.url.href}/second-factor`)).heading).toBe('Sign in');
  });

  test('who changes the account in between proves that one’s factor and not their own', async () => {
    const [person, other] = [await makePerson(server.services), await makePerson(server.services)];
    const app = await giveTotp(server.services, person);
    const foreign = await giveTotp(server.services, other);
    const { walker, page } = await afterPassword(person);
    const form = await walker.visit(page.url.href.replace('/second-factor', '?account=other'));
    const switched = await signIn(walker, form, other.email ?? '');
    expect(switched.text).toContain(other.email);
    expect((await enter(walker, switched, app.code(clock.now()))).status).toBe(422);
    expect(hasLeft(await enter(walker, switched, foreign.code(clock.now())))).toBe(true);
  });

  test('starts again from the password after five wrong codes', async () => {
    const person = await makePerson(server.services);
    const app = await giveTotp(server.services, person);
    const { walker, page } = await afterPassword(person);
    let answer = page;
    for (let attempt = 0; attempt < 5; attempt += 1) answer = await enter(walker, page, '000000');
    expect([answer.heading, answer.status]).toEqual(['Sign in', 422]);
    expect(answer.text).toContain('too many wrong answers');
    const late = await enter(walker, page, app.code(clock.now()));
    expect([late.heading, late.leavesTo]).toEqual(['Sign in', undefined]);
    const back = await signIn(walker, late, person.email ?? '');
    expect(hasLeft(await enter(walker, back, app.code(clock.now())))).toBe(true);
  });

  test('is told, and refused for a day, after twenty wrong codes, and the password’s counter is another', async () => {
    const person = await makePerson(server.services);
    const app = await giveTotp(server.services, person);
    const codes = await giveRecoveryCodes(server.services, person);
    for (let round = 0; round < 4; round += 1) {
      const { walker, page } = await afterPassword(person);
      for (let attempt = 0; attempt < 5; attempt += 1) await enter(walker, page, '000000');
    }
    const { walker, page } = await afterPassword(person);
    expect([page.status, page.text.includes('codes are refused for 24 hours')]).toEqual([429, true]);
    expect(page.headers.get('Retry-After')).toBe(String(DAY));
    expect(page.forms.some(({ action }) => action.pathname.endsWith('/second-factor'))).toBe(false);
    for (const code of [app.code(clock.now()), codes[0] ?? '']) {
      const headers = { Cookie: walker.cookies.headerFor(page.url) };
      const body = new URLSearchParams({ csrf: page.forms[0]?.fields['csrf'] ?? '', code });
      expect((await fetch(page.url, { method: 'POST', body, headers, redirect: 'manual' })).status).toBe(429);
    }
    expect((await mailsTo(person)).filter((kind) => kind === 'second-factor-locked')).toHaveLength(1);
    clock.advance(DAY + 1);
    const next = await afterPassword(person);
    expect(hasLeft(await enter(next.walker, next.page, app.code(clock.now())))).toBe(true);
  });

  test('gets in with a recovery code instead, each once, and is told of it', async () => {
    const person = await makePerson(server.services);
    await giveTotp(server.services, person);
    const [code = '', second = ''] = await giveRecoveryCodes(server.services, person);
    const { walker, page } = await afterPassword(person);
    const recovery = await walker.visit(`${page.url.href}?use=recovery-code`);
    expect(recovery.heading).toBe('Use a recovery code');
    expect(hasLeft(await enter(walker, recovery, ` ${code.toUpperCase().replace('-', ' ')} `))).toBe(true);
    const again = await afterPassword(person);
    expect((await enter(again.walker, again.page, code)).status).toBe(422);
    expect(hasLeft(await enter(again.walker, again.page, second))).toBe(true);
    expect((await mailsTo(person)).filter((kind) => kind === 'recovery-code-used')).toHaveLength(2);
  });
});

describe('a device that is remembered', () => {
  const remember = { remember_device: 'yes' };

  async function remembered() {
    const person = await makePerson(server.services);
    const app = await giveTotp(server.services, person);
    const { walker, page } = await afterPassword(person);
    expect(page.text).toContain('Do not ask on this device for 30 days');
    await enter(walker, page, app.code(clock.now()), remember);
    walker.cookies.delete('guichet-session');
    return { person, app, walker };
  }

  test('spares its person the second factor, for so long and nobody else', async () => {
    const { person, walker } = await remembered();
    expect(hasLeft((await afterPassword(person, walker)).page)).toBe(true);
    const other = await makePerson(server.services);
    await giveTotp(server.services, other);
    walker.cookies.delete('guichet-session');
    expect((await afterPassword(other, walker)).page.heading).toBe('One more step');
    clock.advance(31 * DAY);
    expect((await afterPassword(person, walker)).page.heading).toBe('One more step');
  });

  test('counts only with its signature', async () => {
    const { person, walker } = await remembered();
    const value = walker.cookies.get('guichet-remembered') ?? '';
    walker.cookies.store([`guichet-remembered=${value.slice(0, -2)}xx; path=/`], new URL(server.issuer));
    expect((await afterPassword(person, walker)).page.heading).toBe('One more step');
  });

  test('is forgotten with a new password, and with another factor', async () => {
    const first = await remembered();
    await resetPassword(server.services, first.person.id, 'another long sentence', 'test');
    const form = await first.walker.visit(authorization(clientId));
    const page = await signIn(first.walker, form, first.person.email ?? '', 'another long sentence');
    expect(page.heading).toBe('One more step');
    const second = await remembered();
    await givePasskey(server.services, second.person);
    expect((await afterPassword(second.person, second.walker)).page.heading).toBe('One more step');
  });

  test('is not enough where two factors are demanded', async () => {
    const { person, app, walker } = await remembered();
    const { id } = await makeNotes(server, { firstParty: true });
    await updateClient(server.services, id, { requirement: 'mfa' }, 'test');
    const form = await walker.visit(authorization(id));
    const page = await signIn(walker, form, person.email ?? '');
    expect(page.heading).toBe('One more step');
    clock.advance(60);
    expect(hasLeft(await enter(walker, page, app.code(clock.now())))).toBe(true);
  });
});

describe('whoever has a passkey', () => {
  test('proves it after the password, also without a PIN, and it answers once', async () => {
    const person = await makePerson(server.services);
    const passkey = await givePasskey(server.services, person);
    const { walker, page } = await afterPassword(person);
    const response = passkey.answer(passkeyOptions(page), { userVerified: false });
    expect(hasLeft(await walker.submit(page, { response }, { form: '/second-factor' }))).toBe(true);
    const again = await afterPassword(person);
    const replayed = await again.walker.submit(again.page, { response }, { form: '/second-factor' });
    expect([replayed.status, replayed.text.includes('could not be accepted')]).toEqual([422, true]);
  });

  test('is not let in by anything that is not theirs, not for here, not for now, or a copy', async () => {
    const [person, other] = [await makePerson(server.services), await makePerson(server.services)];
    const passkey = await givePasskey(server.services, person);
    const foreign = await givePasskey(server.services, other);
    const fresh = () => afterPassword(person);
    const elsewhere = await fresh();
    const answers: readonly (readonly [string, (options: string) => string])[] = [
      ['foreign', (options) => foreign.answer(options)],
      ['other origin', (options) => passkey.answer(options, { origin: 'https://evil.example' })],
      ['other host', (options) => passkey.answer(options, { rpId: 'evil.example' })],
      ['registration', (options) => passkey.answer(options, { type: 'webauthn.create' })],
      ['nobody present', (options) => passkey.answer(options, { userPresent: false })],
      ['broken', (options) => passkey.answer(options, { brokenSignature: true })],
      ['other interaction', () => passkey.answer(passkeyOptions(elsewhere.page))],
      ['made up', (options) => passkey.answer(options, { challenge: 'AAAA' })],
      ['other handle', (options) => passkey.answer(options, { userHandle: 'AAAA' })],
      ['not JSON', () => '{"id":'],
      ['no shape', () => '{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{}}'],
    ];
    for (const [what, answer] of answers) {
      const { walker, page } = await fresh();
      const sent = await walker.submit(
        page,
        { response: answer(passkeyOptions(page)) },
        { form: '/second-factor' },
      );
      expect([what, sent.status, sent.leavesTo]).toEqual([what, 422, undefined]);
    }
    const { walker, page } = await fresh();
    const options = passkeyOptions(page);
    const late = passkey.answer(options);
    clock.advance(301);
    expect((await walker.submit(page, { response: late }, { form: '/second-factor' })).status).toBe(422);
    const good = await fresh();
    const response = passkey.answer(passkeyOptions(good.page));
    expect(hasLeft(await good.walker.submit(good.page, { response }, { form: '/second-factor' }))).toBe(true);
    const copy = await fresh();
    const behind = passkey.answer(passkeyOptions(copy.page), { counter: passkey.counter - 1 });
    expect(
      (await copy.walker.submit(copy.page, { response: behind }, { form: '/second-factor' })).status,
    ).toBe(422);
    const events: unknown[] = await server.database.db
      .knex('audit_events')
      .where({ type: 'passkey.copy-refused', account_id: person.id });
    expect(events).toHaveLength(1);
  });

  test('signs in with it alone, only if it verified them', async () => {
    const person = await makePerson(server.services);
    const passkey = await givePasskey(server.services, person, { isSynced: true, usesCounter: false });
    const walker = walkerFor(server);
    const page = await walker.visit(authorization(clientId));
    const send = (response: string) => walker.submit(page, { response }, { form: '/passkey' });
    const unverified = await send(passkey.answer(passkeyOptions(page), { userVerified: false }));
    expect([unverified.status, unverified.text.includes('PIN or a fingerprint')]).toEqual([422, true]);
    expect((await send('')).text).toContain('could not be accepted');
    const response = passkey.answer(passkeyOptions(page));
    expect(hasLeft(await send(response))).toBe(true);
    const other = walkerFor(server);
    const form = await other.visit(authorization(clientId));
    expect((await other.submit(form, { response }, { form: '/passkey' })).status).toBe(422);
  });
});
