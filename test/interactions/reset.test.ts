import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { saveProgress, findProgress } from '../../src/authenticators/progress-store.ts';
import { findAccount } from '../../src/accounts/store.ts';
import { mintLink } from '../../src/accounts/mint-link.ts';
import { setPassword } from '../../src/accounts/set-password.ts';
import { updateAccount } from '../../src/accounts/update-account.ts';
import { sendReset } from '../../src/interactions/send-reset.ts';
import { disableAccount } from '../../src/revocation/disable-account.ts';
import { introspect, makeApp, obtainTokens, cookiesOf, signIn as signInAt } from '../support/app.ts';
import type { Page } from '../support/browser-walker.ts';
import { createTestClock, type TestClock } from '../support/clock.ts';
import { makeApi, makePerson, PASSWORD } from '../support/factories.ts';
import { receive, receiveLink } from '../support/mailbox.ts';
import { createNode } from '../support/node.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { authorization, BEHIND_PROXY, makeNotes, signIn, walkerFor } from './visit.ts';

const CHOSEN = 'marble lantern orbit thistle';
const CHOOSE = 'Choose a new password for Guichet';
const DEAD = 'This link does nothing any more';

let server: TestServer;
let clock: TestClock;
let clientId: string;

beforeAll(async () => {
  clock = createTestClock(new Date());
  server = await startTestServer({ clock, env: BEHIND_PROXY });
  ({ id: clientId } = await makeNotes(server));
});

afterAll(() => server.stop());

async function ask(identifier: string) {
  const walker = walkerFor(server);
  const first = await walker.visit(authorization(clientId));
  const form = await walker.visit(`${first.url.href}/reset`);
  const sent = await walker.submit(form, { identifier }, { form: '/reset' });
  return { walker, first, sent };
}

async function mailedLink(email: string) {
  const asked = await ask(email);
  return { ...asked, path: await receiveLink(server.services, email) };
}

async function reset(walker: ReturnType<typeof walkerFor>, path: string, password = CHOSEN) {
  return walker.submit(await walker.visit(path), { password, repeat: password });
}

async function tryPassword(identifier: string, password: string): Promise<boolean> {
  const walker = walkerFor(server);
  const form = await walker.visit(authorization(clientId));
  return (await signIn(walker, form, identifier, password)).heading.startsWith('Allow');
}

/** What a page says once what differs by chance is taken away. */
function appearance({ status, html }: Page): string {
  const same = html
    .replaceAll(/name="csrf"\s+value="[^"]+"/g, 'CSRF')
    .replaceAll(/\/interaction\/[\w-]+/g, '/interaction/UID');
  return `${status} ${same}`;
}

describe('a forgotten password', () => {
  test('is replaced by a link in a mail, back at the sign-in where the person was', async () => {
    const { email } = await makePerson(server.services, { emailVerified: false });
    const { walker, first, sent, path } = await mailedLink(email ?? '');
    expect(first.text).toContain('Forgot your password?');
    expect(sent.heading).toBe('Check your mail');
    const back = await reset(walker, path);
    expect(back.url.href).toBe(first.url.href);
    expect(back.heading).toBe('Sign in');
    expect(await tryPassword(email ?? '', PASSWORD)).toBe(false);
    expect((await signIn(walker, back, email ?? '', CHOSEN)).heading).toContain('Allow');
    const notices = await receive(server.services, email ?? '');
    expect(notices.map(({ kind }) => kind)).toEqual(['password-changed']);
    expect(JSON.stringify(notices)).not.toContain(CHOSEN);
  });

  test('ends sessions, tokens and half-finished sign-ins, and signs nobody in', async () => {
    await makeApi(server.services);
    const person = await makePerson(server.services);
    const app = await makeApp(server.services);
    const victim = walkerFor(server);
    await signInAt(victim, app, person);
    const node = createNode(Number(new URL(server.issuer).port), server.issuer);
    const { access } = await obtainTokens(node, app, cookiesOf(victim, server.issuer));
    expect((await introspect(node, app, access)).json['active']).toBe(true);
    const progress = { accountId: person.id, amr: ['pwd'], remember: false, identityId: null };
    const provedAt = clock.now();
    await saveProgress(server.services.db.knex, 'half', { ...progress, upstreamSid: null, provedAt });

    const { walker, path } = await mailedLink(person.email ?? '');
    await reset(walker, path);
    expect((await introspect(node, app, access)).json['active']).toBe(false);
    expect(await findProgress(server.services.db.knex, 'half', clock.now())).toBeUndefined();
    expect((await victim.visit('/account')).heading).toBe('Sign in');
    expect((await walker.visit('/account')).heading).toBe('Sign in');
    node.close();
  });

  test('looks the same on the page for everybody, and each mailbox gets one mail at most', async () => {
    const known = await makePerson(server.services, { username: `ada.${randomBytes(4).toString('hex')}` });
    const disabled = await makePerson(server.services);
    await disableAccount(server.services, disabled.id, 'test');
    const unknown = `nobody.${randomBytes(4).toString('hex')}@example.org`;
    const pages = [];
    for (const name of [known.email, known.username, disabled.email, unknown, 'nobody', 'no body\u00a0€']) {
      pages.push(appearance((await ask(name ?? '')).sent));
    }
    expect(new Set(pages).size).toBe(1);
    const subjects = async (email: string | null) =>
      (await receive(server.services, email ?? '')).map(({ subject }) => subject);
    // By address and by username.
    expect(await subjects(known.email)).toEqual([CHOOSE, CHOOSE]);
    expect(await subjects(unknown)).toEqual(['This address has no account at Guichet']);
    expect(await subjects(disabled.email)).toEqual(['Your account at Guichet is switched off']);
    // What was typed is not kept: people type their password there.
    expect(await subjects('')).toEqual([undefined, undefined]);
    const { rows } = await server.services.db.pool.query<{ found: boolean }>(
      `SELECT EXISTS (SELECT FROM mails m WHERE m::text LIKE '%no body%') OR
         EXISTS (SELECT FROM audit_events e WHERE e::text LIKE '%no body%') AS found`,
    );
    expect(rows[0]?.found).toBe(false);
  });

  test('of somebody who signs in elsewhere is explained, unless they or an operator want a first one', async () => {
    const person = await makePerson(server.services, { password: undefined });
    await connectProvider(person.id, 'Contoso');
    await ask(person.email ?? '');
    const [mail] = await receive(server.services, person.email ?? '');
    expect(mail?.subject).toBe('How you sign in to Guichet');
    expect(mail?.text).toContain('Contoso');
    await sendReset(server.services, person, 'cli');
    const path = await receiveLink(server.services, person.email ?? '');
    await reset(walkerFor(server), path);
    expect(await tryPassword(person.email ?? '', CHOSEN)).toBe(true);
  });
});

