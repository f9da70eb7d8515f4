import { createHmac } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';

import Koa from 'koa';
import { expect, test } from 'vitest';

import { createCookieSignatures } from '../../src/crypto/cookie-signatures.ts';
import { equal, hmac, hmacWith, sha256 } from '../../src/crypto/digest.ts';

test('sha256 of text and of its bytes agree (FIPS 180-4)', () => {
  expect(sha256('abc').toString('hex')).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
  expect(sha256(Buffer.from('abc'))).toEqual(sha256('abc'));
});

test('hmac is HMAC-SHA-256 (RFC 4231 §4.3)', () => {
  expect(hmac(Buffer.from('Jefe'), 'what do ya want for nothing?').toString('hex')).toBe(
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  );
});

test('hmac agrees with that of Node for keys and messages of every length, in SHA-256 and SHA-1', () => {
  for (const length of [0, 1, 20, 63, 64, 65, 131]) {
    const key = Buffer.alloc(length, 0xa5);
    const message = 'ä'.repeat(length);
    for (const algorithm of ['sha256', 'sha1'] as const) {
      const expected = createHmac(algorithm, key).update(message).digest();
      expect(hmacWith(algorithm, key, message)).toEqual(expected);
      expect(hmacWith(algorithm, key, Buffer.from(message))).toEqual(expected);
    }
  }
});

test('cookies have the signatures that Koa gives them by itself, under any of the keys', () => {
  const data = 'guichet-session=abc';
  const ours = createCookieSignatures(['new', 'old']);
  expect(ours.sign(data)).toBe(signatureOfKoa('new'));
  expect(ours.index(data, signatureOfKoa('new'))).toBe(0);
  expect(ours.index(data, signatureOfKoa('old'))).toBe(1);
  for (const signature of [signatureOfKoa('other'), '', `${signatureOfKoa('new')}=`, 'ä']) {
    expect(ours.index(data, signature)).toBe(-1);
    expect(ours.verify(data, signature)).toBe(false);
  }
});

function signatureOfKoa(key: string): string {
  const req = new IncomingMessage(new Socket());
  const res = new ServerResponse(req);
  new Koa({ keys: [key] }).createContext(req, res).cookies.set('guichet-session', 'abc', {});
  return /guichet-session\.sig=([^;]+)/.exec(String(res.getHeader('set-cookie')))?.[1] ?? '';
}

test('equal tells equal from different, of whatever length', () => {
  expect(equal(sha256('a'), sha256('a'))).toBe(true);
  expect(equal(sha256('a'), sha256('b'))).toBe(false);
  expect(equal(sha256('a'), sha256('a').subarray(1))).toBe(false);
});
