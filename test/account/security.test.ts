import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Account } from '../../src/accounts/account.ts';
import { findFactors } from '../../src/authenticators/factor-store.ts';
import { listPasskeys } from '../../src/authenticators/passkey-store.ts';
import type { Page, Walker } from '../support/browser-walker.ts';
import { createTestClock, type TestClock } from '../support/clock.ts';
import { makePerson } from '../support/factories.ts';
import {
  appForSecret,
  givePasskey,
  giveRecoveryCodes,
  giveTotp,
  passkeyOptions,
} from '../support/factors.ts';
import { findAll, textOf } from '../support/html.ts';
import { startTestServer, type TestServer } from '../support/server.ts';
import { createSoftPasskey } from '../support/soft-passkey.ts';
import { BEHIND_PROXY, signIn } from '../interactions/visit.ts';
import { forge, openAccount } from './visit.ts';

let server: TestServer;
let clock: TestClock;

beforeAll(async () => {
  clock = createTestClock(new Date());
  server = await startTestServer({ clock, env: BEHIND_PROXY });
});

afterAll(() => server.stop());

const SECURITY = '/account/security';

const open = (person: Account) => openAccount(server, person, { path: SECURITY });
const begin = (walker: Walker, page: Page, what: string) =>
  walker.submit(page, {}, { form: `/begin/${what}` });
const factors = (person: Account) => findFactors(server.services.db.knex, person.id);
const keep = (walker: Walker, page: Page) => walker.submit(page, { kept: 'yes' }, { form: '/keep-codes' });

/** The code that the page asks for, at the second step of a sign-in. */
const enter = (walker: Walker, page: Page, code: string, fields = {}) =>
  walker.submit(page, { code, ...fields }, { form: '/second-factor' });

async function noticesTo(person: Account): Promise<string[]> {
  const rows: { kind: string }[] = await server.database.db
    .knex('mails')
    .select('kind')
    .where({ account_id: person.id })
    .whereNot({ kind: 'new-device' });
  return rows.map(({ kind }) => kind).sort();
}

