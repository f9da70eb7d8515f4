import { describe, expect, test } from 'vitest';
import { checkNewPassword } from '../../src/crypto/password-policy.ts';

const CONTEXT = ['alice', 'alice@example.com', 'Alice Liddell', 'Guichet'];

function reasonAgainst(password: string, context: readonly string[] = CONTEXT): string | undefined {
  const check = checkNewPassword(password, context);
  return check.ok ? undefined : check.reason;
}

describe('accepted', () => {
  test.for([
    'correct horse battery',
    'down the rabbit hole',
    'alice loves wonderland',
    'Ünïcödé pässwörd',
    '正確な馬のバッテリーステープル留め具',
    'hV7#qL2!xR9$mT4',
    '849203175620394',
    'x'.repeat(3) + ' marks the spot, twice',
    'a long passphrase '.repeat(50),
  ])('%s', (password) => {
    expect(reasonAgainst(password)).toBeUndefined();
  });

  test('15 characters, of any kind and not one less', () => {
    expect(reasonAgainst('kettle sparrows')).toBeUndefined();
    expect(reasonAgainst('kettle sparrow')).toBe('too-short');
  });
});

describe('refused', () => {
  test('fourteen emoji, however many bytes they take', () => {
    expect(reasonAgainst('🐴🔋📎🌊🎹🚀🌵🍩🎲🧲🪁🦑🧊🪴')).toBe('too-short');
  });

  test('an accent does not count as a character of its own', () => {
    expect(reasonAgainst('pique\u0301 sparrows')).toBe('too-short');
  });

  test.for([
    'aaaaaaaaaaaaaaaaaaaa',
    'abcabcabcabcabcabc',
    'abcdefghijklmnopqrst',
    'ZYXWVUTSRQPONMLKJI',
    '123456789012345',
    '111112222233333',
    'qwertyuiopasdfghjkl',
    'QwErTyUiOpAsDfGhJkL',
    ' '.repeat(20),
  ])('"%s" is predictable', (password) => {
    expect(reasonAgainst(password)).toBe('predictable');
  });

  test.for([
    'alice@example.com',
    'GuichetGuichet1!',
    'AliceLiddell1865',
    'alice.liddell.alice',
    'guichet-alice-123',
  ])('"%s" names the person or the service', (password) => {
    expect(reasonAgainst(password)).toBe('names-you');
  });

  test.for(['kettle\u0000sparrows and', 'kettle\nsparrows and', 'kettle \ud83d sparrows and'])(
    '%j has no place on a keyboard',
    (password) => {
      expect(reasonAgainst(password)).toBe('unusable-characters');
    },
  );

  test('more than 1024 bytes', () => {
    expect(reasonAgainst('kettle sparrows '.repeat(65))).toBe('too-long');
  });

  test('every refusal says what to do, and none repeats the password', () => {
    for (const password of [
      'short',
      'aaaaaaaaaaaaaaaaaaaa',
      'alice@example.com',
      'x'.repeat(2000),
      'kettle\u0000sparrows',
    ]) {
      const check = checkNewPassword(password, CONTEXT);
      expect(check.ok || check.message).toMatch(/^[A-Z].{20,}\.$/);
      expect(check.ok || check.message).not.toContain(password);
    }
  });
});

test('short names do not forbid common letters', () => {
  expect(reasonAgainst('the total of all almonds', ['al', ''])).toBeUndefined();
});
