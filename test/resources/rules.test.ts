import { expect, test } from 'vitest';

import { AppError } from '../../src/errors.ts';
import {
  checkAudience,
  checkName,
  checkScopes,
  checkSigningAlg,
  checkTokenTtl,
} from '../../src/resources/rules.ts';

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
  'urn:example:orders',
  'https://api.example',
  'https://api.example/?v=1',
  'http://localhost:4000/',
  'com.example:orders',
])('the audience %s is accepted', (audience) => {
  expect(checkAudience(audience)).toBe(audience);
});

test.each([
  '',
  'orders',
  '/orders',
  '//api.example',
  'https://api.example/#orders',
  'https://api.example/#',
  'https://user@api.example/',
  'https:///orders',
  'https://api.example/or ders',
  'https://api.example/\0',
  'https://api.example/"',
  'https://bücher.example/',
  `https://api.example/${'a'.repeat(500)}`,
])('the audience %j is refused', (audience) => {
  expect(verdict(() => checkAudience(audience))).toBe('invalid_audience');
});

test.each(['read', 'orders:read', 'https://api.example/read', 'a=b', "it's"])(
  'the scope %s is accepted',
  (name) => {
    expect(verdict(() => checkScopes([{ name, description: 'x' }]))).toBe('accepted');
  },
);

test.each([
  '',
  'a b',
  'a"b',
  'a\\b',
  'a\nb',
  'é',
  'x'.repeat(101),
  'openid',
  'profile',
  'email',
  'address',
  'phone',
  'offline_access',
])('the scope %j is refused', (name) => {
  expect(verdict(() => checkScopes([{ name, description: 'x' }]))).toBe('invalid_scope_name');
});

test('scopes are described in words, named once, and bounded in number', () => {
  for (const description of ['', ' ', 'x\0', 'x\n', '\ud800', 'x'.repeat(201)]) {
    expect(verdict(() => checkScopes([{ name: 'read', description }]))).toBe('invalid_scope_description');
  }
  const scope = { name: 'read', description: 'x' };
  expect(verdict(() => checkScopes([scope, scope]))).toBe('invalid_scope_name');
  expect(verdict(() => checkScopes(Array.from({ length: 201 }, () => scope)))).toBe('too_many_scopes');
});

test('names, lifetimes and algorithms have bounds', () => {
  for (const name of ['', ' ', 'x\0', '\ud800', 'x'.repeat(10_000)]) {
    expect(verdict(() => checkName(name))).toBe('invalid_api_name');
  }
  for (const seconds of [0, -1, 86_401, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    expect(verdict(() => checkTokenTtl(seconds))).toBe('invalid_token_ttl');
  }
  for (const alg of ['HS256', 'none', '', 'es256']) {
    expect(verdict(() => checkSigningAlg(alg))).toBe('invalid_signing_alg');
  }
});
