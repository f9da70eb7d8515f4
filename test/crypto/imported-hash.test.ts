import { hash as argon2Hash, argon2d } from 'argon2';
import { describe, expect, test } from 'vitest';

import { createEvenRefusals } from '../../src/crypto/even-refusals.ts';
import type { ImportedHash } from '../../src/crypto/imported-hash.ts';
import { createPasswords } from '../../src/crypto/passwords.ts';
import { readHash } from '../../src/crypto/read-hash.ts';
import { readFirebaseConfig, readFirebaseHash, readKeycloakHash } from '../../src/crypto/read-vendor-hash.ts';

const ONE = Buffer.alloc(32, 1);
const TWO = Buffer.alloc(32, 2);
const passwords = createPasswords({ encryptionKeys: [ONE] });

const HORSE = 'correct horse battery';

/** Made by others: OpenWall and Apache (bcrypt), passlib, the argon2 and ASP.NET test suites, Python's hashlib. */
const TEXTS: readonly (readonly [form: string, hash: string, password: string])[] = [
  ['bcrypt 2a', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'],
  ['bcrypt 2y', '$2y$05$X3hUey/LZBxj.B5mTL0LP.NrEuSVLLQINAAWqVxqP9wosI93jJfiy', HORSE],
  [
    'bcrypt 2b, Django',
    'bcrypt$$2b$05$CCCCCCCCCCCCCCCCCCCCC.D7RDOYXakZhsFmh/LdqQNx0kQ424AFS',
    'x'.repeat(72),
  ],
  [
    'scrypt, PHC',
    '$scrypt$ln=16,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E',
    'password',
  ],
  [
    'scrypt, Django',
    'scrypt$16384$seasalt$8$5$c62G7BnVIdgvpUcj0pQMPzfmtRa4x5epsX8WcSVL79dVUxFXc/iwpywDOJnE/Tyd5630DPDnvhe0YrkyoXDacg==',
    HORSE,
  ],
  [
    'scrypt, better-auth',
    '000102030405060708090a0b0c0d0e0f:70cc7d605f9fd0bfd324b3978bd79ee81076d98810046ed91604c3cb8aa6957761a2b0b97abf1e7c417ec4a9baa7bd1ce53449880d90dc1117c88d69b4f0b72e',
    HORSE,
  ],
  [
    'PBKDF2, passlib',
    '$pbkdf2-sha256$29000$N2YMIWQsBWBMae09x1jrPQ$1t8iyB2A.WF/Z5JZv.lfCIhXXN33N23OSgQYThBYRfk',
    'toomanysecrets',
  ],
  ['PBKDF2, Django', 'pbkdf2_sha256$1000$seasalt$DrdiWD40lyBuydnjvZiDrdQMx1S1mOA9O0QYex0R6ww=', HORSE],
  ['ASP.NET 2', 'AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1uJg==', 'my password'],
  [
    'ASP.NET 3',
    'AQAAAAEAACcQAAAAEAABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==',
    'my password',
  ],
  ['LDAP SSHA', '{SSHA}+zgJCcduvLFhD+Rk7/v3C0FqyKpzYWx0c2FsdA==', HORSE],
  ['LDAP SSHA256', '{SSHA256}DPX0hsx+ToYNct+PICc6u4kEWULjuq12UL+oDCUfd55zYWx0c2FsdA==', HORSE],
  [
    'LDAP SSHA512',
    '{SSHA512}QOZ0WJFlSsWxwsBsupmlywYHsTXLksvamFsJJ+kcy5d3+UwtZHlzrNVNkgUEahEnTPkf4ckoCn+PJZ9WOKzal3NhbHRzYWx0',
    HORSE,
  ],
  ['LDAP SHA', '{SHA}mN7MYuzjmaIu0w1JDvMzvn/ec4U=', HORSE],
  [
    'argon2id',
    '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
    'password',
  ],
  [
    'argon2i of 2015, Django',
    'argon2$argon2i$m=65536,t=2,p=1$c29tZXNhbHQ$9sTbSlTio3Biev89thdrlKKiCaYsjjYVJxGAL3swxpQ',
    'password',
  ],
];

function keycloak(algorithm: string, value: string, salt = 'AAECAwQFBgcICQoLDA0ODw=='): unknown {
  return {
    type: 'password',
    secretData: JSON.stringify({ value, salt, additionalParameters: {} }),
    credentialData: JSON.stringify({ hashIterations: 2750, algorithm, additionalParameters: {} }),
  };
}

const KEYCLOAK_SHA1 =
  '8xAQz0sNRPA/R7/XAxrXtb8egwx0X3tDxMuxqWSy3XT0AIHkFRWgfsSs+fpe9Wi27X5ATljiRp+gihS428T5fw==';

/** The example of Firebase's own documentation. */
const FIREBASE = readFirebaseConfig(`hash_config {
  algorithm: SCRYPT,
  base64_signer_key: jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==,
  base64_salt_separator: Bw==,
  rounds: 8,
  mem_cost: 14,
}`);

const OBJECTS: readonly (readonly [form: string, hash: ImportedHash, password: string])[] = [
  [
    'Keycloak, SHA-256',
    readKeycloakHash(
      keycloak(
        'pbkdf2-sha256',
        'LuA/wjJXySeOUqnNzTg4M3w7Mg3x4kh0WpajZMKnyeeIarsayaEYee0VpGN3/SPVl0GbuspoQSCbfMC2e1Dj5Q==',
      ),
    ),
    HORSE,
  ],
  [
    'Keycloak, SHA-512',
    readKeycloakHash(
      keycloak(
        'pbkdf2-sha512',
        'noI7srqtLW9bnTt5Z551C37ERnFkEwwGvX04Cjp0C/3lHgjphpENZaIWH6gx7YRNafrUP5AVGo1UoCx+PmK8oA==',
      ),
    ),
    HORSE,
  ],
  ['Keycloak, SHA-1', readKeycloakHash(keycloak('pbkdf2', KEYCLOAK_SHA1)), HORSE],
  [
    'Keycloak before 8',
    readKeycloakHash({
      type: 'password',
      hashedSaltedValue: KEYCLOAK_SHA1,
      salt: 'AAECAwQFBgcICQoLDA0ODw==',
      hashIterations: 2750,
      algorithm: 'pbkdf2',
    }),
    HORSE,
  ],
  [
    'Keycloak, argon2',
    readKeycloakHash({
      type: 'password',
      secretData: JSON.stringify({
        value: 'CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc=',
        salt: 'c29tZXNhbHQ=',
      }),
      credentialData: JSON.stringify({
        hashIterations: 2,
        algorithm: 'argon2',
        additionalParameters: {
          hashLength: ['32'],
          memory: ['65536'],
          type: ['id'],
          version: ['1.3'],
          parallelism: ['1'],
        },
      }),
    }),
    'password',
  ],
  [
    'Firebase',
    readFirebaseHash(
      {
        passwordHash:
          'lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==',
        salt: '42xEC+ixf3L2lw==',
      },
      FIREBASE,
    ),
    'user1password',
  ],
];

const ALL = [...TEXTS.map(([form, hash, password]) => [form, readHash(hash), password] as const), ...OBJECTS];

test.for(ALL)(
  '%s: the password of there works here, once, and becomes a hash of ours',
  async ([, hash, password]) => {
    const stored = passwords.wrap(hash);
    expect(stored).toMatch(/^\$imported-[a-z0-9-]+\$l=\d+,[a-z0-9=,]*keyid=[A-Za-z0-9+/]{8}\$/);
    expect(await passwords.verify(stored, `${password}!`.slice(1))).not.toHaveProperty('rehash');
    const { ok, rehash = '' } = await passwords.verify(stored, password);
    expect(ok).toBe(true);
    expect(rehash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1,keyid=/);
    expect(await passwords.verify(rehash, password)).toMatchObject({ ok: true });
  },
);

test('argon2d', async () => {
  const text = await argon2Hash(HORSE, { type: argon2d, memoryCost: 1024, timeCost: 1, parallelism: 2 });
  expect(await passwords.verify(passwords.wrap(readHash(text)), HORSE)).toMatchObject({ ok: true });
});

describe('a stolen table', () => {
  test.for(ALL)('%s: does not hold the hash that came', ([, { digest, ...hash }]) => {
    const stored = passwords.wrap({ ...hash, digest });
    for (const form of ['base64', 'latin1', 'hex'] as const)
      expect(stored).not.toContain(digest.toString(form));
    expect(stored).not.toContain(digest.toString('base64').replace(/=+$/, ''));
  });

  test('is useless without the key, and fast hashes are no exception', async () => {
    const stored = passwords.wrap(readHash('{SHA}mN7MYuzjmaIu0w1JDvMzvn/ec4U='));
    const other = createPasswords({ encryptionKeys: [TWO] });
    expect(await other.verify(stored, HORSE)).toMatchObject({ ok: false });
    const forged = other.wrap(readHash('{SHA}mN7MYuzjmaIu0w1JDvMzvn/ec4U='));
    const [keyid = ''] = /keyid=[^$]+/.exec(stored) ?? [];
    expect(await passwords.verify(forged.replace(/keyid=[^$]+/, keyid), HORSE)).toMatchObject({ ok: false });
  });

  test('an older key still verifies', async () => {
    const stored = passwords.wrap(readHash('{SHA}mN7MYuzjmaIu0w1JDvMzvn/ec4U='));
    const rotated = createPasswords({ encryptionKeys: [TWO, ONE] });
    expect(await rotated.verify(stored, HORSE)).toMatchObject({ ok: true });
  });
});

describe('refused', () => {
  test.for([
    ['', 'form'],
    ['secret', 'form'],
    ['$1$salt$qJH7.N4xYta3aEG/dfqo/0', 'form'],
    ['{MD5}CY9rzUYh03PK3k6DJie09g==', 'form'],
    ['{CRYPT}x', 'form'],
    ['$2x$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'form'],
    ['$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOe', 'form'],
    ['$2a$15$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'from 4 to 14'],
    ['$2a$03$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'from 4 to 14'],
    ['$argon2id$v=19$m=262145,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', 'cost m'],
    ['$argon2id$v=19$m=65536,t=11,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', 'cost t'],
    ['$argon2id$v=20$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', 'cost v'],
    ['$argon2id$v=19$m=16,t=2,p=4$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', 'together'],
    [
      '$argon2id$v=19$m=65536,t=2,p=1,keyid=abc$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc',
      'form',
    ],
    ['$argon2id$v=19$m=262144,t=5,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', 'together'],
    ['$argon2id$v=19$m=65536,t=2,p=1$c29t$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', 'salt'],
    ['$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdX', 'the hash must have 16'],
    ['$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdX*JO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', 'base64'],
    ['pbkdf2_sha256$1000001$seasalt$DrdiWD40lyBuydnjvZiDrdQMx1S1mOA9O0QYex0R6ww=', 'cost i'],
    ['pbkdf2_sha256$0$seasalt$DrdiWD40lyBuydnjvZiDrdQMx1S1mOA9O0QYex0R6ww=', 'cost i'],
    ['pbkdf2_md5$1000$seasalt$DrdiWD40lyBuydnjvZiDrdQMx1S1mOA9O0QYex0R6ww=', 'form'],
    ['scrypt$16385$seasalt$8$5$c62G7BnVIdgvpUcj0pQMPzfmtRa4x5epsX8WcSVL79d=', 'cost ln'],
    ['$scrypt$ln=20,r=8,p=1$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E', 'together'],
    ['$scrypt$ln=16,r=8,p=16$aM15713r3Xsvxbi31lqr1Q$nFNh2CVHVjNldFVKDHDlm4CbdRSCdEBsjjJxD+iCs5E', 'together'],
    ['{SSHA}c2hvcnQ=', 'the hash must have 20'],
    ['AAABAgMEBQYHCAkKCwwNDg+ukCEMDf0yyQ29NYubggHIVY0sdEUfdyeM+E1LtH1u', 'form'],
    ['AQAAAAkAACcQAAAAEAABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==', 'form'],
    ['AQAAAAEAACcQAAD//wABAgMEBQYHCAkKCwwNDg+yWU7rLgUwPZb1Itsmra7cbxw2EFpwpVFIEtP+JIuUEw==', 'the hash'],
    [`{SSHA}${'A'.repeat(2000)}`, 'long'],
  ] as const)('%s', ([text, why]) => {
    expect(() => readHash(text)).toThrow(expect.objectContaining({ code: 'unusable_hash', status: 400 }));
    expect(() => readHash(text)).toThrow(why);
    if (text !== '') expect(() => readHash(text)).not.toThrow(text);
  });

  test.for([
    [null],
    [{ type: 'password', value: 'secret' }],
    [keycloak('md5', 'AAAA')],
    [keycloak('pbkdf2-sha256', 'no base64!')],
    [{ type: 'password', secretData: '{', credentialData: '{}' }],
  ])('a Keycloak credential: %j', ([credential]) => {
    expect(() => readKeycloakHash(credential)).toThrow(expect.objectContaining({ code: 'unusable_hash' }));
  });

  test('parameters of Firebase that are not whole', () => {
    expect(() => readFirebaseConfig('hash_config { algorithm: SCRYPT }')).toThrow('SCRYPT');
    expect(() => readFirebaseConfig('algorithm: SCRYPT,\nbase64_signer_key: Bw==,')).toThrow('64 bytes');
    expect(() => readFirebaseHash({ passwordHash: 'Bw==', salt: 'Bw==' }, FIREBASE)).toThrow('not one of');
  });
});

describe('bcrypt', () => {
  const stored = passwords.wrap(readHash('$2b$05$CCCCCCCCCCCCCCCCCCCCC.D7RDOYXakZhsFmh/LdqQNx0kQ424AFS'));

  test('looks at 72 bytes, and what replaces it at all of them', async () => {
    const typed = `${'x'.repeat(72)}tail`;
    const { ok, rehash = '' } = await passwords.verify(stored, typed);
    expect(ok).toBe(true);
    expect(await passwords.verify(rehash, typed)).toMatchObject({ ok: true });
    expect(await passwords.verify(rehash, 'x'.repeat(72))).toMatchObject({ ok: false });
    expect(await passwords.verify(stored, 'x'.repeat(71))).toMatchObject({ ok: false });
  });

  test('a NUL ends nothing', async () => {
    const horse = passwords.wrap(readHash('$2y$05$X3hUey/LZBxj.B5mTL0LP.NrEuSVLLQINAAWqVxqP9wosI93jJfiy'));
    expect(await passwords.verify(horse, `${HORSE}\0`)).toMatchObject({ ok: false });
    expect(await passwords.verify(horse, `${HORSE}\0tail`)).toMatchObject({ ok: false });
    expect(await passwords.verify(horse, HORSE)).toMatchObject({ ok: true });
  });
});

test('a password that was hashed as it was typed there may be typed otherwise here', async () => {
  const { createHash } = await import('node:crypto');
  const decomposed = 'cafe\u0301 au lait, twice';
  const text = `{SHA256}${createHash('sha256').update(decomposed).digest('base64')}`;
  const { ok, rehash = '' } = await passwords.verify(passwords.wrap(readHash(text)), decomposed);
  expect(ok).toBe(true);
  expect(await passwords.verify(rehash, decomposed.normalize('NFC'))).toMatchObject({ ok: true });
});

describe('refusals take the same time', () => {
  test('all wait for what the slowest scheme takes beyond a hash of ours', () => {
    const refusals = createEvenRefusals();
    expect(refusals.waitMs(0, 1)).toBe(0);
    for (const spent of [40, 500, 45, 50, 48]) refusals.observe('bcrypt', spent);
    for (const spent of [5, 6, 7]) refusals.observe('pbkdf2', spent);
    expect(refusals.waitMs(0, 1)).toBe(50);
    expect(refusals.waitMs(6, 1)).toBe(44);
    expect(refusals.waitMs(70, 1)).toBe(0);
    // A password with two forms is tried twice.
    expect(refusals.waitMs(0, 2)).toBe(100);
  });

  test('it follows what it sees', () => {
    const refusals = createEvenRefusals();
    for (let index = 0; index < 20; index += 1) refusals.observe('bcrypt', 200);
    expect(refusals.waitMs(0, 1)).toBe(200);
    for (let index = 0; index < 20; index += 1) refusals.observe('bcrypt', 50);
    expect(refusals.waitMs(0, 1)).toBe(50);
  });

  test('unknown, ours and imported say how long', async () => {
    const own = createPasswords({ encryptionKeys: [ONE] });
    const ours = await own.hash(HORSE);
    expect(await own.verifyDummy('wrong')).toEqual({ refusalWaitMs: 0 });
    await own.verify(
      own.wrap(readHash('$2y$05$X3hUey/LZBxj.B5mTL0LP.NrEuSVLLQINAAWqVxqP9wosI93jJfiy')),
      'wrong',
    );
    const { refusalWaitMs } = await own.verifyDummy('wrong');
    expect(refusalWaitMs).toBeGreaterThan(0.1);
    expect(await own.verify(ours, 'wrong')).toEqual({ ok: false, refusalWaitMs });
    expect(await own.verify(ours, HORSE)).toEqual({ ok: true, refusalWaitMs });
  });
});
