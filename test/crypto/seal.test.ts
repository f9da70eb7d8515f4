import { describe, expect, test } from 'vitest';
import { createSeal } from '../../src/crypto/seal.ts';

const ONE = Buffer.alloc(32, 1);
const TWO = Buffer.alloc(32, 2);
const PLAIN = Buffer.from('a private key');

test('what was sealed opens in its own row', () => {
  const box = createSeal([ONE]);
  expect(box.open(box.seal(PLAIN, 'signing_keys:1'), 'signing_keys:1')).toEqual(PLAIN);
});

test('nothing at all can be sealed too', () => {
  const box = createSeal([ONE]);
  expect(box.open(box.seal(Buffer.alloc(0), 'row'), 'row')).toHaveLength(0);
});

test('a value sealed by an earlier release opens', () => {
  const sealed = Buffer.from('AZTNj/3a4GRH17djGVUyIK23SdnC2ez55xvjBG5a4Ghz5hOSPg==', 'base64');
  expect(createSeal([ONE]).open(sealed, 'row:1').toString()).toBe('kept');
});

test('the same value is never sealed the same way twice', () => {
  const box = createSeal([ONE]);
  expect(box.seal(PLAIN, 'row')).not.toEqual(box.seal(PLAIN, 'row'));
});

describe('refused', () => {
  const box = createSeal([ONE]);
  const sealed = box.seal(PLAIN, 'row:1');
  const unreadable = expect.objectContaining({ code: 'sealed_value_unreadable' });

  test('a value moved to another row', () => {
    expect(() => box.open(sealed, 'row:2')).toThrow(unreadable);
  });

  test.for(Array.from(sealed.keys()))('a value whose byte %i was changed', (at) => {
    const changed = Buffer.from(sealed);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    expect(() => box.open(changed, 'row:1')).toThrow(unreadable);
  });

  test.for([0, 1, 5, 32, sealed.length - 1])('a value cut to %i bytes', (length) => {
    expect(() => box.open(sealed.subarray(0, length), 'row:1')).toThrow(unreadable);
  });

  test('a value sealed with a key that is gone', () => {
    expect(() => createSeal([TWO]).open(sealed, 'row:1')).toThrow(unreadable);
  });
});

describe('rotation', () => {
  test('the first key seals, all keys open', () => {
    const sealed = createSeal([ONE]).seal(PLAIN, 'row');
    const rotated = createSeal([TWO, ONE]);
    expect(rotated.open(sealed, 'row')).toEqual(PLAIN);
    expect(createSeal([TWO]).open(rotated.seal(PLAIN, 'row'), 'row')).toEqual(PLAIN);
  });
});
