import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { placeOf } from '../../src/db/place.ts';
import { createAccount, type NewAccount } from '../../src/accounts/create-account.ts';
import { enableAccount } from '../../src/accounts/enable-account.ts';
import { setPassword } from '../../src/accounts/set-password.ts';
import { signIn } from '../../src/accounts/sign-in.ts';
import { findAccount, findAccountByIdentifier, listAccounts } from '../../src/accounts/store.ts';
import { updateAccount } from '../../src/accounts/update-account.ts';
import { createPasswords } from '../../src/crypto/passwords.ts';
import { deleteAccount } from '../../src/revocation/delete-account.ts';
import { disableAccount } from '../../src/revocation/disable-account.ts';
import { resetPassword } from '../../src/revocation/reset-password.ts';
import { auditTypes, openRooms, type Rooms } from '../support/rooms.ts';

const PASSWORD = 'correct horse battery staple';
const actor = 'test';
let rooms: Rooms;

beforeEach(async () => {
  rooms = await openRooms();
});
afterEach(() => rooms[Symbol.asyncDispose]());

function make(input: Partial<NewAccount> = {}) {
  return createAccount(rooms, { email: 'ada@example.org', actor, ...input });
}

describe('creating an account', () => {
  test('is found by e-mail address and username, however they are typed', async () => {
    const account = await make({
      email: 'Ada@Example.org',
      username: 'Ada.Lovelace',
      profile: { given_name: 'Ada' },
    });
    expect(account).toMatchObject({
      email: 'ada@example.org',
      username: 'ada.lovelace',
      profile: { given_name: 'Ada' },
    });
    expect(account.id).toMatch(/^usr_\w{22}$/);
    for (const typed of ['ada@example.org', ' ADA@EXAMPLE.ORG ', 'ADA.lovelace', 'ａｄａ.lovelace']) {
      expect(await findAccountByIdentifier(rooms.db.knex, typed)).toEqual(account);
    }
    expect(await findAccount(rooms.db.knex, account.id)).toEqual(account);
    expect(await auditTypes(rooms.db)).toEqual(['account.created']);
  });

  test('what nobody is called finds nobody', async () => {
    await make();
    for (const typed of ['', ' ', 'nobody', 'nobody@example.org', 'a\0b', '\ud800', '%', "' or 1=1--"]) {
      expect(await findAccountByIdentifier(rooms.db.knex, typed)).toBeUndefined();
      expect(await findAccount(rooms.db.knex, typed)).toBeUndefined();
    }
  });

  test('somebody has to be able to sign in', async () => {
    await expect(make({ email: undefined })).rejects.toMatchObject({
      code: 'identifier_missing',
      status: 400,
    });
    await expect(make({ password: 'short' })).rejects.toMatchObject({ code: 'weak_password', status: 400 });
    expect(await listAccounts(rooms.db.knex, { limit: 1 })).toEqual([]);
  });

  test('of many that want one name at once, one gets it', async () => {
    const made = await Promise.allSettled(
      Array.from({ length: 16 }, (_, index) =>
        make({ email: undefined, username: index % 2 ? 'Ada' : 'ada' }),
      ),
    );
    const refused = made.filter((each) => each.status === 'rejected');
    expect(refused).toHaveLength(15);
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'username_taken', status: 409 });
    await make();
    await expect(make({ email: 'ADA@example.org' })).rejects.toMatchObject({
      code: 'email_taken',
      status: 409,
    });
  });
});

describe('updating an account', () => {
  test('changes what is mentioned; null takes away', async () => {
    const { id } = await make({
      username: 'ada',
      emailVerified: true,
      profile: { name: 'Ada', nickname: 'A' },
    });
    const updated = await updateAccount(
      rooms,
      id,
      { username: null, profile: { nickname: null, locale: 'fr' } },
      actor,
    );
    expect(updated).toMatchObject({ username: null, email: 'ada@example.org', emailVerified: true });
    expect(updated.profile).toEqual({ name: 'Ada', locale: 'fr' });
    expect(await findAccount(rooms.db.knex, id)).toEqual(updated);
  });

  test('a new address is not verified by the old one', async () => {
    const { id } = await make({ emailVerified: true });
    const moved = await updateAccount(rooms, id, { email: 'ada@example.net' }, actor);
    expect(moved.emailVerified).toBe(false);
    const same = await updateAccount(rooms, id, { emailVerified: true, email: 'ADA@example.net' }, actor);
    expect(same.emailVerified).toBe(true);
  });

  test('somebody has to be left to sign in', async () => {
    const { id } = await make();
    await expect(updateAccount(rooms, id, { email: null }, actor)).rejects.toMatchObject({
      code: 'identifier_missing',
    });
    await make({ email: 'grace@example.org' });
    await expect(updateAccount(rooms, id, { email: 'grace@example.org' }, actor)).rejects.toMatchObject({
      code: 'email_taken',
    });
    await expect(updateAccount(rooms, 'usr_none', {}, actor)).rejects.toMatchObject({
      code: 'account_not_found',
      status: 404,
    });
  });
});

