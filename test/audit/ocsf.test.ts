import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, test } from 'vitest';

import type { CanonicalEvent } from '../../src/audit/export.ts';
import { mappingOf, toOcsf } from '../../src/audit/ocsf.ts';
import { riskOf } from '../../src/audit/risk.ts';

const SOURCE = path.join(import.meta.dirname, '../../src');

/** What stands in files that record, as a type of an event does. Operations of the admin API have ids that look like it. */
const TYPE = /(?<!id: )['`]((?:\$\{factor\}|[a-z][a-z_-]+)\.[a-z][a-z-]+|revoked)['`]/g;

/** Of the class "something was updated", because nothing better fits. */
const UPDATES =
  /\.(?:updated|applied|enabled|disabled|activated|replayed|secret-(?:rotated|revoked|expiring)|scopes-removed|roles-(?:not-)?enforced|roles-taken|group-(?:un)?mapped)$/;

const recorded = new Set(
  readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.startsWith('audit'))
    .flatMap((name) => {
      const text = readFileSync(path.join(SOURCE, name), 'utf8');
      if (!/\b(?:record|recordBounded)\(/.test(text)) return [];
      return [...text.matchAll(TYPE)].flatMap(([, type = '']) =>
        type.startsWith('$')
          ? [type.replace('${factor}', 'totp'), type.replace('${factor}', 'recovery-code')]
          : [type],
      );
    }),
);

function event(type: string, more: Partial<CanonicalEvent> = {}): CanonicalEvent {
  return { id: 7, occurred_at: '2026-03-04T05:06:07.089000Z', type, actor: 'cli', detail: {}, ...more };
}

test('every event that is recorded has a class that fits', () => {
  expect(recorded.size).toBeGreaterThan(55);
  const byAccident = [...recorded].filter((type) => {
    const { class: kind, activity } = mappingOf(type);
    return kind.class_uid === 3004 && activity === 3 && !UPDATES.test(type);
  });
  expect(byAccident).toEqual([]);
});

describe('as OCSF', () => {
  test.each([
    ['account.signed-in', 300_201, 'Success'],
    ['account.sign-in-failed', 300_201, 'Failure'],
    ['account.created', 300_101, 'Success'],
    ['passkey.removed', 300_111, 'Success'],
    ['identity.linked', 300_199, 'Success'],
    ['client.created', 300_401, 'Success'],
    ['client.secret-rotated', 300_403, 'Success'],
    ['key.revoked', 300_404, 'Success'],
    ['revoked', 600_399, 'Success'],
    ['refresh-token.reused', 600_399, 'Failure'],
    ['something.quite-new', 300_403, 'Success'],
  ])('%s is %i', (type, type_uid, status) => {
    expect(toOcsf(event(type), { seq: 9, hash: 'ab' })).toMatchObject({
      type_uid,
      status,
      class_uid: Math.floor(type_uid / 100),
      activity_id: type_uid % 100,
      category_uid: type_uid >= 600_000 ? 6 : 3,
      time: 1_772_600_767_089,
      metadata: { version: '1.1.0', uid: '9', event_code: type },
    });
  });

  test('an event says who, whom, from where, and how bad it looks', () => {
    const risk = riskOf(['refresh-reuse']);
    const facts = { client_id: 'web', account_id: 'acc_1', address: '192.0.2.1', request_id: 'req_1' };
    expect(
      toOcsf(event('account.signed-in', { ...facts, ...(risk ? { risk } : {}) }), { seq: 9, hash: 'ab' }),
    ).toMatchObject({
      severity_id: 4,
      actor: { user: { uid: 'cli' } },
      user: { uid: 'acc_1' },
      service: { uid: 'web' },
      src_endpoint: { ip: '192.0.2.1' },
      metadata: { correlation_uid: 'req_1' },
      unmapped: { hash: 'ab', risk: { score: 90, reasons: ['refresh-reuse'] } },
    });
  });
});

test('reasons add up to less than certainty, and the same one counts once', () => {
  expect(riskOf([])).toBeUndefined();
  expect(riskOf(['new-device'])).toEqual({ score: 15, reasons: ['new-device'] });
  expect(riskOf(['spoofed-headers', 'second-factor-removed', 'spoofed-headers'])).toEqual({
    score: 64,
    reasons: ['spoofed-headers', 'second-factor-removed'],
  });
});
