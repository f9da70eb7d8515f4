import { generateKeyPairSync, verify } from 'node:crypto';

import { exportJWK } from 'jose';
import { expect, test } from 'vitest';

import { signEs256, verifyEs256 } from '../../src/crypto/es256.ts';
import { signingKey } from '../../src/oidc/signing-key.ts';

test('every ES256 signature has the 64 bytes of RFC 7518 §3.4, short halves included', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = { ...(await exportJWK(privateKey)), kid: 'k', alg: 'ES256', use: 'sig' } as const;
  const key = signingKey(jwk);
  if (!('sign' in key)) throw new TypeError('not a key that signs by itself');

  let short = 0;
  // One half in 256 is shorter than 32 bytes: among 2000 signatures some are, with a probability of 1 - 10⁻⁷.
  for (let count = 0; count < 2000; count += 1) {
    const data = Buffer.from(`message ${count}`);
    const signature = await key.sign(data);
    expect(signature.length).toBe(64);
    expect(verify('sha256', data, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true);
    expect(verifyEs256(data, signature, publicKey)).toBe(true);
    if (signature[0] === 0 || signature[32] === 0) short += 1;
  }
  expect(short).toBeGreaterThan(0);
});

test('an ES256 signature of something else, of nothing, or of another length is none', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const data = Buffer.from('message');
  const signature = signEs256(data, privateKey);
  expect(verifyEs256(data, signature, publicKey)).toBe(true);
  expect(verifyEs256(Buffer.from('massage'), signature, publicKey)).toBe(false);
  expect(verifyEs256(data, new Uint8Array(64), publicKey)).toBe(false);
  expect(verifyEs256(data, signature.subarray(1), publicKey)).toBe(false);
});

test('an RS256 signature is that of RFC 7518 §3.3', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwk = { ...(await exportJWK(privateKey)), kid: 'k', alg: 'RS256', use: 'sig' } as const;
  const key = signingKey(jwk);
  if (!('sign' in key)) throw new TypeError('not a key that signs by itself');
  const data = Buffer.from('message');
  expect(verify('sha256', data, publicKey, await key.sign(data))).toBe(true);
});

test('other algorithms stay with the library', async () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const jwk = { ...(await exportJWK(privateKey)), kid: 'k', alg: 'EdDSA', use: 'sig' } as const;
  expect(signingKey(jwk)).toBe(jwk);
});