describe('signing in', () => {
  test('every outcome has its name', async () => {
    const account = await make({ password: PASSWORD });
    expect(await signIn(rooms, 'ada@example.org', PASSWORD)).toEqual({ ok: true, account });
    expect(await signIn(rooms, 'ada@example.org', `${PASSWORD} `)).toEqual({
      ok: false,
      reason: 'wrong-password',
    });
    expect(await signIn(rooms, 'ada@example.org', '')).toEqual({ ok: false, reason: 'wrong-password' });
    expect(await signIn(rooms, 'eve@example.org', PASSWORD)).toEqual({ ok: false, reason: 'unknown' });
    await disableAccount(rooms, account.id, actor);
    expect(await signIn(rooms, 'ada@example.org', PASSWORD)).toEqual({ ok: false, reason: 'disabled' });
    await enableAccount(rooms, account.id, actor);
    expect(await signIn(rooms, 'ada@example.org', PASSWORD)).toMatchObject({ ok: true });
    await make({ email: 'grace@example.org' });
    expect(await signIn(rooms, 'grace@example.org', '')).toEqual({ ok: false, reason: 'wrong-password' });
  });

  test('every refusal costs a hash', async () => {
    const account = await make({ password: PASSWORD });
    await make({ email: 'grace@example.org' });
    const durations: number[] = [];
    const measure = async (identifier: string, password: string) => {
      const before = performance.now();
      await signIn(rooms, identifier, password);
      durations.push(performance.now() - before);
    };
    await measure('ada@example.org', 'wrong password, but long');
    await measure('eve@example.org', 'wrong password, but long');
    await measure('grace@example.org', 'wrong password, but long');
    await disableAccount(rooms, account.id, actor);
    await measure('ada@example.org', PASSWORD);
    expect(Math.min(...durations)).toBeGreaterThan(5);
  });

  test('a hash under an old pepper is replaced when its password comes by', async () => {
    const { id } = await make({ password: PASSWORD });
    const stored = () => rooms.db.knex('accounts').where({ id }).first('password_hash');
    const before = await stored();
    const passwords = createPasswords({ encryptionKeys: [Buffer.alloc(32, 9), Buffer.alloc(32, 7)] });
    expect(await signIn({ ...rooms, passwords }, 'ada@example.org', PASSWORD)).toMatchObject({ ok: true });
    expect(await stored()).not.toEqual(before);
    expect(await signIn({ ...rooms, passwords }, 'ada@example.org', PASSWORD)).toMatchObject({ ok: true });
  });
});

describe('passwords', () => {
  test('setting one leaves sessions, resetting ends them', async () => {
    const { id } = await make();
    await setPassword(rooms, id, PASSWORD, actor);
    await resetPassword(rooms, id, `another ${PASSWORD}`, actor);
    expect(await signIn(rooms, 'ada@example.org', PASSWORD)).toMatchObject({ ok: false });
    expect(await signIn(rooms, 'ada@example.org', `another ${PASSWORD}`)).toMatchObject({ ok: true });
    expect(await auditTypes(rooms.db)).toEqual([
      'account.created',
      'account.password-set',
      'account.password-set',
      'revoked',
    ]);
  });

  test('a weak one is refused, and nobody has it', async () => {
    const { id } = await make({ password: PASSWORD });
    for (const verb of [setPassword, resetPassword]) {
      await expect(verb(rooms, id, 'short', actor)).rejects.toMatchObject({ code: 'weak_password' });
      await expect(verb(rooms, 'usr_none', PASSWORD, actor)).rejects.toMatchObject({
        code: 'account_not_found',
      });
    }
    expect(await signIn(rooms, 'ada@example.org', PASSWORD)).toMatchObject({ ok: true });
  });
});

test('a deleted account is gone; its id is never drawn again', async () => {
  const { id } = await make({ password: PASSWORD });
  await deleteAccount(rooms, id, actor);
  expect(await findAccount(rooms.db.knex, id)).toBeUndefined();
  expect((await make({ password: PASSWORD })).id).not.toBe(id);
  for (const verb of [deleteAccount, disableAccount, enableAccount]) {
    await expect(verb(rooms, id, actor)).rejects.toMatchObject({ code: 'account_not_found', status: 404 });
  }
});

test('a list has pages, oldest first, and can be searched', async () => {
  for (const username of ['ada', 'grace', 'hedy']) {
    await make({ email: undefined, username });
    rooms.clock.advance(1);
  }
  const first = await listAccounts(rooms.db.knex, { limit: 2 });
  const rest = await listAccounts(rooms.db.knex, { limit: 2, after: first[1] && placeOf(first[1]) });
  expect([...first, ...rest].map((account) => account.username)).toEqual(['ada', 'grace', 'hedy']);
  const found = await listAccounts(rooms.db.knex, { limit: 9, search: 'RAC' });
  expect(found.map((account) => account.username)).toEqual(['grace']);
});
