import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { createVerifier } from '../../src/resource-server/index.ts';
import type { Verifier } from '../../src/resource-server/verifier.ts';
import { startTestIssuer, type Forgery, type TestIssuer } from '../../src/testing/start-test-issuer.ts';
import { makeKey, proof } from '../support/keyed.ts';

const ORDERS = 'https://api.example/orders';

let issuer: TestIssuer;
let verifier: Verifier;

beforeAll(async () => {
  issuer = await startTestIssuer();
  verifier = createVerifier(await issuer.verifierOptions(ORDERS));
  await verifier.ready();
});

afterAll(async () => {
  verifier?.close();
  await issuer?.close();
});

describe('the verifier at a test issuer', () => {
  test('accepts what was minted', async () => {
    const token = await issuer.mintToken({ audience: ORDERS, scope: 'orders:read', subject: 'ada' });
    const { subject, clientId, scopes, senderConstrained } = await verifier.verify(token);
    expect({ subject, clientId, scopes: [...scopes], senderConstrained }).toEqual({
      subject: 'ada',
      clientId: 'test-client',
      scopes: ['orders:read'],
      senderConstrained: false,
    });
  });

  test('accepts a token bound to a key with its proof, and not without', async () => {
    const key = await makeKey();
    const token = await issuer.mintToken({ audience: ORDERS, dpopJwk: key.publicJwk });
    const url = `${ORDERS}/1`;
    const authorization = `DPoP ${token}`;
    const ath = Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(token))).toString('base64url');
    const dpop = await proof(key, { method: 'GET', url }, { ath });
    expect(await verifier.authenticate({ method: 'GET', url, authorization, dpop })).toMatchObject({
      scheme: 'DPoP',
      senderConstrained: true,
    });
    await expect(verifier.authenticate({ method: 'GET', url, authorization })).rejects.toMatchObject({
      status: 401,
    });
  });

  test('refuses what was revoked, within a second', async () => {
    const token = await issuer.mintToken({ audience: ORDERS });
    await verifier.verify(token);
    await issuer.revoke({ token });
    await expect.poll(() => reasonOf(token), { timeout: 1000, interval: 20 }).toBe('revoked');
  });

  test.each<[Forgery, string]>([
    ['expired', 'expired'],
    ['not-yet-valid', 'not_yet_valid'],
    ['wrong-issuer', 'issuer'],
    ['wrong-audience', 'audience'],
    ['wrong-type', 'type'],
    ['unknown-key', 'unknown_key'],
    ['wrong-key', 'signature'],
    ['embedded-key', 'unknown_key'],
    ['alg-none', 'malformed'],
    ['hmac-with-public-key', 'algorithm'],
    ['tampered', 'signature'],
  ])('refuses what was forged: %s', async (kind, reason) => {
    expect(await reasonOf(await issuer.mintForged({ kind, audience: ORDERS }))).toBe(reason);
  });

  // Last, as the clock is that of all.
  test('follows the clock: what has expired is refused, what is minted then is accepted', async () => {
    const token = await issuer.mintToken({ audience: ORDERS, expiresIn: 60 });
    await verifier.verify(token);
    await issuer.clock.advance(120);
    expect(await reasonOf(token)).toBe('expired');
    await verifier.verify(await issuer.mintToken({ audience: ORDERS }));
    await issuer.clock.advance(30 * 86_400);
    await verifier.verify(await issuer.mintToken({ audience: ORDERS }));
  });
});

function reasonOf(token: string): Promise<unknown> {
  return verifier.verify(token).then(
    () => undefined,
    (error: { reason?: unknown }) => error.reason,
  );
}
