import { describe, expect, test } from 'vitest';
import { deriveSecrets, verificationKeys } from '../../src/crypto/secrets.ts';

function derive(...secret: string[]) {
  return deriveSecrets({ secrets: { secret } });
}

test('every purpose has a key of its own', () => {
  const { cookieKeys, older: _, ...keys } = derive('one');
  const all = [...cookieKeys, ...Object.values(keys).map((key) => key.toString('base64url'))];
  expect(new Set(all).size).toBe(all.length);
});

test('the same secret derives the same keys on every process and in every release', () => {
  // Stored digests of client secrets are made with this key.
  expect(derive('one').clientSecretKey.toString('hex')).toBe(
    'b5b446e4d9b6c2b5a776a5a0129901a02509a947d31ca5162b125bfca26ff626',
  );
});

test('the library wants 32 bytes for DPoP nonces', () => {
  expect(derive('one').dpopNonceSecret).toHaveLength(32);
});

describe('rotation', () => {
  test('the first secret signs', () => {
    expect(derive('two', 'one').csrfKey).toEqual(derive('two').csrfKey);
  });

  test('all of them verify, the first first', () => {
    const keys = verificationKeys(derive('two', 'one'), 'clientSecretKey');
    expect(keys).toEqual([derive('two').clientSecretKey, derive('one').clientSecretKey]);
  });

  test('cookie keys keep the order', () => {
    expect(derive('two', 'one').cookieKeys).toEqual([
      ...derive('two').cookieKeys,
      ...derive('one').cookieKeys,
    ]);
  });
});

test('no secret at all is a bug', () => {
  expect(() => derive()).toThrow(TypeError);
});