describe('a link for a new password', () => {
  test('works once, for half an hour, until a newer one', async () => {
    const { email } = await makePerson(server.services);
    const older = await mailedLink(email ?? '');
    const newer = await mailedLink(email ?? '');
    expect((await older.walker.visit(older.path)).heading).toBe(DEAD);
    await reset(newer.walker, newer.path);
    expect((await newer.walker.visit(newer.path)).heading).toBe(DEAD);
    await receive(server.services, email ?? '');
    const late = await mailedLink(email ?? '');
    const form = await late.walker.visit(late.path);
    clock.advance(1801);
    const refused = await late.walker.submit(form, { password: CHOSEN, repeat: CHOSEN });
    expect([refused.status, refused.heading]).toEqual([400, DEAD]);
  });

  test.each([
    ['a new password', (id: string) => setPassword(server.services, id, CHOSEN, 'test')],
    [
      'another address',
      (id: string) => updateAccount(server.services, id, { email: `${id}@example.org` }, 'test'),
    ],
    ['the account being disabled', (id: string) => disableAccount(server.services, id, 'test')],
  ])('dies with %s, whether it has been mailed or not', async (_what, end) => {
    const { id, email } = await makePerson(server.services);
    const { walker, path } = await mailedLink(email ?? '');
    const form = await walker.visit(path);
    const requestedAt = clock.now();
    clock.advance(1);
    await end(id);
    const refused = await walker.submit(form, { password: CHOSEN, repeat: CHOSEN });
    expect(refused.heading).toBe(DEAD);
    // A mail that was asked for before, and whose turn comes only now.
    const order = { purpose: 'password-reset', accountId: id, email: email ?? '', occasion: 'late' } as const;
    expect(await mintLink(server.services, { ...order, requestedAt })).toBeUndefined();
  });

  test('is not used up by a password that is refused', async () => {
    const { email, id } = await makePerson(server.services);
    const { walker, path } = await mailedLink(email ?? '');
    const before = await findAccount(server.services.db.knex, id);
    const refused = await reset(walker, path, (email ?? '').repeat(2));
    expect(refused.status).toBe(422);
    expect(refused.text).toContain('mostly your name');
    expect(await findAccount(server.services.db.knex, id)).toEqual(before);
    expect((await reset(walker, path)).heading).toBe('Sign in');
  });

  test('is asked for by e-mail address or username, and by nothing else', async () => {
    expect((await ask('')).sent.status).toBe(422);
    expect((await ask('a@b@c')).sent.status).toBe(422);
    expect((await ask('x'.repeat(30_000))).sent.status).toBe(200);
  });
});

async function connectProvider(accountId: string, name: string): Promise<void> {
  const id = `idp_${randomBytes(8).toString('hex')}`;
  const now = clock.now();
  await server.services.db.knex('identity_providers').insert({
    id,
    slug: id.replace('_', '-'),
    name,
    kind: 'oidc',
    settings: '{}',
    has_button: true,
    mapping: '{}',
    provisioning: 'create',
    trusts_email: true,
    trusts_mfa: false,
    created_at: now,
    updated_at: now,
  });
  await server.services.db.knex('identities').insert({
    id: `idn_${randomBytes(8).toString('hex')}`,
    provider_id: id,
    issuer: 'https://contoso.example',
    subject: accountId,
    account_id: accountId,
    linked_at: now,
  });
}
