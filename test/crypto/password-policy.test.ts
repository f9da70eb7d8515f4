import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { commonPasswords } from '../../scripts/common-passwords.ts';
import { openCommonPasswords } from '../../src/crypto/common-passwords.ts';
import { sha256 } from '../../src/crypto/digest.ts';
import { createPasswordPolicy } from '../../src/crypto/password-policy.ts';

const CONTEXT = ['alice', 'alice@example.com', 'Alice Liddell'];

const policy = createPasswordPolicy({ serviceName: 'Wonderland' });

async function reasonAgainst(
  password: string,
  context: readonly string[] = CONTEXT,
  chosen = policy,
): Promise<string | undefined> {
  const checked = await chosen.check(password, context);
  return checked.ok ? undefined : checked.reason;
}

describe('accepted', () => {
  test.for([
    'correct horse battery',
    'down the rabbit hole',
    'alice loves the rabbit',
    'Ünïcödé pässwörd',
    '正確な馬のバッテリーステープル留め具',
    'hV7#qL2!xR9$mT4',
    '849203175620394',
    'x'.repeat(3) + ' marks the spot, twice',
    'a long passphrase '.repeat(50),
  ])('%s', async (password) => {
    expect(await reasonAgainst(password)).toBeUndefined();
  });

  test('15 characters, of any kind and not one less', async () => {
    expect(await reasonAgainst('kettle sparrows')).toBeUndefined();
    expect(await reasonAgainst('kettle sparrow')).toBe('too-short');
  });
});

describe('refused', () => {
  test('fourteen emoji, however many bytes they take', async () => {
    expect(await reasonAgainst('🐴🔋📎🌊🎹🚀🌵🍩🎲🧲🪁🦑🧊🪴')).toBe('too-short');
  });

  test('an accent does not count as a character of its own', async () => {
    expect(await reasonAgainst('pique\u0301 sparrows')).toBe('too-short');
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
  ])('"%s" is predictable', async (password) => {
    expect(await reasonAgainst(password)).toBe('predictable');
  });

  test.for([
    'alice@example.com',
    'GuichetGuichet1!',
    'AliceLiddell1865',
    'alice.liddell.alice',
    'guichet-alice-123',
    'alice@WONDERLAND',
  ])('"%s" names the person or the service', async (password) => {
    expect(await reasonAgainst(password)).toBe('names-you');
  });

  test.for(['kettle\u0000sparrows and', 'kettle\nsparrows and', 'kettle \ud83d sparrows and'])(
    '%j has no place on a keyboard',
    async (password) => {
      expect(await reasonAgainst(password)).toBe('unusable-characters');
    },
  );

  test('more than 1024 bytes', async () => {
    expect(await reasonAgainst('kettle sparrows '.repeat(65))).toBe('too-long');
  });

  test('every refusal says what to do, and none repeats the password', async () => {
    for (const password of [
      'short',
      'aaaaaaaaaaaaaaaaaaaa',
      'alice@example.com',
      'x'.repeat(2000),
      'kettle\u0000sparrows',
      'sunshine sunshine',
    ]) {
      const check = await policy.check(password, CONTEXT);
      expect(check.ok || check.message).toMatch(/^[A-Z].{20,}\.$/);
      expect(check.ok || check.message).not.toContain(password);
    }
  });
});

test('short names do not forbid common letters', async () => {
  expect(await reasonAgainst('the total of all almonds', ['al', ''])).toBeUndefined();
});

describe('common passwords', () => {
  const short = createPasswordPolicy({ lengthMin: 8 });

  test.for(['password', 'PassWord', 'p@ssw0rd', 'iloveyou', 'superman', 'football1', '1q2w3e4r', 'michael1'])(
    '"%s" is one',
    async (password) => {
      expect(await reasonAgainst(password, [], short)).toBe('common');
    },
  );

  test.for([
    'passwordpassword',
    'sunshine sunshine',
    'Sunshine1234567',
    'dragon123456789',
    'trustno1!2024!!',
    '2024iloveyou2025',
    '!!!sunshine!!!!',
  ])('"%s" only lengthens one', async (password) => {
    expect(await reasonAgainst(password)).toBe('common');
  });

  test.for(['sunshine on my shoulders', 'dragon 4071 kettle', 'iloveyou, said the rabbit'])(
    '"%s" contains one, which is allowed',
    async (password) => {
      expect(await reasonAgainst(password)).toBeUndefined();
    },
  );

  test('case, width of spaces and composition hide nothing', async () => {
    expect(await reasonAgainst('SUNSHINE\u3000SUNSHINE')).toBe('common');
  });

  test('of thousands of others hardly any is taken for one', async () => {
    const common = openCommonPasswords();
    const others = Array.from(
      { length: 20_000 },
      (_, index) => `${sha256(`other ${index}`).toString('hex')}x`,
    );
    const taken = await Promise.all(others.map((other) => common.includes(other)));
    expect(taken.filter(Boolean).length).toBeLessThanOrEqual(1);
  });

  test('the file is what the script makes of the list', async () => {
    expect(commonPasswords().equals(await readFile('src/crypto/common-passwords.bin'))).toBe(true);
  });
});

test('the least length is configurable, and counted in characters', async () => {
  const twenty = createPasswordPolicy({ lengthMin: 20 });
  expect(await reasonAgainst('kettle sparrows 1234', [], twenty)).toBeUndefined();
  expect(await twenty.check('kettle sparrows 123', [])).toMatchObject({
    reason: 'too-short',
    message: expect.stringMatching(/^Use at least 20 characters/),
  });
});
