import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { expect, test } from 'vitest';

import { english } from '../../views/texts/english.ts';

const SOURCE = path.join(import.meta.dirname, '../../src');

/** The first part of an event's type, where it is about one person. */
const ABOUT_PEOPLE =
  /'((?:account|consent|identity|passkey|recovery-codes?|remembered-device|second-factor|session|totp)\.[a-z-]+)'/g;

/** Nobody is left to read of it. */
const UNTOLD = new Set(['account.deleted']);

test('there are words for everything that is recorded of a person', () => {
  const recorded = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => {
      const text = readFileSync(path.join(SOURCE, name), 'utf8');
      return text.includes('record(') ? [...text.matchAll(ABOUT_PEOPLE)].map(([, type]) => type ?? '') : [];
    });
  const told = Object.keys(english.account.activity.events);
  expect(recorded).toContain('account.signed-in');
  expect(recorded.filter((type) => !told.includes(type) && !UNTOLD.has(type))).toEqual([]);
});
