import { hash as argon2Hash } from 'argon2';
import { describe, expect, test } from 'vitest';
import { createPasswords } from '../../src/crypto/passwords.ts';

const ONE = Buffer.alloc(32, 1);
const TWO = Buffer.alloc(32, 2);
const PASSWORD = 'correct horse battery';

const passwords = createPasswords({ encryptionKeys: [ONE] });

test('a hash is argon2id of the chosen cost and names its pepper', async () => {
  expect(await passwords.hash(PASSWORD)).toMatch(
    /^\$argon2id\$v=19\$m=19456,t=2,p=1,keyid=[A-Za-z0-9+/]{8}\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/,
  );
});

test('the right password matches, a wrong one does not', async () => {
  const stored = await passwords.hash(PASSWORD);
  expect(await passwords.verify(stored, PASSWORD)).toMatchObject({ ok: true });
  expect(await passwords.verify(stored, `${PASSWORD} `)).toMatchObject({ ok: false });
  expect(await passwords.verify(stored, PASSWORD.toUpperCase())).toMatchObject({ ok: false });
});

test('a hash of an earlier release still verifies', async () => {
  const stored =
    '$argon2id$v=19$m=19456,t=2,p=1,keyid=9B81qMSY$oAZlaVVT4/J8bjedMciKeg$+Z6r0siU42wqYTaIPBAvuOlCz9KiqMNCleG+a6RDc8s';
  expect(await passwords.verify(stored, PASSWORD)).toMatchObject({ ok: true });
});

test('one password hashes differently each time', async () => {
  expect(await passwords.hash(PASSWORD)).not.toBe(await passwords.hash(PASSWORD));
});

test('a stolen table is useless without the pepper', async () => {
  const stored = await passwords.hash(PASSWORD);
  const forged = await createPasswords({ encryptionKeys: [TWO] }).hash(PASSWORD);
  const [keyid] = /keyid=[^$]+/.exec(stored) ?? [''];
  expect(await passwords.verify(forged.replace(/keyid=[^$]+/, keyid), PASSWORD)).toMatchObject({ ok: false });
});

describe('normalisation (RFC 8265 §4.2)', () => {
  test.for([
    ['caf\u00e9 au lait, twice', 'cafe\u0301 au lait, twice'],
    ['three\u3000words here', 'three words here'],
    ['no\u00a0break in here', 'no break in here'],
  ])('"%s" and "%s" are one password', async ([typed, typedElsewhere]) => {
    expect(await passwords.verify(await passwords.hash(typed ?? ''), typedElsewhere ?? '')).toMatchObject({
      ok: true,
    });
  });

  test('spaces at either end count', async () => {
    expect(await passwords.verify(await passwords.hash(` ${PASSWORD}`), PASSWORD)).toMatchObject({
      ok: false,
    });
  });
});

describe('length', () => {
  test('1024 bytes are accepted whole', async () => {
    const stored = await passwords.hash(`${'é'.repeat(511)}ab`);
    expect(await passwords.verify(stored, `${'é'.repeat(511)}ab`)).toMatchObject({ ok: true });
    expect(await passwords.verify(stored, `${'é'.repeat(511)}ac`)).toMatchObject({ ok: false });
  });

  test('one byte more is refused, and never matches', async () => {
    await expect(passwords.hash('a'.repeat(1025))).rejects.toMatchObject({
      code: 'password_too_long',
      status: 400,
    });
    expect(await passwords.verify(await passwords.hash(PASSWORD), 'a'.repeat(1025))).toMatchObject({
      ok: false,
    });
  });

  test('bytes are counted after normalisation', async () => {
    // 3 bytes each as typed, 2 once composed.
    await expect(passwords.hash('e\u0301'.repeat(512))).resolves.toMatch(/^\$argon2id/);
  });
});

describe('rehash', () => {
  const rotated = createPasswords({ encryptionKeys: [TWO, ONE] });

  test('an older pepper verifies and is replaced by the current one', async () => {
    const { ok, rehash = '' } = await rotated.verify(await passwords.hash(PASSWORD), PASSWORD);
    expect(ok).toBe(true);
    expect(await createPasswords({ encryptionKeys: [TWO] }).verify(rehash, PASSWORD)).toMatchObject({
      ok: true,
    });
  });

  test('a hash without pepper and of another cost is replaced', async () => {
    const imported = await argon2Hash(PASSWORD, { memoryCost: 1024, timeCost: 1, parallelism: 1 });
    const { ok, rehash = '' } = await passwords.verify(imported, PASSWORD);
    expect(ok).toBe(true);
    expect(await passwords.verify(rehash, PASSWORD)).toMatchObject({ ok: true });
  });

  test('a wrong password is never rehashed', async () => {
    expect(await rotated.verify(await passwords.hash(PASSWORD), 'wrong')).toMatchObject({ ok: false });
  });

  test('a pepper that is gone matches nothing', async () => {
    const stored = await createPasswords({ encryptionKeys: [TWO] }).hash(PASSWORD);
    expect(await passwords.verify(stored, PASSWORD)).toMatchObject({ ok: false });
  });
});

describe('what an outsider can measure', () => {
  test('an account that does not exist takes as long as a wrong password', async () => {
    const stored = await passwords.hash(PASSWORD);
    const gone = await createPasswords({ encryptionKeys: [TWO] }).hash(PASSWORD);
    const known = await fastest(() => passwords.verify(stored, 'wrong'));
    const unknown = await fastest(() => passwords.verifyDummy('wrong'));
    const pepperless = await fastest(() => passwords.verify(gone, 'wrong'));
    // Noise of a busy machine; without the dummy the ratio is over a thousand.
    expect(unknown / known).toBeGreaterThan(0.1);
    expect(unknown / known).toBeLessThan(10);
    expect(pepperless / known).toBeGreaterThan(0.1);
  });

  test('a full queue refuses all three alike', async () => {
    const busy = createPasswords({ encryptionKeys: [ONE], maxParallel: 1, queueMax: 0 });
    const stored = await passwords.hash(PASSWORD);
    const first = busy.hash(PASSWORD);
    const overloaded = { code: 'overloaded', status: 503, retryAfterSeconds: 2 };
    await expect(busy.hash(PASSWORD)).rejects.toMatchObject(overloaded);
    await expect(busy.verify(stored, PASSWORD)).rejects.toMatchObject(overloaded);
    await expect(busy.verifyDummy(PASSWORD)).rejects.toMatchObject(overloaded);
    await first;
  });
});

async function fastest(work: () => Promise<unknown>): Promise<number> {
  const durations: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const start = performance.now();
    await work();
    durations.push(performance.now() - start);
  }
  return Math.min(...durations);
}
