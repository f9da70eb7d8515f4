import { expect, test } from 'vitest';

import { checkEmail, checkPassword, checkUsername, mergeProfile } from '../../src/accounts/rules.ts';
import { createPasswordPolicy } from '../../src/crypto/password-policy.ts';
import { AppError } from '../../src/errors.ts';

/** The code of the refusal, or `accepted`. */
function verdict(check: () => unknown): string {
  try {
    check();
    return 'accepted';
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    expect(error.status).toBe(400);
    return error.code;
  }
}

test.each([
  ['Ada@Example.org', 'ada@example.org'],
  [' ada@example.org ', 'ada@example.org'],
  ['ada+shop@example.org', 'ada+shop@example.org'],
  ['ada@localhost', 'ada@localhost'],
  ['jörg@bücher.example', 'jörg@bücher.example'],
  // Composed, though the capital has no composed form.
  ['J\u030Cana@example.org', '\u01F0ana@example.org'],
  ['\u01F0ana@example.org', '\u01F0ana@example.org'],
])('the address %j is kept as %j', (typed, kept) => {
  expect(checkEmail(typed)).toBe(kept);
});

test.each([
  '',
  'ada',
  '@example.org',
  'ada@',
  'a@b@c',
  'a b@example.org',
  'ada@example..org',
  'ada@example.org\0',
  'ada@example.org\r\nBcc: eve@example.org',
  '"a"@b',
  '\ud800@b',
  `${'a'.repeat(250)}@b.example`,
])('the address %j is refused', (typed) => {
  expect(verdict(() => checkEmail(typed))).toBe('invalid_email');
});

test.each([
  ['Ada.Lovelace', 'ada.lovelace'],
  ['ａｄａ', 'ada'],
  ['ada_1-2', 'ada_1-2'],
  ['Ödön', 'ödön'],
  ['हिन्दी', 'हिन्दी'],
])('the username %j is kept as %j', (typed, kept) => {
  expect(checkUsername(typed)).toBe(kept);
});

test.each([
  '',
  'ada@example',
  'a b',
  '.ada',
  'ada..l',
  'ada\0',
  '<ada>',
  'a'.repeat(65),
  '\u202eada',
  '\ud800',
])('the username %j is refused', (typed) => {
  expect(verdict(() => checkUsername(typed))).toBe('invalid_username');
});

test('standard claims are kept', () => {
  const profile = {
    name: 'Ada Lovelace',
    picture: 'https://example.org/ada.png',
    birthdate: '1815-12-10',
    locale: 'en-GB',
    zoneinfo: 'Europe/London',
    phone_number: '+44 20 7946 0000',
    phone_number_verified: true,
    address: { street_address: '12 St James Square\nLondon', country: 'UK' },
  };
  expect(mergeProfile({}, profile)).toEqual(profile);
  expect(mergeProfile(profile, { picture: null, name: 'Ada King' })).not.toHaveProperty('picture');
});

test.each<Record<string, unknown>>([
  { given_name: '' },
  { given_name: 'Ada\n' },
  { given_name: 'x'.repeat(501) },
  { given_name: '\ud800' },
  { given_name: 7 },
  { picture: 'javascript:alert(1)' },
  { website: 'example.org' },
  { birthdate: 'yesterday' },
  { locale: '../etc' },
  { zoneinfo: '../etc/passwd' },
  { phone_number: '12' },
  { phone_number_verified: 'yes' },
  { address: 'Paris' },
  { address: null, sub: 'usr_other' },
  { address: { planet: 'Mars' } },
  { address: { locality: 'Paris\0' } },
  { email: 'other@example.org' },
  { constructor: 'x' },
])('the profile %j is refused', (profile) => {
  expect(verdict(() => mergeProfile({}, profile))).toBe('invalid_profile');
});

test('a password is not made of what everybody knows of the person', async () => {
  const passwords = { policy: createPasswordPolicy() };
  const account = {
    username: 'ada.lovelace',
    email: 'ada@example.org',
    profile: { family_name: 'Lovelace' },
  };
  for (const [password, reason] of [
    ['short', 'too-short'],
    ['a'.repeat(30), 'predictable'],
    ['ada@example.org ada@example.org', 'names-you'],
    ['Lovelace Lovelace', 'names-you'],
    ['sunshine sunshine', 'common'],
  ] as const) {
    await expect(checkPassword(passwords, password, account)).rejects.toMatchObject({
      code: 'weak_password',
      status: 400,
      detail: reason,
    });
  }
  await expect(checkPassword(passwords, 'correct horse battery staple', account)).resolves.toBeUndefined();
});