describe('a person', () => {
  test('sets up an app and another one, keeps recovery codes, and is told of each', async () => {
    const person = await makePerson(server.services);
    const { walker, page } = await open(person);
    expect(page.text).not.toContain('Recovery codes');
    const setUp = await begin(walker, page, 'totp');
    const key = findAll(setUp.document, 'p').find(({ attributes }) => attributes['class'] === 'key');
    const app = appForSecret(key ? textOf(key) : '');
    const confirm = (from: Page, code: string) => walker.submit(from, { code }, { form: '/confirm-totp' });
    expect((await confirm(setUp, '')).status).toBe(422);
    expect((await confirm(setUp, '000000')).status).toBe(422);
    const codes = await confirm(setUp, app.code(clock.now()));
    expect([codes.url.search, codes.heading]).toEqual(['?set-up=recovery-codes', 'Your recovery codes']);
    expect((await walker.submit(codes, {}, { form: '/keep-codes' })).status).toBe(422);
    const done = await keep(walker, codes);
    expect([done.url.pathname + done.url.search, done.text.includes('10 are left')]).toEqual([
      SECURITY,
      true,
    ]);
    expect(await noticesTo(person)).toEqual(['authenticator-added', 'recovery-codes-made']);
    // The session that added it was signed in without it, and so has more to prove before the next change.
    const asked = await begin(walker, done, 'recovery-codes');
    expect(asked.heading).toBe('One more step');
    clock.advance(60);
    const back = await enter(walker, asked, app.code(clock.now()));
    expect(back.url.pathname).toBe(SECURITY);
    const fresh = await begin(walker, back, 'recovery-codes');
    expect(fresh.heading).toBe('Your recovery codes');
    const old = await factors(person);
    await walker.visit(SECURITY);
    expect(await factors(person)).toEqual(old);
    await keep(walker, fresh);
    expect((await keep(walker, fresh)).url.pathname).toBe(SECURITY);
    expect(await noticesTo(person)).toHaveLength(3);
  });

  test('adds, renames and removes a passkey', async () => {
    const person = await makePerson(server.services);
    const { walker, page } = await open(person);
    const setUp = await begin(walker, page, 'passkey');
    const passkey = createSoftPasskey({ origin: server.issuer });
    const add = (name: string, lies = {}) => {
      const response = passkey.register(passkeyOptions(setUp), lies);
      return walker.submit(setUp, { name, response }, { form: '/add-passkey' });
    };
    expect((await add('Phone', { origin: 'https://evil.example' })).status).toBe(422);
    expect((await add('')).status).toBe(422);
    expect((await add('Phone', { format: 'fido-u2f' })).status).toBe(422);
    const codes = await add('Phone <script>');
    expect(codes.heading).toBe('Your recovery codes');
    expect((await add('Phone')).heading).toBe('One more step');
    await keep(walker, codes);

    const shown = await proveAgain(walker, await walker.visit(SECURITY), passkey);
    expect(shown.text).toContain('Phone <script>');
    const id = (await listPasskeys(server.services.db.knex, person.id))[0]?.id ?? '';
    const renamed = await walker.submit(shown, { name: 'Téléphone' }, { form: `/rename-passkey/${id}` });
    expect(renamed.text).toContain('Téléphone');
    const asked = await walker.visit(`${SECURITY}?remove=${id}`);
    expect(asked.text).toContain('It is your last one');
    const removed = await walker.submit(asked, {}, { form: `/remove/${id}` });
    expect([removed.url.pathname, removed.text.includes('Téléphone')]).toEqual([SECURITY, false]);
    expect(await factors(person)).toEqual({ passkeys: 0, totp: false, recoveryCodes: 0 });
    expect(await noticesTo(person)).toEqual([
      'authenticator-added',
      'authenticator-removed',
      'recovery-codes-made',
    ]);
  });

  async function proveAgain(walker: Walker, page: Page, passkey: ReturnType<typeof createSoftPasskey>) {
    const asked = await begin(walker, page, 'passkey');
    const response = passkey.answer(passkeyOptions(asked));
    return walker.submit(asked, { response }, { form: '/second-factor' });
  }

  test('changes nothing with an old sign-in, nor with a password alone where there is more', async () => {
    const person = await makePerson(server.services);
    const app = await giveTotp(server.services, person);
    const first = await open(person);
    const page = await enter(first.walker, first.page, app.code(clock.now()), { remember_device: 'yes' });
    expect(page.url.pathname).toBe(SECURITY);
    clock.advance(server.services.config.authentication.reauthenticationSeconds + 1);
    const old = await begin(first.walker, page, 'passkey');
    expect(old.heading).toBe('Confirm it is you');

    first.walker.cookies.delete('guichet-session');
    const form = await first.walker.visit(SECURITY);
    const weak = await signIn(first.walker, form, person.email ?? '');
    expect([weak.url.pathname, weak.text.includes('this browser')]).toEqual([SECURITY, true]);
    for (const path of [
      'begin/passkey',
      'begin/totp',
      'begin/recovery-codes',
      'remove/totp',
      'confirm-totp',
    ]) {
      const asked = await forge(first.walker, weak, `${SECURITY}/${path}`, { code: '123456' });
      expect([path, asked.heading]).toEqual([path, 'One more step']);
    }
    expect(await factors(person)).toEqual({ passkeys: 0, totp: true, recoveryCodes: 0 });
    const path = weak.forms.find(({ action }) => action.pathname.includes('forget'))?.action.pathname ?? '';
    const forgotten = await first.walker.submit(weak, {}, { form: path });
    expect(forgotten.text).not.toContain('this browser');
    first.walker.cookies.delete('guichet-session');
    const next = await signIn(first.walker, await first.walker.visit(SECURITY), person.email ?? '');
    expect(next.heading).toBe('One more step');
  });

  test('touches nothing of anybody else, and nothing begun in another session', async () => {
    const [person, other] = [await makePerson(server.services), await makePerson(server.services)];
    await givePasskey(server.services, other);
    const id = (await listPasskeys(server.services.db.knex, other.id))[0]?.id ?? '';
    const { walker, page } = await open(person);
    for (const path of [
      `remove/${id}`,
      'remove/totp',
      `rename-passkey/${id}`,
      'forget-device/rdv_x',
      'begin/x',
    ]) {
      expect([path, (await forge(walker, page, `${SECURITY}/${path}`, { name: 'Mine' })).status]).toEqual([
        path,
        404,
      ]);
    }
    expect((await listPasskeys(server.services.db.knex, other.id)).map(({ name }) => name)).toEqual(['Key']);
    const begun = await begin(walker, page, 'totp');
    const elsewhere = await open(person);
    expect((await elsewhere.walker.visit(begun.url.href)).url.search).toBe('');
    const theirs = await open(other);
    expect(theirs.page.heading).toBe('One more step');
  });
});

test('where everybody needs two factors the last one stays', async () => {
  const strict = await startTestServer({ clock, env: { ...BEHIND_PROXY, GUICHET_MULTI_FACTOR: 'required' } });
  try {
    const person = await makePerson(strict.services);
    const app = await giveTotp(strict.services, person);
    await giveRecoveryCodes(strict.services, person);
    const { walker, page } = await openAccount(strict, person, { path: SECURITY });
    expect(page.text).not.toContain('Do not ask on this device');
    const shown = await enter(walker, page, app.code(clock.now()));
    const asked = await walker.visit(`${SECURITY}?remove=totp`);
    expect(asked.text).toContain('Add another one first');
    expect((await forge(walker, shown, `${SECURITY}/remove/totp`)).status).toBe(422);
    expect((await findFactors(strict.services.db.knex, person.id)).totp).toBe(true);
    await givePasskey(strict.services, person);
    const removed = await walker.submit(
      await walker.visit(`${SECURITY}?remove=totp`),
      {},
      { form: '/remove/totp' },
    );
    expect(removed.url.pathname).toBe(SECURITY);
  } finally {
    await strict.stop();
  }
});
