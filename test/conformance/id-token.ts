import { createHash } from 'node:crypto';

import { createLocalJWKSet, jwtVerify, type JWTHeaderParameters, type JWTPayload } from 'jose';
import { expect } from 'vitest';

import type { Suite } from './suite.ts';

/** OIDC Core §2. */
export interface IdTokenClaims extends JWTPayload {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string | string[];
  readonly exp: number;
  readonly iat: number;
  readonly auth_time?: number;
  readonly nonce?: string;
  readonly acr?: string;
  readonly azp?: string;
  readonly sid?: string;
}

export interface IdToken {
  readonly jwt: string;
  readonly header: JWTHeaderParameters;
  readonly claims: IdTokenClaims;
}

export interface IdTokenExpectations {
  readonly clientId: string;
  /** undefined: none was sent, so none may come back. */
  readonly nonce: string | undefined;
  readonly accessToken: string;
  readonly code?: string;
}

/** OIDC Core §2: a `sub` is at most 255 ASCII characters. */
const SUBJECT = /^[\x20-\x7e]{1,255}$/;
/** Both clocks are ours; the suite allows 5 minutes. */
const SKEW_SECONDS = 5;

/** OIDC Core §3.1.3.7, every rule that can be checked from outside. */
export async function verifyIdToken(
  suite: Pick<Suite, 'issuer' | 'keys'>,
  jwt: string,
  { clientId, nonce, accessToken, code }: IdTokenExpectations,
): Promise<IdToken> {
  const { payload, protectedHeader } = await jwtVerify(jwt, createLocalJWKSet(suite.keys), {
    issuer: suite.issuer,
    audience: clientId,
    algorithms: ['RS256'],
    requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat'],
  });
  const claims = payload as IdTokenClaims;
  const now = Math.floor(Date.now() / 1000);

  // Several keys are published, so the one that signed has to be named (OIDC Core §10.1).
  const named = suite.keys.keys.filter(({ kid }) => kid === protectedHeader.kid);
  expect(named).toEqual([expect.objectContaining({ kty: 'RSA', alg: 'RS256', use: 'sig' })]);

  expect(claims.sub).toMatch(SUBJECT);
  expect([claims.aud].flat()).toEqual([clientId]);
  expect(claims.exp).toBeGreaterThan(now);
  expect(Math.abs(claims.iat - now)).toBeLessThanOrEqual(SKEW_SECONDS);
  expect(claims.nbf ?? 0).toBeLessThanOrEqual(now + SKEW_SECONDS);
  expect(claims.nonce).toBe(nonce);
  expect(claims.azp ?? clientId).toBe(clientId);
  if (claims['auth_time'] !== undefined) {
    expect(Number.isInteger(claims.auth_time)).toBe(true);
    expect(claims.auth_time).toBeLessThanOrEqual(now + SKEW_SECONDS);
  }
  if (claims['at_hash'] !== undefined) expect(claims['at_hash']).toBe(halfHash(accessToken));
  if (claims['c_hash'] !== undefined) expect(claims['c_hash']).toBe(halfHash(code ?? ''));
  // OIDC Core §5.4: with an access token to fetch them, claims about the person come from userinfo.
  expect(claims).not.toHaveProperty('name');
  return { jwt, header: protectedHeader, claims };
}

/** OIDC Core §3.1.3.6, for RS256. */
function halfHash(value: string): string {
  return createHash('sha256').update(value).digest().subarray(0, 16).toString('base64url');
}
